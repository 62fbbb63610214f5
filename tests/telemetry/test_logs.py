import asyncio
import io
import json
import logging
import math
import os
import pty
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from controller.telemetry.logs import LogPipeline

KEY = "canary-key-0123456789"

Configure = Callable[..., LogPipeline]


def fail(message: str) -> None:
    local = KEY
    raise ValueError(f"{message} {len(local)}")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(pipeline: LogPipeline, stream: io.StringIO) -> list[dict[str, Any]]:
    pipeline.close(5)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_and_event_first(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream)
    structlog.get_logger().info("job.paused", job_id="job_1", campaigns=["a", "b"], until=None)
    pipeline.close(5)
    assert stream.getvalue() == (
        '{"timestamp": "2026-11-18T11:06:40.250000Z", "level": "info", "event": "job.paused", '
        '"job_id": "job_1", "campaigns": ["a", "b"], "until": null}\n'
    )


def test_a_whole_second_keeps_its_microseconds(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream, now=lambda: 0.0)
    structlog.get_logger().info("pass.finished")
    assert lines(pipeline, stream)[0]["timestamp"] == "1970-01-01T00:00:00.000000Z"


def test_the_bound_context_is_in_every_line(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream)
    with structlog.contextvars.bound_contextvars(pass_id="p1"):
        structlog.get_logger().bind(workspace="main").warning("job.overridden")
    assert lines(pipeline, stream)[0].items() >= {"pass_id": "p1", "workspace": "main", "level": "warning"}.items()


