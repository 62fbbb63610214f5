"""Ownership is stored before anything is sent, and a store that fails stops no pause."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from controller.core.claim import ClaimState
from controller.core.job import JobKey, Status
from controller.runtime.ledger import Ledger
from controller.runtime.report import Trigger
from controller.store.changes import Change, PutClaim
from controller.store.errors import StoreError, StoreReason
from tests.core.build import campaign, claim
from tests.runtime.faults import losing, on, times
from tests.runtime.stage import MORNING, OPEN, SHUT, Handler, Stage, lines


class Breakable:
    """A store whose disk is full while `broken`; `batches` are the changes of each write that it took."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.broken = False
        self.batches: list[list[Change]] = []
        stage.ledger = Ledger(self.write)
        stage.build()

    async def write(self, changes: Sequence[Change]) -> None:
        if self.broken:
            raise StoreError(StoreReason.FULL, "the disk is full")
        await self._stage.store.write(changes)
        self.batches.append(list(changes))


@pytest.fixture
def disk(stage: Stage) -> Breakable:
    return Breakable(stage)


def seen_at_the_post(stage: Stage) -> list[tuple[bool, list[str]]]:
    """What the store holds when a POST arrives: whether a pause was asked for, and the states of the job's claims."""
    seen: list[tuple[bool, list[str]]] = []

    async def look(request: web.Request, _handler: Handler) -> None:
        if request.method == "POST":
            paused = (await request.json())["paused"]
            seen.append((paused, await stage.states(request.match_info["id"])))

    stage.faults.append(look)
    return seen


async def test_the_claim_is_stored_before_the_pause_arrives_and_its_move_before_the_resume(stage: Stage) -> None:
    seen = seen_at_the_post(stage)
    stage.add()
    await stage.at(SHUT)
    await stage.at(MORNING)
    assert seen == [(True, ["intended"]), (False, ["resuming"])]


async def test_after_a_kill_between_intent_and_answer_the_pause_is_still_ours(stage: Stage) -> None:
    job = stage.add()
    paused, over = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        paused.set()
        await over.wait()
        return answer

    stage.faults.append(on("POST", "/paused", hang))
    stage.clock.instant = SHUT
    killed = asyncio.create_task(stage.reconciler.run_pass(Trigger.RESYNC))
    await paused.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    assert await stage.states(job) == ["intended"]
    over.set()
    stage.faults.clear()
    await stage.restart()
    await stage.at(SHUT + 60)
    assert await stage.states(job) == ["held"]
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE


async def test_after_a_kill_before_the_pause_left_the_job_is_paused_and_nobody_is_blamed(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add()
    intended = claim(ClaimState.INTENDED, job_id=job, since=OPEN, changed=OPEN)
    await stage.store.write([PutClaim(intended)])
    await stage.restart()
    await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
    assert lines(logs, "job.overridden") == []


async def test_a_resume_that_may_still_take_effect_is_followed_by_a_pause_when_it_closes(stage: Stage) -> None:
    job = stage.add(Status.PAUSED)
    resuming = claim(ClaimState.RESUMING, job_id=job, since=OPEN, changed=OPEN)
    await stage.store.write([PutClaim(resuming)])
    await stage.restart()
    await stage.at(SHUT)
    assert stage.sent() == [f"/{job}/paused"]
    assert await stage.states(job) == ["held"]
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE


async def test_a_broken_store_stops_no_pause_and_gets_the_claims_when_it_returns(
    stage: Stage, disk: Breakable, logs: list[Any]
) -> None:
    job = stage.add()
    disk.broken = True
    await stage.at(SHUT)
    await stage.at(SHUT + 30)
    assert stage.status(job) is Status.PAUSED
    assert await stage.claims(job) == []
    assert stage.ledger.claims[JobKey("main", job)].state == "held"
    disk.broken = False
    await stage.at(SHUT + 60)
    assert await stage.states(job) == ["held"]
    assert len(await stage.audit("job.paused")) == 1
    assert [line["reason"] for line in lines(logs, "store.unwritable")] == ["full"]
    assert len(lines(logs, "store.writable")) == 1
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE


async def test_nothing_is_resumed_while_the_store_is_broken(stage: Stage, disk: Breakable, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(SHUT)
    disk.broken = True
    await stage.at(MORNING)
    assert stage.status(job) is Status.PAUSED
    assert len(lines(logs, "resume.postponed")) == 1
    assert stage.ledger.claims[JobKey("main", job)].state == "held"
    disk.broken = False
    await stage.at(MORNING + 30)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.states(job) == ["resumed"]


async def test_nothing_is_started_while_the_store_holds_not_all_that_it_was_given(
    stage: Stage, disk: Breakable
) -> None:
    disk.broken = True
    await stage.ledger.record([PutClaim(claim(job_id="another"))])
    job = stage.add(Status.INIT)
    stage.use(campaign(start=True))
    await stage.at(OPEN)
    assert stage.status(job) is Status.INIT


async def test_no_change_is_written_twice(stage: Stage, disk: Breakable) -> None:
    for _ in range(3):
        stage.add()
    await stage.at(SHUT)
    disk.broken = True
    await stage.at(MORNING)
    disk.broken = False
    stage.faults.append(times(1, on("POST", "/paused", losing)))
    await stage.at(MORNING + 30)
    written = [change for batch in disk.batches for change in batch]
    assert len(written) == len({id(change) for change in written})
    assert len(await stage.audit("job.resumed")) == 3


async def test_450_jobs_that_close_at_once_are_paused_in_transactions_of_at_most_200_intents(
    stage: Stage, disk: Breakable
) -> None:
    stage.clock.instant = SHUT - 1
    jobs = [stage.add() for _ in range(450)]
    report = await stage.at(SHUT)
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}
    assert report.counts() == {"jobs": 450, "paused": 450}
    claims = [[change.claim for change in batch if isinstance(change, PutClaim)] for batch in disk.batches]
    intents = [sum(claim.state == "intended" for claim in batch) for batch in claims]
    assert sum(intents) == 450
    assert max(intents) <= 200
    assert {claim.state.value for claim in await stage.store.open_claims()} == {"held"}
    await stage.at(MORNING)
    assert {stage.status(job) for job in jobs} == {Status.ACTIVE}
