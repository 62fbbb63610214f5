"""A close that meets more jobs than there are places: they are begun as places come free, and each is paused once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import web

from controller.build import open_client
from controller.core.campaign import Selector
from controller.core.decision import Decision
from controller.core.job import Status
from controller.runtime import reconciler, sweep, write_queue
from controller.runtime.snapshot import Snapshot
from controller.store.changes import Change
from controller.vogent import client
from tests.core.build import campaign
from tests.runtime.faults import on
from tests.runtime.stage import OPEN, SHUT, Handler, Stage, lines, until, workspace_settings

PLACES = 2
BATCH = 5


@pytest.fixture
async def jobs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Sixty that dial, a provider that answers two requests at once, and batches of five."""
    monkeypatch.setattr(sweep, "BATCH", BATCH)
    monkeypatch.setattr(client, "PAUSES_IN_LINE", BATCH)
    monkeypatch.setattr(reconciler, "IN_A_TURN", 4)
    monkeypatch.setattr(reconciler, "TURNS", 2)
    narrow = open_client(workspace_settings(stage.sandbox.base_url, max_concurrency=PLACES), set(), stage.watch)
    stage.build(narrow)
    added = [stage.add() for _ in range(60)]
    await stage.at(OPEN)
    stage.requests.clear()
    stage.clock.instant = SHUT
    yield added
    await stage.reconciler.close()
    await narrow.close()


async def test_each_job_of_a_close_is_paused_once(stage: Stage, jobs: list[str]) -> None:
    await stage.reconciler.fast_path(SHUT)
    assert sorted(stage.sent()) == sorted(f"/{job}/paused" for job in jobs)
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}
    for job in jobs:
        assert await stage.states(job) == ["held"]


async def test_no_more_pauses_are_begun_than_soon_find_a_place(stage: Stage, jobs: list[str]) -> None:
    answer = asyncio.Event()

    async def held_up(request: web.Request, handler: Handler) -> web.StreamResponse:
        await answer.wait()
        return await handler(request)

    stage.faults.append(on("POST", "/paused", held_up))
    closing = asyncio.create_task(stage.reconciler.fast_path(SHUT))
    await until(lambda: len(stage.sent()) == PLACES)
    await asyncio.sleep(0.1)  # whatever else would begin
    assert PLACES < len(stage.ledger.claims) <= PLACES + 3 * BATCH
    answer.set()
    await closing
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}


async def test_a_store_that_dawdles_with_every_batch_keeps_a_close_waiting_for_so_long_only_in_all(
    stage: Stage, jobs: list[str], logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_queue, "WRITE_SECONDS", 10.0)
    monkeypatch.setattr(write_queue, "QUEUE_SECONDS", 0.2)

    over = asyncio.Event()

    async def dawdle(_changes: Sequence[Change]) -> None:
        await asyncio.sleep(0.05)
        if not stage.ledger.durable:
            await over.wait()  # on a busy machine it could else come back within the close, and dawdle again

    stage.ledger._queue._write = dawdle
    await stage.reconciler.fast_path(SHUT)
    over.set()
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}
    assert [line["reason"] for line in lines(logs, "store.unwritable")] == ["slow"], "twelve batches take 0.6 s"
    await until(lambda: stage.ledger.durable)


async def test_while_the_first_intents_are_stored_no_more_jobs_are_decided_about(
    stage: Stage, jobs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = 0
    stored: list[int] = []
    decide, write = Snapshot.decide, stage.ledger.write

    def counted(*args: Any) -> Decision:
        nonlocal decided
        decided += 1
        return decide(*args)

    async def slowly(changes: Sequence[Change]) -> None:
        await asyncio.sleep(0.02)
        stored.append(decided)
        await write(changes)

    monkeypatch.setattr(Snapshot, "decide", counted)
    stage.ledger.write = slowly
    await stage.reconciler.fast_path(SHUT)
    assert stored[0] == 4, "as many as in one turn"
    assert decided >= len(jobs)
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}


async def test_a_pause_among_many_jobs_that_go_on_does_not_wait_until_all_are_decided_about(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "IN_A_TURN", 4)
    monkeypatch.setattr(reconciler, "TURNS", 2)
    stage.use(campaign(match=Selector(names=("US *",))))
    for number in range(60):
        stage.add(name="US renewals" if number in (1, 9) else "Unmatched")
    await stage.at(OPEN)
    decided = 0
    begun: list[int] = []
    decide, pause = Snapshot.decide, stage.reconciler._sweep.pause

    def counted(*args: Any) -> Decision:
        nonlocal decided
        decided += 1
        return decide(*args)

    async def noted(*args: Any) -> Any:
        begun.append(decided)
        return await pause(*args)

    monkeypatch.setattr(Snapshot, "decide", counted)
    monkeypatch.setattr(stage.reconciler._sweep, "pause", noted)
    stage.clock.instant = SHUT
    await stage.reconciler.fast_path(SHUT)
    assert begun[:2] == [4, 16]
