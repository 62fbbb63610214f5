"""A claim that the store refuses, since it holds another open one of the job: memory comes to agree with the store."""

import asyncio
from typing import Any

import pytest

from controller.core.claim import ClaimState
from controller.core.job import JobKey, Status
from controller.runtime.ledger import Ledger
from controller.runtime.ownership import Ownership
from controller.store.changes import PutClaim
from controller.store.errors import StoreError, StoreReason
from tests.core.build import claim
from tests.runtime.stage import MORNING, OPEN, SHUT, Stage, lines

STORED = claim(ClaimState.HELD, id="stored", since=1.0, author="ann")
MINE = claim(ClaimState.INTENDED, id="mine", since=2.0)


async def test_memory_goes_on_with_the_claim_that_the_store_holds(stage: Stage, logs: list[Any]) -> None:
    await stage.store.write([PutClaim(STORED)])
    assert await stage.ledger.record([PutClaim(MINE)])
    [kept] = await stage.store.open_claims()
    assert stage.ledger.claims == {MINE.key: kept}
    assert (kept.id, kept.since, kept.author, kept.state) == ("stored", 1.0, "ann", ClaimState.INTENDED)
    assert [(line["claim"], line["stored"]) for line in lines(logs, "claim.continued")] == [("mine", "stored")]
    assert lines(logs, "store.refused") == []
    assert stage.ledger.durable


async def test_what_is_said_of_a_refused_claim_while_it_waits_is_said_of_the_stored_one(stage: Stage) -> None:
    await stage.store.write([PutClaim(STORED)])
    ended = claim(ClaimState.RELEASED, id="mine", since=2.0)
    assert await asyncio.gather(stage.ledger.record([PutClaim(MINE)]), stage.ledger.record([PutClaim(ended)]))
    assert stage.ledger.claims == {}
    assert [(each.id, each.state) for each in await stage.claims("job-1")] == [("stored", "released")]


async def test_a_refused_claim_of_which_the_store_knows_no_other_is_given_up(stage: Stage, logs: list[Any]) -> None:
    await stage.store.write([PutClaim(STORED)])
    ledger = Ledger(stage.store.write)
    assert await ledger.record([PutClaim(MINE)])
    assert ledger.claims == {}, "it would be refused again at every pass"
    assert len(lines(logs, "store.refused")) == 1


async def test_a_store_that_fails_while_it_is_asked_gets_the_claim_later(stage: Stage) -> None:
    await stage.store.write([PutClaim(STORED)])

    async def failing(_job: JobKey) -> None:
        raise StoreError(StoreReason.IO, "the disk")

    stage.ledger.stored = failing
    assert not await stage.ledger.record([PutClaim(MINE)])
    assert not stage.ledger.durable
    stage.ledger.stored = stage.store.open_claim
    assert await stage.ledger.record([])
    assert stage.ledger.claims[MINE.key].id == "stored"


async def test_one_refused_claim_keeps_no_other_job_from_its_resume_nor_its_own(stage: Stage, logs: list[Any]) -> None:
    jobs = [stage.add(name=f"US {n}") for n in range(3)]
    await stage.at(OPEN)
    await stage.settled_at(SHUT)
    odd = JobKey("main", jobs[0])
    stage.ledger.claims[odd] = claim(ClaimState.HELD, id="another", job_id=odd.id)
    await stage.settled_at(MORNING)
    assert {stage.status(job) for job in jobs} == {Status.ACTIVE}
    assert lines(logs, "resume.postponed") == []
    assert await stage.states(odd.id) == ["resumed"]


async def test_a_job_whose_claim_is_given_up_is_not_resumed_and_the_others_are(stage: Stage) -> None:
    jobs = [stage.add(name=f"US {n}") for n in range(3)]
    await stage.at(OPEN)
    await stage.settled_at(SHUT)
    odd = JobKey("main", jobs[0])
    stage.ledger.claims[odd] = claim(ClaimState.HELD, id="another", job_id=odd.id)

    async def nothing(_job: JobKey) -> None:
        return None

    stage.ledger.stored = nothing
    await stage.settled_at(MORNING)
    assert [stage.status(job) for job in jobs] == [Status.PAUSED, Status.ACTIVE, Status.ACTIVE]


async def test_of_two_requests_at_once_one_adopts_and_the_other_hears_of_it(stage: Stage, logs: list[Any]) -> None:
    job = stage.add(Status.PAUSED)
    ids = iter(("first", "second"))
    ownership = Ownership({"main": stage.api}, stage.ledger, stage.clock, lambda: stage.book, lambda: next(ids))
    asked = [ownership.adopt([JobKey("main", job)], name, "it was quiet") for name in ("ann", "bob")]
    answers = [answer for one in await asyncio.gather(*asked) for answer in one]
    assert sorted(str(answer.problem) for answer in answers) == ["None", "it is ours already, since adopted"]
    assert len(await stage.claims(job)) == 1
    assert lines(logs, "store.refused") == []


async def test_who_adopts_hears_that_the_store_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job = stage.add(Status.PAUSED)
    await stage.store.write([PutClaim(claim(id="stored", job_id=job))])
    monkeypatch.setattr(stage, "ledger", Ledger(stage.store.write))
    ownership = Ownership({"main": stage.api}, stage.ledger, stage.clock, lambda: stage.book, lambda: "new")
    [answer] = await ownership.adopt([JobKey("main", job)], "ann", "it was quiet")
    assert answer.problem is not None
    assert "refused" in answer.problem
