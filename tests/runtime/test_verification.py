"""A change counts once it is verified; what does not agree is read again, then alarmed about, and tried again."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from controller.core.job import Status
from controller.runtime.report import Result, Trigger
from tests.core.build import NEVER, calendar, campaign
from tests.runtime.faults import losing, on, refusing, showing, times, unchanged, wrong_body
from tests.runtime.stage import MORNING, SHUT, Handler, Meddler, Stage, lines, until


async def test_an_answer_that_does_not_agree_yet_is_read_again_until_it_does(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()

    async def late(_request: web.Request, _handler: Handler) -> web.StreamResponse | None:
        if len(stage.sent("GET")) >= 6 and stage.status(job) is Status.ACTIVE:  # three lists, then the third look
            stage.sandbox.set_paused(job, paused=True)
        return None

    stage.faults += [late, on("POST", "/paused", unchanged("ACTIVE"))]
    report = await stage.settled_at(SHUT)
    assert [outcome.result for outcome in report.outcomes] == [Result.VERIFIED]
    assert not report.failed
    assert stage.sent("GET").count(f"/{job}") == 3
    assert [line["log_level"] for line in lines(logs, "job.unverified")] == ["warning"]
    assert len(lines(logs, "job.paused")) == 1
    assert lines(logs, "job.verify_failed") == []
    assert await stage.states(job) == ["held"]


async def test_a_pass_does_not_wait_for_slow_verification(stage: Stage) -> None:
    job = stage.add()
    stage.clock.gate = asyncio.Event()
    stage.faults.append(on("POST", "/paused", unchanged("ACTIVE")))
    report = await stage.at(SHUT)
    assert [outcome.result for outcome in report.outcomes] == [Result.UNVERIFIED]
    assert stage.sent("GET").count(f"/{job}") == 0
    assert stage.clock.now() == SHUT


async def test_what_never_agrees_is_alarmed_about_once_and_tried_at_every_pass(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    stage.faults.append(on("POST", "/paused", unchanged("ACTIVE")))
    for instant in (SHUT, SHUT + 30, SHUT + 60):
        report = await stage.settled_at(instant)
        assert report.failed
    assert len(stage.sent()) == 3
    [line] = lines(logs, "job.verify_failed")
    assert (line["log_level"], line["job"]) == ("error", job)
    assert "15 s" in line["detail"]
    assert await stage.findings() == ["verify_failed"]
    assert lines(logs, "job.overridden") == []
    stage.faults.clear()
    await stage.at(SHUT + 90)
    assert stage.status(job) is Status.PAUSED
    await stage.at(SHUT + 120)
    assert await stage.findings() == []
    assert len(lines(logs, "finding.closed")) == 1
    assert await stage.states(job) == ["held"]


async def test_a_change_that_is_followed_is_not_followed_twice(stage: Stage) -> None:
    job = stage.add()
    stage.clock.gate = asyncio.Event()
    stage.faults.append(on("POST", "/paused", unchanged("ACTIVE")))
    await stage.at(SHUT)
    report = await stage.at(SHUT + 1)
    stage.clock.gate.set()
    await stage.reconciler.settled(report)
    looks = stage.sent("GET").count(f"/{job}")
    assert looks <= 7  # half a second, then 1, 2, 4, 4 and what is left of 15 s


async def test_a_second_attempt_that_is_answered_well_is_told_once(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    stage.clock.gate = asyncio.Event()
    stage.faults.append(times(1, on("POST", "/paused", unchanged("ACTIVE"))))
    await stage.at(SHUT)
    report = await stage.at(SHUT + 1)
    stage.clock.gate.set()
    await stage.reconciler.settled(report)
    assert stage.status(job) is Status.PAUSED
    assert len(lines(logs, "job.paused")) == 1


async def test_a_late_proof_of_a_resume_does_not_close_the_claim_of_the_pause_behind_it(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.clock.gate = asyncio.Event()
    stage.faults.append(on("POST", "/paused", unchanged("PAUSED")))
    await stage.at(MORNING)  # the resume is not proven, and followed
    stage.faults.clear()
    stage.sandbox.set_paused(job, paused=False)  # now it takes effect
    stage.use(campaign(calendar(hours=NEVER)))
    stage.clock.instant = MORNING + 1
    go = asyncio.Event()

    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        await go.wait()
        return await handler(request)

    stage.faults.append(on("POST", "/paused", slow))
    fast = asyncio.create_task(stage.reconciler.fast_path(MORNING + 1))
    await until(lambda: len(stage.sent()) == 3)
    stage.clock.gate.set()  # whoever followed the resume would find it proven now
    for _ in range(50):
        await asyncio.sleep(0.001)
    go.set()
    await fast
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]


async def test_a_resume_that_is_overtaken_by_a_pause_is_not_alarmed_about(stage: Stage, logs: list[Any]) -> None:
    stage.add()
    await stage.at(SHUT)
    stage.clock.gate = asyncio.Event()
    stage.faults.append(times(1, on("POST", "/paused", unchanged("PAUSED"))))
    await stage.at(MORNING)
    stage.use(campaign(calendar(hours=NEVER)))
    report = await stage.at(MORNING + 1)
    stage.clock.gate.set()
    await stage.reconciler.settled(report)
    assert lines(logs, "job.verify_failed") == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429])
async def test_a_refused_pause_is_judged_by_reading_and_tried_at_every_pass(
    stage: Stage, logs: list[Any], status: int
) -> None:
    job = stage.add()
    stage.faults.append(on("POST", "/paused", refusing(status)))
    for instant in (SHUT, SHUT + 30):
        sent = len(stage.sent())
        report = await stage.at(instant)
        assert report.failed
        assert [outcome.result for outcome in report.outcomes] == [Result.FAILED]
        assert len(stage.sent()) > sent
        assert stage.sent("GET")[-1] == f"/{job}"
    assert [line["log_level"] for line in lines(logs, "job.change_failed")] == ["error", "error"]
    assert await stage.states(job) == ["intended"]
    assert lines(logs, "job.vanished") == []
    stage.faults.clear()
    await stage.at(SHUT + 60)
    assert stage.status(job) is Status.PAUSED


async def test_a_pause_that_is_refused_and_yet_done_counts_as_done(stage: Stage) -> None:
    job = stage.add()

    async def done_but_refused(request: web.Request, handler: Handler) -> web.StreamResponse:
        await handler(request)
        return web.json_response({}, status=409)

    stage.faults.append(on("POST", "/paused", done_but_refused))
    report = await stage.at(SHUT)
    assert [(outcome.result, outcome.problem) for outcome in report.outcomes] == [(Result.VERIFIED, "rejected")]
    assert await stage.states(job) == ["held"]


async def test_a_resume_whose_answer_is_lost_is_read_before_anything_else(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.requests.clear()
    stage.faults.append(on("POST", "/paused", losing))
    report = await stage.at(MORNING)
    assert stage.sent() == [f"/{job}/paused"]  # never sent twice
    assert stage.requests[-1] == ("GET", f"/{job}")
    assert [outcome.result for outcome in report.outcomes] == [Result.VERIFIED]
    assert await stage.states(job) == ["resumed"]


async def test_a_resume_that_never_arrived_is_followed_and_sent_again_by_the_next_pass(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.faults.append(times(1, on("POST", "/paused", refusing(502))))
    report = await stage.settled_at(MORNING)
    assert [outcome.result for outcome in report.outcomes] == [Result.UNVERIFIED]
    assert await stage.states(job) == ["resuming"]
    await stage.at(MORNING + 30)
    assert await stage.states(job) == ["resumed"]


async def test_a_refused_resume_leaves_the_pause_ours(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.faults.append(times(1, on("POST", "/paused", refusing(409))))
    await stage.at(MORNING)
    assert await stage.states(job) == ["held"]
    await stage.at(MORNING + 30)
    assert stage.status(job) is Status.ACTIVE


async def test_a_pause_that_fails_once_with_500_is_sent_again_at_once(stage: Stage) -> None:
    job = stage.add()
    stage.faults.append(times(1, on("POST", "/paused", refusing(500))))
    report = await stage.at(SHUT)
    assert len(stage.sent()) == 2
    assert not report.failed
    assert stage.status(job) is Status.PAUSED


async def test_an_answer_that_cannot_be_read_is_followed_by_a_read(stage: Stage) -> None:
    job = stage.add()

    async def done_and_garbled(request: web.Request, handler: Handler) -> web.StreamResponse:
        await handler(request)
        return await wrong_body(request, handler)

    stage.faults.append(on("POST", "/paused", done_and_garbled))
    report = await stage.at(SHUT)
    assert [outcome.result for outcome in report.outcomes] == [Result.VERIFIED]
    assert await stage.states(job) == ["held"]


async def test_a_job_that_a_refused_pause_finds_gone_is_gone(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    stage.faults += [on("POST", "/paused", refusing(404)), on("GET", f"/{job}", refusing(404))]
    report = await stage.at(SHUT)
    assert [outcome.result for outcome in report.outcomes] == [Result.GONE]
    assert await stage.states(job) == ["gone"]
    assert len(lines(logs, "job.vanished")) == 1


async def test_a_job_that_vanishes_while_it_is_followed_is_gone(stage: Stage) -> None:
    job = stage.add()
    stage.faults += [on("POST", "/paused", unchanged("ACTIVE")), on("GET", f"/{job}", refusing(404))]
    report = await stage.settled_at(SHUT)
    assert [outcome.result for outcome in report.outcomes] == [Result.GONE]
    assert await stage.states(job) == ["gone"]


async def test_a_change_that_cannot_be_read_back_is_alarmed_about(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    stage.faults += [on("POST", "/paused", losing), on("GET", f"/{job}", refusing(503))]
    await stage.settled_at(SHUT)
    assert len(lines(logs, "job.verify_failed")) == 1
    stage.faults.clear()
    await stage.at(SHUT + 60)
    await stage.at(SHUT + 90)
    assert await stage.states(job) == ["held"]
    assert await stage.findings() == []


async def test_a_job_that_says_an_unknown_status_after_the_pause_is_not_verified(stage: Stage) -> None:
    job = stage.add()
    stage.faults += [on("POST", "/paused", unchanged("HALTING")), showing(job, status="HALTING")]
    stage.build(first_full_scan=0)
    await stage.reconciler.observer.full_scan()
    report = await stage.settled_at(SHUT)
    assert [outcome.result for outcome in report.outcomes] == [Result.UNVERIFIED]


async def test_one_jobs_error_never_stops_the_rest(stage: Stage, logs: list[Any]) -> None:
    odd, job = stage.add(), stage.add()
    api = Meddler(stage.api)

    async def stumble(job_id: str) -> Any:
        if job_id == odd:
            raise ArithmeticError("a defect")
        return await stage.api.pause(job_id)

    api.pause = stumble
    stage.build(api)
    report = await stage.at(SHUT)
    assert (stage.status(odd), stage.status(job)) == (Status.ACTIVE, Status.PAUSED)
    assert [line["job"] for line in lines(logs, "job.change_crashed")] == [odd]
    assert [outcome.problem for outcome in report.outcomes] == ["crashed", None]


async def test_closing_gives_up_what_is_followed(stage: Stage) -> None:
    job = stage.add()
    stage.faults.append(on("POST", "/paused", unchanged("ACTIVE")))
    stage.clock.gate = asyncio.Event()
    await stage.at(SHUT, Trigger.TRANSITION)
    await stage.reconciler.close()
    stage.clock.gate.set()
    assert stage.sent("GET").count(f"/{job}") == 0
    assert await stage.states(job) == ["intended"]
