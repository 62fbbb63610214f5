"""Which log lines are alarms, and what becomes of them where nobody reads the logs."""

import asyncio
import json
import logging
from collections.abc import Callable

import structlog

from controller.telemetry.logs import LogPipeline
from tests.telemetry.pipes import Pipe, fill, no_reader, opened_pipe

KEY = "canary-key-0123456789"

Configure = Callable[..., LogPipeline]


def test_errors_and_worse_go_a_second_way_where_nobody_reads_the_first_and_no_secret_does(
    configure: Configure, pipe: Pipe
) -> None:
    with no_reader() as stream:
        pipeline = configure(stream=stream, alarms=pipe.stream, secrets=lambda: [KEY])
        log = structlog.get_logger()
        log.info("pass.finished")
        log.warning("job.overridden")
        log.error("workspace.unreachable", detail=f"Bearer {KEY}")
        log.critical("daemon.failed")
        try:
            int(KEY)
        except ValueError:
            log.exception("pass.crashed")
        logging.getLogger("library").warning("not so bad")
        logging.getLogger("library").error("bad")
        pipeline.close(5)
    told = [json.loads(line) for line in pipe.read_all().splitlines()]
    assert [(line["level"], line["event"]) for line in told] == [
        ("error", "workspace.unreachable"),
        ("critical", "daemon.failed"),
        ("error", "pass.crashed"),
        ("error", "library.logged"),
    ]
    assert told[0]["detail"] == "Bearer [key]"
    assert told[2]["exception"].endswith("'[key]'")
    assert (pipeline.dropped, pipeline.untold_alarms) == (7, 0)


async def test_two_pipes_that_nobody_reads_hold_up_no_task(configure: Configure, pipe: Pipe) -> None:
    fill(pipe)
    with opened_pipe() as second:
        fill(second)
        pipeline = configure(stream=pipe.stream, alarms=second.stream)
        log = structlog.get_logger()
        async with asyncio.timeout(30):
            for number in range(13_000):
                log.error("job.change_failed", number=number)
                if number % 1000 == 0:
                    await asyncio.sleep(0)
        pipeline.close(0)
    assert (pipeline.dropped, pipeline.untold_alarms) == (13_000, 13_000)
