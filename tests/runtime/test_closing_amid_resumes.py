"""A close that comes while the resumes of an opening are under way."""

import asyncio

from aiohttp import web

from controller.core.job import JobKey, Status
from tests.runtime.faults import on
from tests.runtime.stage import CLOSE, MORNING, SHUT, Handler, Stage, until

NEXT_CLOSE = CLOSE + 86_400


async def test_the_late_record_of_a_resume_does_not_end_the_claim_on_a_pause_that_was_sent_since(stage: Stage) -> None:
    quick, slow = stage.add(), stage.add()
    await stage.at(SHUT)
    answered = asyncio.Event()

    async def wait(_request: web.Request, _handler: Handler) -> None:
        await answered.wait()

    stage.faults.append(on("POST", f"/{slow}/paused", wait))
    opening = asyncio.create_task(stage.at(MORNING))
    await until(lambda: stage.reconciler.observer.jobs[JobKey("main", quick)].status is Status.ACTIVE)
    stage.clock.instant = NEXT_CLOSE
    closing = asyncio.create_task(stage.reconciler.fast_path(NEXT_CLOSE))
    await until(lambda: stage.status(quick) is Status.PAUSED)
    answered.set()
    await asyncio.gather(opening, closing)
    assert [stage.status(job) for job in (quick, slow)] == [Status.PAUSED, Status.PAUSED]
    assert [await stage.states(job) for job in (quick, slow)] == [["held"], ["held"]]
    await stage.at(MORNING + 86_400)
    assert [stage.status(job) for job in (quick, slow)] == [Status.ACTIVE, Status.ACTIVE]
