"""A job that could not be read, or that was read a while ago, is never resumed or started by what it was then."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from controller.core.campaign import Resume, Selector
from controller.core.decision import Because
from controller.core.job import Status
from controller.runtime.report import PassReport, Result
from tests.core.build import campaign, incident
from tests.runtime.faults import listing, on, refusing
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Handler, Meddler, Stage, lines, rulebook, until


def becauses(report: PassReport) -> list[tuple[str, Because]]:
    return [(each.action.value, each.because) for each in report.decisions]


@pytest.mark.parametrize("status", [403, 500])
async def test_a_job_of_ours_that_left_the_lists_and_cannot_be_read_is_not_resumed(
    stage: Stage, logs: list[Any], status: int
) -> None:
    job, other = stage.add(), stage.add()
    await stage.at(SHUT)
    stage.finish(job, Status.CANCELLED)
    stage.requests.clear()
    fault = on("GET", f"/{job}", refusing(status))
    stage.faults.append(fault)
    report = await stage.at(MORNING)
    assert stage.sent() == [f"/{other}/paused"]
    assert ("none", Because.UNREAD) in becauses(report)
    assert report.failed
    assert lines(logs, "pass.finished")[-1]["unread"] == 1
    assert await stage.states(job) == ["held"]
    stage.faults.remove(fault)
    await stage.at(MORNING + 30)
    assert await stage.states(job) == ["finished"]
    assert len(stage.sent()) == 1


async def test_a_job_that_left_the_lists_and_cannot_be_read_is_not_started(stage: Stage) -> None:
    job = stage.add(Status.INIT)
    await stage.at(OPEN)
    stage.use(campaign(start=True))
    stage.faults += [listing(), on("GET", f"/{job}", refusing(403))]
    report = await stage.at(OPEN + 30)
    assert becauses(report) == [("none", Because.UNREAD)]
    assert stage.status(job) is Status.INIT


async def test_a_persons_pause_that_cannot_be_read_is_not_undone_either(stage: Stage) -> None:
    stage.use(campaign(resume=Resume.NEVER))
    job = stage.add(Status.PAUSED)
    await stage.at(OPEN)
    stage.use(campaign(resume=Resume.ANY))
    stage.faults += [listing(), on("GET", f"/{job}", refusing(403))]
    await stage.at(OPEN + 30)
    assert stage.status(job) is Status.PAUSED


async def test_nothing_is_concluded_about_a_claim_from_what_its_unread_job_was(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.faults.append(on("POST", "/paused", refusing(403)))
    await stage.settled_at(SHUT)
    assert await stage.states(job) == ["intended"]
    stage.sandbox.set_paused(job, paused=True)  # the pause took effect all the same
    stage.faults[:] = [listing(), on("GET", f"/{job}", refusing(403))]
    await stage.at(MORNING)
    assert await stage.states(job) == ["intended"]
    stage.faults.clear()
    await stage.at(MORNING + 30)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.states(job) == ["resumed"]


async def test_a_finding_stands_while_its_job_cannot_be_read(stage: Stage) -> None:
    job = stage.add(schedule=None)
    await stage.at(OPEN)
    assert await stage.findings() == ["schedule_missing"]
    stage.use()
    stage.faults += [listing(), on("GET", f"/{job}", refusing(403))]
    await stage.at(OPEN + 30)
    assert await stage.findings() == ["schedule_missing"]


def slowly(stage: Stage, job: str, seconds: float) -> Any:
    """Time passes while that job is being paused."""

    async def slow(request: web.Request, _handler: Handler) -> None:
        if request.method == "POST" and job in request.path:
            stage.clock.instant += seconds

    return slow


async def two_jobs(stage: Stage) -> tuple[str, str]:
    """One that must stop at the next pass, and one that we paused and that may go on then."""
    stopping, resuming = stage.add(name="US stopping"), stage.add(name="US resuming")
    stage.use(campaign(), incidents=(incident(OPEN - 60, match=Selector(ids=(resuming,))),))
    await stage.at(OPEN - 30)
    stage.use(campaign(), incidents=(incident(OPEN - 60, match=Selector(ids=(stopping,))),))
    stage.requests.clear()
    return stopping, resuming


@pytest.mark.parametrize(("seconds", "reads"), [(0.0, 0), (5.0, 0), (5.5, 1)])
async def test_a_job_that_was_read_seconds_ago_is_read_again_before_it_is_resumed(
    stage: Stage, seconds: float, reads: int
) -> None:
    stopping, resuming = await two_jobs(stage)
    stage.faults.append(slowly(stage, stopping, seconds))
    await stage.at(OPEN)
    assert (stage.status(stopping), stage.status(resuming)) == (Status.PAUSED, Status.ACTIVE)
    assert stage.sent("GET").count(f"/{resuming}") == reads


async def test_a_list_that_took_long_is_as_old_as_its_begin(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)

    async def slow(request: web.Request, _handler: Handler) -> None:
        if request.query.get("status") == "PAUSED":
            stage.clock.instant += 6

    stage.faults.append(slow)
    await stage.at(MORNING)
    assert stage.sent("GET").count(f"/{job}") == 1
    assert stage.status(job) is Status.ACTIVE


@pytest.mark.parametrize(("off", "seconds", "reads"), [(1.5, 5.5, 1), (-1.5, 4.5, 0)])
async def test_the_age_of_a_reading_does_not_depend_on_the_wall_clock(
    stage: Stage, off: float, seconds: float, reads: int
) -> None:
    stopping, resuming = await two_jobs(stage)
    stage.clock.wrong_by = off  # little enough to be trusted
    stage.faults.append(slowly(stage, stopping, seconds))
    await stage.at(OPEN)
    assert stage.sent("GET").count(f"/{resuming}") == reads
    assert stage.status(resuming) is Status.ACTIVE


async def test_a_job_that_was_cancelled_during_a_slow_pause_is_not_resumed(stage: Stage, logs: list[Any]) -> None:
    stopping, resuming = await two_jobs(stage)
    stage.faults.append(slowly(stage, stopping, 60.0))

    async def cancelled(request: web.Request, _handler: Handler) -> None:
        if request.method == "POST":
            stage.finish(resuming, Status.CANCELLED)

    stage.faults.append(cancelled)
    report = await stage.at(OPEN)
    assert stage.sent() == [f"/{stopping}/paused"]
    assert not report.failed
    assert [line["job"] for line in lines(logs, "job.withdrawn")] == [resuming]
    await stage.at(OPEN + 90)
    assert await stage.states(resuming) == ["finished"]


@pytest.mark.parametrize(("status", "problem"), [(403, "unauthorized"), (500, "server_error")])
async def test_a_resume_is_withdrawn_where_the_job_cannot_be_read_again(
    stage: Stage, logs: list[Any], status: int, problem: str
) -> None:
    stopping, resuming = await two_jobs(stage)
    fault = on("GET", f"/{resuming}", refusing(status))
    stage.faults += [slowly(stage, stopping, 60.0), fault]
    report = await stage.at(OPEN)
    assert [outcome.result for outcome in report.outcomes] == [Result.VERIFIED, Result.WITHDRAWN]
    assert report.failed
    assert stage.sent() == [f"/{stopping}/paused"]
    assert [(line["job"], line["problem"]) for line in lines(logs, "job.withdrawn")] == [(resuming, problem)]
    assert await stage.states(resuming) == ["held"]
    stage.faults.remove(fault)
    await stage.at(OPEN + 90)
    assert stage.status(resuming) is Status.ACTIVE


async def test_a_job_that_vanished_during_a_slow_pause_is_gone(stage: Stage) -> None:
    stopping, resuming = await two_jobs(stage)
    stage.faults += [slowly(stage, stopping, 60.0), on("GET", f"/{resuming}", refusing(404))]
    report = await stage.at(OPEN)
    assert [outcome.result for outcome in report.outcomes] == [Result.VERIFIED, Result.GONE]
    assert await stage.states(resuming) == ["gone"]


async def test_a_defect_in_reading_one_job_again_stops_no_other(stage: Stage, logs: list[Any]) -> None:
    stopping, resuming = await two_jobs(stage)
    api = Meddler(stage.api)

    async def stumble(_job_id: str) -> Any:
        raise ArithmeticError("a defect")

    api.get_job = stumble
    stage.build(api)
    stage.faults.append(slowly(stage, stopping, 60.0))
    await stage.at(OPEN)
    assert [line["job"] for line in lines(logs, "job.change_crashed")] == [resuming]
    assert stage.status(stopping) is Status.PAUSED


async def test_a_pause_does_not_wait_for_its_job_to_be_read_again(stage: Stage) -> None:
    stage.use(campaign(start=True))
    job = stage.add(Status.INIT)
    gate, reading = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request, _handler: Handler) -> None:
        if request.query.get("status") == "INIT":
            stage.clock.instant += 6
        if request.path.endswith(f"/{job}"):
            reading.set()
            await gate.wait()

    stage.faults.append(slow)
    starting = asyncio.create_task(stage.at(CLOSE - 30))
    await reading.wait()
    stage.sandbox.set_paused(job, paused=False)  # a person was faster
    stage.clock.instant = CLOSE
    stage.reconciler.observer.changed(await as_it_is(stage, job))
    closing = asyncio.create_task(stage.reconciler.fast_path(CLOSE))
    await until(closing.done)
    assert stage.status(job) is Status.PAUSED
    gate.set()
    report = await starting
    assert [outcome.result for outcome in report.outcomes] == [Result.WITHDRAWN]
    assert stage.sent() == [f"/{job}/paused"]


async def test_a_pause_waits_for_the_answer_to_a_resume_of_its_job_that_has_left(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    gate, called = asyncio.Event(), []
    api = Meddler(stage.api)

    async def slow(job_id: str, still_wanted: Any) -> Any:
        assert still_wanted()  # it has its place, and leaves
        called.append("resume")
        await gate.wait()
        return await stage.api.unpause(job_id)

    async def pause(job_id: str) -> Any:
        called.append("pause")
        return await stage.api.pause(job_id)

    api.unpause, api.pause = slow, pause
    stage.build(api)
    resuming = asyncio.create_task(stage.at(MORNING))
    await until(lambda: called == ["resume"])
    stage.book = rulebook(campaign(), incidents=(incident(MORNING),))
    pausing = asyncio.create_task(stage.reconciler.fast_path(MORNING))
    async with asyncio.timeout(60):
        while await stage.states(job) != ["intended"]:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
    assert called == ["resume"]
    gate.set()
    await asyncio.gather(resuming, pausing)
    assert called == ["resume", "pause"]
    assert stage.status(job) is Status.PAUSED


async def as_it_is(stage: Stage, job: str) -> Any:
    """The job as a list shows it now."""
    listed = await stage.api.list_jobs(stage.status(job))
    return next(each for each in listed.jobs if each.id == job)