def test_what_is_below_the_level_is_not_written(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(level="warning", stream=stream)
    log = structlog.get_logger()
    log.info("pass.finished")
    log.warning("job.overridden")
    log.error("workspace.unreachable")
    assert [line["event"] for line in lines(pipeline, stream)] == ["job.overridden", "workspace.unreachable"]


def test_an_exception_is_one_string_without_local_variables(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream)

    try:
        fail("a message of")
    except ValueError:
        structlog.get_logger().exception("pass.failed", workspace="main")
    (line,) = lines(pipeline, stream)
    assert list(line) == ["timestamp", "level", "event", "workspace", "exception"]
    assert line["exception"].endswith("ValueError: a message of 21")
    assert KEY not in stream.getvalue()


@pytest.mark.parametrize(
    ("fact", "written"),
    [
        (math.inf, "inf"),
        ({"deep": math.nan}, "{'deep': nan}"),
        ({("a", "b"): 1}, "{('a', 'b'): 1}"),
        ({1}, "{1}"),
        ("Łódź", "Łódź"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_fact_that_json_cannot_say_loses_neither_line_nor_other_facts(
    configure: Configure, fact: object, written: str
) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream)
    structlog.get_logger().info("job.paused", fact=fact, other=1)
    (line,) = lines(pipeline, stream)
    assert (line["fact"], line["other"]) == (written, 1)


def test_a_fact_that_contains_itself_loses_no_line(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream)
    circle: list[object] = []
    circle.append(circle)
    structlog.get_logger().info("job.paused", circle=circle)
    assert lines(pipeline, stream)[0]["circle"] == "[[...]]"


def test_auto_is_json_where_nobody_looks_and_console_on_a_terminal(configure: Configure) -> None:
    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        pipeline = configure("auto", stream=stream)
        structlog.get_logger().info("job.paused", job_id="job_1")
        pipeline.close(5)
    assert json.loads(plain.getvalue())["event"] == "job.paused"
    assert "\x1b[" in terminal.getvalue()
    assert "job.paused" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_a_real_terminal_is_written_to(configure: Configure) -> None:
    reader, descriptor = pty.openpty()
    with os.fdopen(descriptor, "w") as stream:
        pipeline = configure("auto", stream=stream)
        structlog.get_logger().info("job.paused")
        pipeline.close(5)
        assert b"job.paused" in os.read(reader, 4096)
    os.close(reader)


def test_the_console_has_no_colors_where_there_is_no_terminal(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure("console", stream=stream)
    structlog.get_logger().info("job.paused", job_id="job_1")
    pipeline.close(5)
    assert stream.getvalue().split() == ["2026-11-18T11:06:40.250000Z", "[info", "]", "job.paused", "job_id=job_1"]


def test_the_console_escapes_what_would_move_the_cursor(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure("console", stream=stream)
    structlog.get_logger().info("job.paused", job_name="US\x1b[2Jrenewals\n")
    pipeline.close(5)
    assert "\x1b" not in stream.getvalue()
    assert "US\\x1b[2Jrenewals\\n" in stream.getvalue()


def test_the_console_shows_an_exception_over_several_lines(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure("console", stream=stream)
    try:
        fail("broken")
    except ValueError:
        structlog.get_logger().exception("pass.failed")
    pipeline.close(5)
    assert stream.getvalue().splitlines()[-1] == "ValueError: broken 21"


def test_a_secret_never_gets_out(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream, secrets=lambda: ["", KEY])
    log = structlog.get_logger()
    event = f"event {KEY}"
    log.info(event, header=f"Bearer {KEY}", nested={"deep": [KEY]})
    try:
        fail(KEY)
    except ValueError:
        log.exception("pass.failed")
    logging.getLogger("aiohttp.client").warning("sent %s", KEY)
    found = lines(pipeline, stream)
    assert KEY not in stream.getvalue()
    assert found[0] == found[0] | {"event": "event [key]", "header": "Bearer [key]", "nested": {"deep": ["[key]"]}}
    assert found[1]["exception"].endswith("ValueError: [key] 21")
    assert found[2]["message"] == "sent [key]"


def test_a_secret_that_json_escapes_or_that_begins_another_is_redacted_whole(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream, secrets=lambda: ["abc", "abc-longer", 'quo"ted'])
    structlog.get_logger().info("job.paused", long="abc-longer", odd='quo"ted')
    (line,) = lines(pipeline, stream)
    assert (line["long"], line["odd"]) == ("[key]", "[key]")


def test_a_secret_read_anew_is_redacted_from_then_on(configure: Configure) -> None:
    stream = io.StringIO()
    secrets: list[str] = []
    pipeline = configure(stream=stream, secrets=lambda: secrets)
    secrets.append(KEY)
    structlog.get_logger().info("job.paused", header=KEY)
    assert lines(pipeline, stream)[0]["header"] == "[key]"


def test_what_a_library_logs_is_one_event_at_warning_and_above(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(level="debug", stream=stream)
    library = logging.getLogger("apscheduler.executors")
    library.info("not of interest")
    library.warning("run of %s missed", "resync")
    try:
        fail("broken")
    except ValueError:
        library.exception("job failed")
    missed, failed = lines(pipeline, stream)
    del missed["timestamp"]
    assert missed == {
        "level": "warning",
        "event": "library.logged",
        "logger": "apscheduler.executors",
        "message": "run of resync missed",
    }
    assert (failed["level"], failed["message"]) == ("error", "job failed")
    assert failed["exception"].endswith("ValueError: broken 21")


@pytest.mark.parametrize(("number", "level"), [(35, "warning"), (45, "error"), (99, "critical")])
def test_a_librarys_own_level_becomes_the_next_lower_of_ours(configure: Configure, number: int, level: str) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream)
    logging.getLogger("library").log(number, "said")
    assert lines(pipeline, stream)[0]["level"] == level


def test_a_librarys_message_survives_arguments_that_do_not_fit(configure: Configure) -> None:
    stream = io.StringIO()
    pipeline = configure(stream=stream)
    # Given to our handler alone: a test runner's own handlers fail loudly at it.
    record = logging.LogRecord("library", logging.WARNING, "", 0, "%d of %d", ("one",), None)
    pipeline._handler.handle(record)
    assert lines(pipeline, stream)[0]["message"] == "%d of %d"


def test_a_warning_becomes_an_event(configure: Configure) -> None:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        pipeline = configure(stream=stream)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
        (line,) = lines(pipeline, stream)
    assert line["logger"] == "py.warnings"
    assert "DeprecationWarning: old ways" in line["message"]


def test_close_leaves_the_standard_logging_as_it_was(configure: Configure) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), warnings.showwarning)
    pipeline = configure(stream=io.StringIO())
    assert (root.level, list(root.handlers)) != before[:2]
    pipeline.close(5)
    assert (root.level, list(root.handlers), warnings.showwarning) == before


async def test_a_pipe_that_nobody_reads_holds_up_no_task(configure: Configure) -> None:
    reader, descriptor = os.pipe()
    with os.fdopen(descriptor, "w") as stream:
        pipeline = configure(stream=stream)
        log = structlog.get_logger()
        async with asyncio.timeout(30):
            for number in range(12_000):
                log.info("job.paused", number=number)
                if number % 1000 == 0:
                    await asyncio.sleep(0)
        assert 0 < pipeline.dropped < 2000  # 10,000 lines wait, and some are in the pipe
        pipeline.close(0)
    os.close(reader)


def test_what_was_dropped_is_said_as_a_line_like_any_other(configure: Configure) -> None:
    reader, descriptor = os.pipe()
    with os.fdopen(descriptor, "w") as stream, os.fdopen(reader) as received:
        pipeline = configure(stream=stream)
        log = structlog.get_logger()
        for _ in range(12_000):
            log.info("job.paused")
        dropped = pipeline.dropped
        said = next(line for line in map(json.loads, received) if line["event"] == "logs.dropped")
        pipeline.close(0)
    assert list(said) == ["timestamp", "level", "event", "count", "untold_alarms"]
    assert (said["level"], said["count"], said["untold_alarms"]) == ("warning", dropped, 0)
    assert dropped > 0


@pytest.mark.parametrize(
    ("kind", "level", "message"),
    [
        ("yaml", "info", "log format 'yaml' is unknown; use one of auto, json, console"),
        ("json", "loud", "log level 'loud' is unknown; use one of debug, info, warning, error"),
    ],
)
def test_an_unknown_format_or_level_is_refused(configure: Configure, kind: str, level: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        configure(kind, level, stream=io.StringIO())
