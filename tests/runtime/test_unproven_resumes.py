"""A resume or start whose outcome is unknown is followed, at the next close, by an absolute pause."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

from controller.core.campaign import Resume
from controller.core.job import Job, JobKey, Status
from controller.runtime.report import Result
from tests.core.build import campaign
from tests.runtime.faults import on, refusing, showing, times
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Handler, Meddler, Stage, rulebook, until


async def test_an_unproven_resume_of_anybody_s_pause_is_followed_by_a_pause_that_makes_no_claim(stage: Stage) -> None:
    stage.book = rulebook(campaign(resume=Resume.ANY))
    job = stage.add(Status.PAUSED)
    stage.faults += [on("POST", "/paused", refusing(503)), showing(job, status="PAUSED")]
    await stage.at(OPEN)
    stage.sandbox.set_paused(job, paused=False)  # it took effect after all, and the reads lag behind
    stage.faults.clear()
    stage.faults.append(showing(job, status="PAUSED"))
    stage.requests.clear()
    await stage.at(CLOSE)
    assert stage.status(job) is Status.PAUSED
    assert stage.sent() == [f"/{job}/paused"]
    assert await stage.claims(job) == []
    await stage.at(SHUT)
    assert stage.sent() == [f"/{job}/paused"], "once is enough where it was verified"


async def test_an_unproven_start_is_followed_by_a_pause_though_the_job_still_says_init(stage: Stage) -> None:
    stage.book = rulebook(campaign(start=True))
    job = stage.add(Status.INIT)
    stage.faults += [on("POST", "/paused", refusing(503)), showing(job, status="INIT")]
    await stage.at(OPEN)
    stage.faults.pop(0)
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(CLOSE)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"], "we started it, so the pause is ours"


async def test_a_refused_start_that_never_took_effect_is_followed_by_nothing(stage: Stage) -> None:
    stage.book = rulebook(campaign(start=True))
    job = stage.add(Status.INIT)
    stage.faults.append(on("POST", "/paused", refusing(422)))
    await stage.at(OPEN)
    stage.requests.clear()
    await stage.at(SHUT)
    assert stage.sent() == []
    assert stage.status(job) is Status.INIT


async def test_a_start_that_was_seen_to_take_effect_is_proven(stage: Stage) -> None:
    stage.book = rulebook(campaign(start=True))
    job = stage.add(Status.INIT)
    stage.faults += [on("POST", "/paused", refusing(503)), showing(job, status="INIT")]
    await stage.at(OPEN)
    stage.faults.clear()
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(OPEN + 30)
    stage.sandbox.set_paused(job, paused=True)  # by a person
    stage.requests.clear()
    await stage.at(SHUT)
    assert stage.sent() == []


@pytest.mark.parametrize("waits_since", ["the resume left", "the job is read"])
async def test_a_pause_does_not_wait_until_a_job_was_read_whose_resume_got_no_answer(
    stage: Stage, waits_since: str
) -> None:
    job = stage.add()
    await stage.at(SHUT)
    answered, over = asyncio.Event(), asyncio.Event()

    async def hang(_request: web.Request, _handler: Handler) -> web.StreamResponse:
        await over.wait()
        return web.json_response({}, status=503)

    async def refuse(_request: web.Request, _handler: Handler) -> web.StreamResponse:
        await answered.wait()
        return web.json_response({}, status=503)

    stage.faults += [times(1, on("POST", "/paused", refuse)), on("GET", f"/{job}", hang)]
    stage.requests.clear()
    passing = asyncio.create_task(stage.at(MORNING))
    if waits_since == "the job is read":
        answered.set()
        await until(lambda: f"/{job}" in stage.sent("GET"))
    await until(lambda: f"/{job}/paused" in stage.sent())
    stage.requests.clear()
    stage.clock.instant = SHUT + 86_400.0
    pausing = asyncio.create_task(stage.reconciler.fast_path(SHUT + 86_400.0))
    if waits_since == "the resume left":
        await until(lambda: stage.reconciler._sweep._changer._hurried == {JobKey("main", job)})
        answered.set()
    await until(pausing.done)
    assert stage.sent() == [f"/{job}/paused"]
    assert not over.is_set()
    await passing
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
    assert await stage.findings() == []
    over.set()


async def test_a_pause_does_not_wait_for_a_resume_that_waits_for_its_place(stage: Stage) -> None:
    job, api, place = stage.add(), Meddler(stage.api), asyncio.Event()

    async def held_back(job_id: str, still_wanted: Callable[[], bool]) -> Job:
        await place.wait()  # as behind a 429
        return await stage.api.unpause(job_id, still_wanted)

    api.unpause = held_back
    stage.build(api)
    await stage.at(SHUT)
    passing = asyncio.create_task(stage.at(MORNING))
    await until(lambda: stage.reconciler._sweep._changer._unsent != {})
    stage.requests.clear()
    stage.clock.instant = SHUT + 86_400.0
    async with asyncio.timeout(60):
        await stage.reconciler.fast_path(SHUT + 86_400.0)
        report = await passing
    assert stage.sent() == [f"/{job}/paused"]
    assert [outcome.result for outcome in report.outcomes] == [Result.WITHDRAWN]
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
