"""A resume or start that waited for its connection over a close, as where the process was stopped and woken."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from controller.core.campaign import Resume
from controller.core.job import Status
from controller.runtime.report import Result
from tests.core.build import campaign
from tests.runtime.faults import on, refusing, showing
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage, lines, rulebook

DAY = 86_400.0


@contextmanager
def while_connecting(happens: Callable[[], None]) -> Iterator[None]:
    """Let this happen while a change waits for its connection."""
    connect = aiohttp.TCPConnector.connect

    async def slowly(self: aiohttp.TCPConnector, request: aiohttp.ClientRequest, *rest: Any) -> Any:
        connection = await connect(self, request, *rest)
        if request.method == "POST":
            happens()
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp.TCPConnector, "connect", slowly)
        yield


def time_passes(stage: Stage, until: float) -> Callable[[], None]:
    return lambda: setattr(stage.clock, "instant", until)


async def test_a_resume_that_time_closed_meanwhile_does_not_leave_and_the_claim_stays(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.requests.clear()
    with while_connecting(time_passes(stage, SHUT + DAY)):
        report = await stage.at(MORNING)
    assert [outcome.result for outcome in report.outcomes] == [Result.WITHDRAWN]
    assert len(lines(logs, "job.withdrawn")) == 1
    assert (stage.sent(), await stage.states(job)) == ([], ["held"])
    await stage.at(MORNING + DAY)
    assert stage.status(job) is Status.ACTIVE


@pytest.mark.parametrize(
    ("rules", "status"), [(campaign(start=True), Status.INIT), (campaign(resume=Resume.ANY), Status.PAUSED)]
)
async def test_what_never_left_is_not_taken_for_something_that_may_still_take_effect(
    stage: Stage, rules: Any, status: Status
) -> None:
    stage.book = rulebook(rules)
    job = stage.add(status)
    with while_connecting(time_passes(stage, CLOSE)):
        report = await stage.at(OPEN)
    assert [outcome.result for outcome in report.outcomes] == [Result.WITHDRAWN]
    await stage.at(SHUT)
    assert stage.sent() == []
    assert stage.status(job) is status


async def test_a_start_that_never_left_leaves_an_earlier_one_unproven(stage: Stage) -> None:
    stage.book = rulebook(campaign(start=True))
    job = stage.add(Status.INIT)
    stage.faults += [on("POST", "/paused", refusing(503)), showing(job, status="INIT")]
    await stage.at(OPEN)
    stage.faults.pop(0)
    stage.sandbox.set_paused(job, paused=False)  # it took effect after all, and the reads lag behind
    with while_connecting(time_passes(stage, CLOSE)):
        report = await stage.at(OPEN + 30)
    assert [outcome.result for outcome in report.outcomes] == [Result.WITHDRAWN]
    await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
