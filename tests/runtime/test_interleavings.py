"""What happens to one job, or to its neighbours, while something else is still under way."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from controller.core.campaign import Selector
from controller.core.claim import ClaimState
from controller.core.job import JobKey, Status
from controller.runtime import sweep
from controller.runtime.report import Trigger
from controller.runtime.workspace_loop import WorkspaceLoop
from controller.store.changes import Change
from tests.core.build import at, campaign, incident
from tests.runtime.faults import Handler, on, refusing, showing, times
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage, lines, until

EARLY = at("2026-11-24T07:30")
HOUR = 3600.0


def key(job: str) -> JobKey:
    return JobKey("main", job)


@pytest.mark.parametrize("slowest", [False, True])
async def test_an_incident_amid_a_batch_of_resumes_keeps_the_claims_of_what_it_pauses(
    stage: Stage, slowest: bool
) -> None:
    slow, *ours = [stage.add(name=f"US {number}") for number in range(4)]
    await stage.at(OPEN)
    await stage.settled_at(SHUT)
    gate = asyncio.Event()

    async def hang(request: web.Request, _handler: Handler) -> None:
        if slowest and slow in request.path and request.method == "POST" and not (await request.json())["paused"]:
            await gate.wait()

    stage.faults.append(hang)
    opening = asyncio.create_task(stage.at(MORNING))
    await until(lambda: all(stage.status(job) is Status.ACTIVE for job in ours))
    stage.use(campaign(), incidents=(incident(since=MORNING - 10, until=MORNING + 600),))
    fast = asyncio.create_task(stage.reconciler.fast_path(MORNING + 1))
    await until(lambda: all(stage.status(job) is Status.PAUSED for job in ours))
    gate.set()
    await asyncio.gather(opening, fast)
    await stage.settled_at(MORNING + 30)
    assert {job: stage.ledger.claims[key(job)].state for job in ours} == dict.fromkeys(ours, ClaimState.HELD)
    for number in range(3):
        await stage.settled_at(MORNING + 661 + 30 * number)
    assert {stage.status(job) for job in (slow, *ours)} == {Status.ACTIVE}


async def test_an_intent_whose_pause_has_not_left_yet_is_not_closed_by_another_pass(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    disk, write = asyncio.Event(), stage.ledger.write

    async def slow(changes: Sequence[Change]) -> None:
        await disk.wait()
        await write(changes)

    stage.ledger.write = slow
    stage.use(campaign(), incidents=(incident(since=OPEN - 10, until=SHUT),))
    fast = asyncio.create_task(stage.reconciler.fast_path(OPEN + 1))
    await until(lambda: key(job) in stage.ledger.claims)
    stage.use(campaign())
    running = asyncio.create_task(stage.at(OPEN + 70))
    await until(lambda: len(stage.requests) >= 6)  # its lists are read
    disk.set()
    await asyncio.gather(fast, running)
    for number in range(3):
        await stage.settled_at(OPEN + 140 + 30 * number)
    assert stage.status(job) is Status.ACTIVE


async def test_one_pause_that_hangs_delays_no_resume_and_no_pass(
    stage: Stage, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PATIENCE", 0.05)
    slow, ours = stage.add(name="US slow"), stage.add()
    stage.use(campaign(), incidents=(incident(since=OPEN - 10, until=OPEN + 60, match=Selector(ids=(ours,))),))
    await stage.settled_at(OPEN)
    stage.use(campaign(), incidents=(incident(since=OPEN - 10, match=Selector(ids=(slow,))),))
    gate = asyncio.Event()

    async def hang(request: web.Request, _handler: Handler) -> None:
        if slow in request.path and request.method == "POST":
            await gate.wait()

    stage.faults.append(hang)
    report = await stage.at(OPEN + 100)
    assert stage.status(ours) is Status.ACTIVE
    assert report.counts() == {"jobs": 2, "resumed": 1}
    await stage.at(OPEN + 130)
    assert [line["jobs"] for line in lines(logs, "pauses.late")] == [1]
    assert len([seen for seen in stage.requests if slow in seen.path and seen.method == "POST"]) == 1
    gate.set()
    await stage.reconciler.settled(report)
    assert stage.status(slow) is Status.PAUSED
    assert stage.ledger.claims[key(slow)].state is ClaimState.HELD
    assert report.counts() == {"jobs": 2, "paused": 1, "resumed": 1}


async def test_a_refused_pause_is_sent_again_though_reading_the_job_gets_no_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PATIENCE", 0.05)
    job = stage.add()
    await stage.at(OPEN)
    gate, refused = asyncio.Event(), 1

    async def trouble(request: web.Request, _handler: Handler) -> web.StreamResponse | None:
        nonlocal refused
        if request.method == "POST" and refused:
            refused -= 1
            return web.json_response({"error": "no"}, status=403)
        if request.method == "GET" and job in request.path:
            await gate.wait()
        return None

    stage.faults.append(trouble)
    await stage.at(SHUT)
    await stage.at(SHUT + 10)
    assert len(stage.sent()) == 1, "the reading is given its time"
    await stage.at(SHUT + 30)
    assert len(stage.sent()) == 2
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
    gate.set()


async def test_a_close_waits_for_pauses_that_are_under_way(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PATIENCE", 0.05)
    job = stage.add()
    await stage.at(OPEN)
    gate = asyncio.Event()

    async def hang(request: web.Request, _handler: Handler) -> None:
        if request.method == "POST":
            await gate.wait()

    stage.faults.append(hang)
    await stage.at(SHUT)
    closing = asyncio.create_task(stage.reconciler.close())
    await asyncio.sleep(0)
    assert not closing.done()
    gate.set()
    await closing
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]


async def test_a_list_that_lags_behind_our_pause_ends_no_claim(stage: Stage) -> None:
    nine = at("2026-11-24T09:00")
    job = stage.add()
    await stage.at(OPEN)
    await stage.settled_at(SHUT)
    stage.sandbox.set_paused(job, paused=False)
    await stage.settled_at(nine - 20)
    stage.faults.append(lagging(job))
    await stage.settled_at(nine)
    stage.faults.clear()
    await stage.settled_at(nine + 30)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.states(job) == ["resumed"]


async def test_a_list_that_lags_is_no_tug_of_war_and_is_told_as_doubtful_once(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.clock.instant = CLOSE
    await stage.reconciler.fast_path(CLOSE)
    stage.faults.append(lagging(job))
    for number in range(4):
        await stage.at(CLOSE + 10 * number)
    assert [(line["times"], line["certain"]) for line in lines(logs, "job.overridden")] == [(1, False)]
    stage.faults.clear()
    await stage.at(CLOSE + 70)
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(CLOSE + 100)
    told = [(line["times"], line["certain"]) for line in lines(logs, "job.overridden")]
    assert told == [(1, False), (1, True)], "what turned out to be lag was not counted"


def lagging(job: str) -> Any:
    """Lists that show the job dialing, whatever it is."""

    async def lists(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if request.query.get("status") == "ACTIVE":
            answer = await handler(request)
            assert isinstance(answer, web.Response)
            assert isinstance(answer.body, bytes)
            body = json.loads(answer.body)
            body["data"] = [{"id": job, "name": "US", "callAgentId": "agent-1", "status": "ACTIVE"}]
            return web.json_response(body)
        if request.query.get("status") == "PAUSED":
            return web.json_response({"data": [], "cursor": None})
        return None

    return lists


async def test_a_pause_that_lands_after_its_answer_was_lost_is_ours(stage: Stage) -> None:
    stage.use(campaign(), incidents=(incident(since=OPEN - 10, until=OPEN + 30),))
    job = stage.add()
    stage.faults.append(on("POST", "/paused", refusing(504)))
    await stage.settled_at(OPEN)
    stage.faults.clear()
    await stage.settled_at(OPEN + 31)
    assert stage.status(job) is Status.ACTIVE
    stage.sandbox.set_paused(job, paused=True)  # what the gateway gave up upon takes effect
    await stage.settled_at(OPEN + 60)
    assert stage.status(job) is Status.ACTIVE


async def test_a_claim_of_a_job_that_vanished_serves_once_also_over_a_restart(stage: Stage) -> None:
    stage.use(campaign(), incidents=(incident(since=OPEN - 10, until=OPEN + 60),))
    job = stage.add()
    stage.faults += [on("POST", "/paused", refusing(404)), on("GET", f"/{job}", refusing(404))]
    await stage.settled_at(OPEN)
    stage.faults.clear()
    await stage.settled_at(OPEN + 90)
    assert stage.status(job) is Status.ACTIVE
    stage.sandbox.set_paused(job, paused=True)
    await stage.settled_at(OPEN + 120)
    await stage.restart()
    for number in range(2):
        await stage.settled_at(OPEN + 150 + 30 * number)
    assert stage.status(job) is Status.PAUSED, "it is a person's"


@pytest.mark.parametrize("killed", [False, True])
async def test_a_start_that_was_stopped_at_the_close_is_ours_to_resume(stage: Stage, killed: bool) -> None:
    stage.use(campaign(start=True))
    job = stage.add(Status.INIT)

    async def lost(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if request.method == "POST":
            await handler(request)
            return web.json_response({}, status=504)
        return None

    stage.faults += [lost, showing(job, status="INIT")]
    await stage.settled_at(CLOSE - 20)
    assert stage.status(job) is Status.ACTIVE
    if killed:
        cut, over = asyncio.Event(), asyncio.Event()

        async def hang(request: web.Request, handler: Handler) -> None:
            if request.method == "POST":
                await handler(request)
                cut.set()
                await over.wait()

        stage.faults[:] = [hang]
        stage.clock.instant = CLOSE
        sending = asyncio.create_task(stage.reconciler.fast_path(CLOSE))
        await cut.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await kill(stage)
        over.set()
        stage.faults.clear()
        await stage.restart()
    else:
        await stage.settled_at(CLOSE)
        stage.faults.clear()
    for instant in (SHUT, SHUT + 61, MORNING):
        await stage.settled_at(instant)
    assert stage.status(job) is Status.ACTIVE


async def kill(stage: Stage) -> None:
    """Let nothing that is under way go on."""
    late = list(stage.reconciler._sweep._late)
    for batch in late:
        batch.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def test_a_start_that_never_took_effect_leaves_no_claim(stage: Stage) -> None:
    stage.use(campaign(start=True))
    job = stage.add(Status.INIT)
    stage.faults.append(on("POST", "/paused", refusing(504)))
    await stage.settled_at(CLOSE - 20)
    stage.faults.clear()
    await stage.settled_at(CLOSE)
    await stage.settled_at(CLOSE + 61)
    assert stage.status(job) is Status.INIT
    assert await stage.states(job) == ["released"]


@pytest.mark.parametrize("later", ["withdrawn", "refused"])
async def test_a_resume_that_may_still_land_is_not_forgotten_for_a_later_one(stage: Stage, later: str) -> None:
    job = stage.add()
    stage.use(campaign(), incidents=(incident(since=OPEN - 10, until=OPEN + 60),))
    await stage.settled_at(OPEN)
    stage.faults.append(on("POST", "/paused", refusing(504)))
    await stage.at(CLOSE - 20)
    assert stage.ledger.claims[key(job)].state is ClaimState.RESUMING
    stage.faults.clear()
    if later == "refused":
        stage.faults.append(on("POST", "/paused", refusing(429)))
        await stage.at(CLOSE - 5)
        stage.faults.clear()
    else:
        calls = iter([False, *[True] * 9])
        stage.clock.instant = CLOSE - 5
        await stage.reconciler.run_pass(Trigger.RESYNC, CLOSE - 5, lambda: next(calls))
    stage.requests.clear()
    stage.clock.instant = CLOSE
    await stage.reconciler.fast_path(CLOSE)
    assert len(stage.sent()) == 1, "an absolute pause follows"


async def test_a_job_that_an_incident_for_everything_paused_stays_paused_when_its_later_campaign_goes(
    stage: Stage,
) -> None:
    other = campaign(match=Selector(names=("nothing",)))
    everything = incident(since=OPEN - 10, until=SHUT + 60, everything=True)
    stage.use(other, incidents=(everything,))
    job = stage.add()
    await stage.settled_at(OPEN)
    stage.use(campaign(), incidents=(everything,))
    await stage.settled_at(SHUT)
    await stage.settled_at(SHUT + 120)
    stage.use(other)
    await stage.settled_at(SHUT + 300)
    assert stage.status(job) is Status.PAUSED
    assert await stage.findings() == ["orphaned_claim"]


async def test_a_clock_that_is_set_right_while_a_pass_reads_resumes_nothing_by_its_old_reading(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    await stage.settled_at(SHUT)
    stage.clock.instant, stage.clock.wrong_by = EARLY, 2 * HOUR

    async def set_right(_request: web.Request, _handler: Handler) -> None:
        stage.clock.wrong_by = 0.0

    stage.faults.append(times(1, set_right))  # type: ignore[arg-type] - it never answers
    await stage.reconciler.run_pass(Trigger.RESYNC, stage.clock.now())
    assert stage.clock.now() == EARLY
    assert stage.status(job) is Status.PAUSED


async def test_a_trigger_that_waited_while_the_clock_was_set_right_resumes_nothing_by_its_instant(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    await stage.settled_at(SHUT)
    stage.clock.instant, stage.clock.wrong_by = EARLY, 2 * HOUR
    reports: list[Trigger] = []
    loop = WorkspaceLoop(stage.reconciler, lambda report: reports.append(report.trigger))
    gate = asyncio.Event()

    async def slow(_request: web.Request, _handler: Handler) -> None:
        await gate.wait()

    stage.faults.append(slow)
    stage.requests.clear()
    running = asyncio.create_task(loop.run())
    loop.wake(Trigger.RESYNC, stage.clock.now())
    await until(lambda: bool(stage.requests))
    loop.wake(Trigger.RESYNC, stage.clock.now())
    stage.clock.wrong_by = 0.0
    loop.wake(Trigger.CLOCK, stage.clock.now())
    gate.set()
    await until(lambda: len(reports) == 2)
    loop.stop()
    await running
    assert stage.status(job) is Status.PAUSED
