"""What a pass reads, and what it makes of lists that shift, mislead or cannot be read."""

import json
from typing import Any

import pytest
from aiohttp import web

from controller.core.job import Status
from tests.runtime.faults import listing, on, refusing, row, showing
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Handler, Stage, lines, until


async def test_a_job_that_is_missing_from_the_lists_is_read_by_itself_and_decided(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.faults.append(listing())
    await stage.at(SHUT)
    assert stage.sent("GET").count(f"/{job}") == 1
    assert stage.status(job) is Status.PAUSED


async def test_a_missing_job_that_cannot_be_read_is_decided_by_what_was_known(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.faults += [listing(), on("GET", f"/{job}", refusing(403))]
    report = await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
    assert (report.unreadable, report.failed) == (1, True)
    assert [(line["job"], line["problem"]) for line in lines(logs, "job.unreadable")] == [(job, "unauthorized")]
    assert lines(logs, "job.vanished") == []


async def test_a_claimed_job_that_cannot_be_read_after_a_restart_keeps_its_claim(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    await stage.restart()
    stage.faults += [listing(), on("GET", f"/{job}", refusing(403))]
    report = await stage.at(MORNING)
    assert (report.unreadable, report.decisions) == (1, [])
    assert await stage.states(job) == ["held"]


async def test_a_server_that_ignores_the_status_filter_changes_nothing(stage: Stage) -> None:
    jobs = {status: stage.add(status) for status in Status if status is not Status.UNKNOWN}
    rows = [row(job, status.value) for status, job in jobs.items()]
    stage.faults.append(listing(ACTIVE=rows, PAUSED=rows, INIT=rows))
    report = await stage.at(SHUT)
    assert {decision.job.id for decision in report.decisions} == {
        jobs[status] for status in (Status.ACTIVE, Status.PAUSED, Status.INIT)
    }
    assert stage.sent() == [f"/{jobs[Status.ACTIVE]}/paused"]


@pytest.mark.parametrize(
    ("seen", "counts"),
    [
        (("INIT", "PAUSED", "ACTIVE"), Status.ACTIVE),
        (("PAUSED", "ACTIVE"), Status.ACTIVE),
        (("INIT", "ACTIVE"), Status.ACTIVE),
        (("INIT", "PAUSED"), Status.PAUSED),
    ],
)
async def test_a_job_that_moves_between_the_lists_is_decided_once_as_what_could_dial(
    stage: Stage, seen: tuple[str, ...], counts: Status
) -> None:
    job = stage.add(Status.PAUSED)
    stage.faults.append(listing(**{status: [row(job, status)] for status in seen}))
    report = await stage.at(OPEN)
    assert [decision.job.status for decision in report.decisions] == [counts]


async def test_a_job_that_a_person_resumes_between_two_lists_is_paused_at_once(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)

    async def resumed(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if request.query.get("status") == "ACTIVE":
            await until(lambda: stage.status(job) is Status.ACTIVE)
        if request.query.get("status") == "PAUSED":
            answer = await handler(request)
            stage.sandbox.set_paused(job, paused=False)
            return answer
        return None

    stage.faults.append(resumed)
    await stage.at(SHUT + 30)
    assert stage.status(job) is Status.PAUSED


async def test_a_job_in_a_list_that_cannot_be_read_is_counted_and_stops_no_other(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    broken = {"id": "job-x", "name": 7, "status": "ACTIVE", "callAgentId": "agent-1"}
    stage.faults.append(listing(ACTIVE=[row(job), broken, "nonsense"], PAUSED=["nonsense"]))
    report = await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
    assert (report.unreadable, report.failed) == (2, True)
    told = {line["job"]: line["problem"] for line in lines(logs, "job.unreadable")}
    assert told.keys() == {"job-x", None}
    assert "name" in told["job-x"]
    assert told[None] == "not an object"


async def test_a_job_with_half_a_character_in_its_name_is_paused_and_resumed_as_any_other(stage: Stage) -> None:
    odd, job = stage.add(), stage.add()
    stage.faults.append(showing(odd, name="US renewals cut \ud83d"))
    await stage.at(SHUT)
    assert (stage.status(odd), stage.status(job)) == (Status.PAUSED, Status.PAUSED)
    [claim] = await stage.claims(odd)
    assert claim.job_name == "US renewals cut \ufffd"
    await stage.at(MORNING)
    assert (stage.status(odd), stage.status(job)) == (Status.ACTIVE, Status.ACTIVE)


async def test_lists_of_several_pages_are_read_to_their_end(stage: Stage) -> None:
    stage.clock.instant = SHUT
    jobs = [stage.add() for _ in range(120)]
    await stage.at(SHUT)
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}
    assert json.dumps(stage.sent("GET")).count('""') == 4


async def test_lists_that_lose_most_jobs_are_said_to_have_collapsed_once_and_every_job_is_read(
    stage: Stage, logs: list[Any]
) -> None:
    jobs = [stage.add() for _ in range(12)]
    await stage.at(OPEN)
    stage.faults.append(listing())
    for passed in (30, 60):
        report = await stage.at(OPEN + passed)
        assert {decision.job.id for decision in report.decisions} == set(jobs)
    await stage.at(CLOSE)
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}
    [line] = lines(logs, "list.collapsed")
    assert (line["known"], line["missing"]) == (12, 12)
    stage.faults.clear()
    await stage.at(CLOSE + 30)
    stage.faults.append(listing())
    await stage.at(CLOSE + 60)
    assert len(lines(logs, "list.collapsed")) == 2


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_job_that_the_api_lost_for_a_while_comes_back_with_its_claim(stage: Stage, restarted: bool) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.faults += [listing(), on("GET", f"/{job}", refusing(404))]
    await stage.at(SHUT + 30)
    assert await stage.states(job) == ["gone"]
    stage.faults.clear()
    if restarted:
        await stage.restart()
    await stage.at(SHUT + 3600)
    assert await stage.states(job) == ["held"]
    assert len(await stage.audit("claim.reopened")) == 1
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.states(job) == ["resumed"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_job_that_comes_back_dialing_or_was_claimed_anew_keeps_its_old_claim_closed(
    stage: Stage, restarted: bool
) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.faults += [listing(), on("GET", f"/{job}", refusing(404))]
    await stage.at(SHUT + 30)
    stage.faults.clear()
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(SHUT + 90)
    assert await stage.states(job) == ["resumed_by_others", "held"]
    await stage.at(MORNING)
    if restarted:
        await stage.restart()
    stage.sandbox.set_paused(job, paused=True)
    await stage.at(MORNING + 30)
    assert await stage.states(job) == ["resumed_by_others", "resumed"]
    assert stage.status(job) is Status.PAUSED
