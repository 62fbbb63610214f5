"""Pauses before resumes, and no resume that is not wanted any more when it leaves."""

import asyncio
from typing import Any

from aiohttp import web

from controller.build import open_client
from controller.core.campaign import Selector
from controller.core.job import Status
from controller.runtime.report import Result, Trigger
from tests.core.build import ALWAYS, NEVER, calendar, campaign, incident
from tests.runtime.faults import on
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Handler, Meddler, Stage, lines, until, workspace_settings


async def claimed(stage: Stage, name: str = "US renewals") -> str:
    """A job that was paused by us at the close; its campaign opens at any time by `stage.use`."""
    job = stage.add(name=name)
    await stage.at(SHUT)
    return job


async def test_no_resume_leaves_before_the_pauses_of_the_pass_are_done(stage: Stage) -> None:
    resumed = await claimed(stage, "B")
    paused = [stage.add(name="A") for _ in range(3)]
    stage.use(
        campaign(calendar("shut", hours=NEVER), name="a", match=Selector(names=("A",))),
        campaign(calendar("open", hours=ALWAYS), name="b", match=Selector(names=("B",))),
    )
    stage.requests.clear()
    answered: list[str] = []

    async def slowly(request: web.Request, handler: Handler) -> web.StreamResponse:
        for _ in range(20):
            await asyncio.sleep(0)
        answer = await handler(request)
        answered.append(request.path)
        return answer

    stage.faults += [on("POST", f"/{job}/paused", slowly) for job in paused]
    await stage.at(SHUT + 30)
    assert stage.sent()[-1] == f"/{resumed}/paused"
    assert len(answered) == 3
    assert stage.status(resumed) is Status.ACTIVE


async def test_a_trigger_that_is_pending_ends_the_resumes(stage: Stage, logs: list[Any]) -> None:
    job = await claimed(stage)
    report = await stage.at(MORNING, interrupted=lambda: True)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
    assert report.outcomes == []
    assert [line["left"] for line in lines(logs, "pass.interrupted")] == [1]
    await stage.at(MORNING + 1)
    assert stage.status(job) is Status.ACTIVE


async def test_a_trigger_that_comes_while_resumes_wait_for_their_turn_withdraws_them(
    stage: Stage, logs: list[Any]
) -> None:
    jobs = [await claimed(stage) for _ in range(3)]
    one_at_a_time = open_client(workspace_settings(stage.sandbox.base_url, max_concurrency=1), set())
    stage.build(one_at_a_time)
    report = await stage.at(MORNING, interrupted=lambda: len(stage.sent()) > 3)
    resumed = [job for job in jobs if stage.status(job) is Status.ACTIVE]
    await one_at_a_time.close()
    assert 0 < len(resumed) < 3
    withdrawn = [outcome for outcome in report.outcomes if outcome.result is Result.WITHDRAWN]
    assert len(withdrawn) == 3 - len(resumed)
    for outcome in withdrawn:
        assert await stage.states(outcome.decision.job.id) == ["held"]
    assert len(lines(logs, "job.withdrawn")) == len(withdrawn)


async def test_a_resume_is_withdrawn_when_time_has_closed_it_meanwhile(stage: Stage) -> None:
    stage.use(campaign(), incidents=(incident(OPEN, OPEN + 60),))
    job = stage.add()
    await stage.at(OPEN)
    api = Meddler(stage.api)

    async def late(job_id: str, still_wanted: Any) -> Any:
        stage.clock.instant = CLOSE
        return await stage.api.unpause(job_id, still_wanted)

    api.unpause = late
    stage.build(api)
    report = await stage.at(OPEN + 60)
    assert [outcome.result for outcome in report.outcomes] == [Result.WITHDRAWN]
    assert stage.status(job) is Status.PAUSED
    assert len(stage.sent()) == 1
    assert await stage.states(job) == ["held"]


async def test_a_resume_is_withdrawn_when_the_rules_have_changed_meanwhile(stage: Stage) -> None:
    job = await claimed(stage)
    api = Meddler(stage.api)

    async def late(job_id: str, still_wanted: Any) -> Any:
        stage.use(campaign(calendar(hours=NEVER)))
        return await stage.api.unpause(job_id, still_wanted)

    api.unpause = late
    stage.build(api)
    await stage.at(MORNING)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]


async def test_a_start_is_withdrawn_when_the_rules_have_changed_meanwhile(stage: Stage) -> None:
    stage.use(campaign(start=True))
    job = stage.add(Status.INIT)
    api = Meddler(stage.api)

    async def late(job_id: str, still_wanted: Any) -> Any:
        stage.use(campaign())
        return await stage.api.unpause(job_id, still_wanted)

    api.unpause = late
    stage.build(api)
    await stage.at(OPEN)
    assert stage.status(job) is Status.INIT


async def test_a_timer_that_fires_early_still_closes_by_the_transitions_own_instant(stage: Stage) -> None:
    job = stage.add()
    await stage.at(CLOSE - 0.01, Trigger.TRANSITION, at=CLOSE)
    assert stage.status(job) is Status.PAUSED


async def test_a_pass_that_reads_past_the_close_decides_by_the_later_instant(stage: Stage) -> None:
    job = stage.add()

    async def slow(_request: web.Request, _handler: Handler) -> None:
        stage.clock.instant = CLOSE

    stage.faults.append(slow)
    await stage.at(CLOSE - 1)
    assert stage.status(job) is Status.PAUSED


async def test_the_fast_path_pauses_before_anything_is_read(stage: Stage) -> None:
    job, other = stage.add(), stage.add(Status.PAUSED)
    await stage.at(OPEN)
    stage.requests.clear()
    stage.clock.instant = CLOSE - 0.01
    await stage.reconciler.fast_path(CLOSE)
    assert stage.requests == [("POST", f"/{job}/paused")]
    assert (stage.status(job), stage.status(other)) == (Status.PAUSED, Status.PAUSED)
    assert await stage.states(job) == ["held"]


async def test_the_fast_path_sends_nothing_where_nothing_must_stop(stage: Stage) -> None:
    stage.add()
    await stage.at(OPEN)
    stage.requests.clear()
    await stage.reconciler.fast_path(OPEN + 60)
    assert stage.requests == []


async def test_a_list_that_was_read_before_our_pause_does_not_bring_the_job_back(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(OPEN)
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)  # as it was, before the pause
        arrived.set()
        await go.wait()
        return answer

    stage.faults.append(on("GET", "/batch_dial_jobs", slow))
    stage.clock.instant = CLOSE
    running = asyncio.create_task(stage.reconciler.run_pass(Trigger.RESYNC))
    await arrived.wait()
    await stage.reconciler.fast_path(CLOSE)
    assert stage.status(job) is Status.PAUSED  # also while a list hangs
    go.set()
    await running
    assert stage.sent() == [f"/{job}/paused"]
    assert lines(logs, "job.overridden") == []
    assert await stage.states(job) == ["held"]


async def test_a_list_does_not_bring_the_job_back_either_where_our_pause_was_proven_by_reading(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add()
    await stage.at(OPEN)
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        arrived.set()
        await go.wait()
        return answer

    async def done_but_refused(request: web.Request, handler: Handler) -> web.StreamResponse:
        await handler(request)
        return web.json_response({}, status=409)

    stage.faults += [on("GET", "/batch_dial_jobs", slow), on("POST", "/paused", done_but_refused)]
    stage.clock.instant = CLOSE
    running = asyncio.create_task(stage.reconciler.run_pass(Trigger.RESYNC))
    await arrived.wait()
    await stage.reconciler.fast_path(CLOSE)
    assert await stage.states(job) == ["held"]
    go.set()
    await running
    assert lines(logs, "job.overridden") == []
    assert stage.sent() == [f"/{job}/paused"]


async def test_a_pause_that_is_proven_while_a_missing_job_is_read_is_not_taken_for_overridden(
    stage: Stage, logs: list[Any]
) -> None:
    job, missing = stage.add(), stage.add(Status.PAUSED, name="US missing")
    await stage.at(OPEN)
    stage.finish(missing)
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived.set()
        await go.wait()
        return await handler(request)

    stage.faults.append(on("GET", f"/{missing}", slow))
    stage.clock.instant = CLOSE
    running = asyncio.create_task(stage.reconciler.run_pass(Trigger.RESYNC))
    await arrived.wait()
    await stage.reconciler.fast_path(CLOSE)
    go.set()
    await running
    assert lines(logs, "job.overridden") == []
    assert stage.sent() == [f"/{job}/paused"]
    assert await stage.states(job) == ["held"]


async def test_a_pass_sends_no_second_pause_while_the_fast_path_sends_the_first(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    go = asyncio.Event()

    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        await go.wait()
        return await handler(request)

    stage.faults.append(on("POST", "/paused", slow))
    stage.clock.instant = CLOSE
    fast = asyncio.create_task(stage.reconciler.fast_path(CLOSE))
    await until(lambda: len(stage.sent()) == 1)
    running = asyncio.create_task(stage.reconciler.run_pass(Trigger.TRANSITION))
    await until(lambda: stage.sent("GET").count("") == 6)
    await stage.store.open_claims()
    go.set()
    await asyncio.gather(fast, running)
    assert stage.sent() == [f"/{job}/paused"]
    assert len(await stage.audit("job.paused")) == 1


async def test_a_pass_that_decides_just_before_the_close_keeps_the_claim_of_a_pause_under_way(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    go = asyncio.Event()

    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        await go.wait()
        return await handler(request)

    stage.faults.append(on("POST", "/paused", slow))
    stage.clock.instant = CLOSE - 0.01  # the timer fires early, and a resync decides at the same moment
    fast = asyncio.create_task(stage.reconciler.fast_path(CLOSE))
    await until(lambda: len(stage.sent()) == 1)
    await stage.reconciler.run_pass(Trigger.RESYNC)
    go.set()
    await fast
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
