"""A store that hangs, dawdles or dies in an odd way: nobody waits for long, and nothing is lost or done twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from controller.core.claim import ClaimState
from controller.core.job import JobKey, Status
from controller.runtime import write_queue
from controller.runtime.ledger import Ledger
from controller.store.changes import Audit, Change, PutClaim
from controller.store.errors import StoreError, StoreReason
from tests.core.build import claim
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage, lines, until

SOON = 0.02


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "WRITE_SECONDS", SOON)
    monkeypatch.setattr(write_queue, "QUEUE_SECONDS", 10.0)
    monkeypatch.setattr(write_queue, "CLOSE_SECONDS", SOON)


class Disk:
    """Writes wait for the gate, and then fail with `error` where there is one."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.error: Exception | None = None
        self.taken: list[Change] = []
        self.writes = 0
        self.at_once = 0

    async def write(self, changes: Sequence[Change]) -> None:
        self.writes += 1
        self.at_once += 1
        assert self.at_once == 1, "one write at a time"
        try:
            await self.gate.wait()
            if self.error is not None:
                raise self.error
            self.taken += changes
        finally:
            self.at_once -= 1


@pytest.fixture
async def disk() -> AsyncIterator[Disk]:
    made = Disk()
    yield made
    made.error = None
    made.gate.set()
    await until(lambda: not any(task.get_name() == "ledger-write" for task in asyncio.all_tasks()))


def row(number: int) -> Audit:
    return Audit(at=float(number), event=f"e{number}")


def events(disk: Disk) -> list[str]:
    return [change.event for change in disk.taken if isinstance(change, Audit)]


async def test_a_write_that_hangs_keeps_nobody_waiting_and_is_told_once(disk: Disk, logs: list[Any]) -> None:
    ledger = Ledger(disk.write)
    waiting = [asyncio.create_task(ledger.record([row(n)])) for n in range(3)]
    async with asyncio.timeout(60):
        assert await asyncio.gather(*waiting) == [False] * 3
        assert not await ledger.record([row(3)])
    assert not ledger.durable
    assert [line["reason"] for line in lines(logs, "store.unwritable")] == ["slow"]


async def test_who_comes_after_a_write_was_too_slow_does_not_wait_at_all(disk: Disk) -> None:
    ledger = Ledger(disk.write)
    await ledger.record([row(0)])
    recording = ledger.record([row(1)])
    with pytest.raises(StopIteration):  # it comes to its end without giving others a turn
        recording.send(None)


async def test_a_slow_write_goes_on_and_what_came_meanwhile_follows_in_order_each_once(
    disk: Disk, logs: list[Any]
) -> None:
    ledger = Ledger(disk.write)
    for n in range(5):
        await ledger.record([row(n), PutClaim(claim(id=f"c{n}", job_id=f"job-{n}"))])
    assert disk.writes == 1
    disk.gate.set()
    await until(lambda: ledger.durable)
    assert events(disk) == [f"e{n}" for n in range(5)]
    assert [change.claim.id for change in disk.taken if isinstance(change, PutClaim)] == [f"c{n}" for n in range(5)]
    [line] = lines(logs, "store.writable")
    assert line["changes"] == 10
    assert await ledger.record([row(5)])


async def test_a_slow_write_that_fails_in_the_end_is_done_with_the_next_change_and_once(
    disk: Disk, logs: list[Any]
) -> None:
    ledger = Ledger(disk.write)
    disk.error = StoreError(StoreReason.BUSY, "somebody else writes")
    assert not await ledger.record([row(0)])
    assert not await ledger.record([row(1)])
    disk.gate.set()
    await until(lambda: disk.at_once == 0)
    assert not ledger.durable
    disk.error = None
    await ledger.record([row(2)])
    await until(lambda: ledger.durable)
    assert events(disk) == ["e0", "e1", "e2"]
    assert len(lines(logs, "store.unwritable")) == 1


async def test_many_writes_that_are_each_in_time_are_waited_for_together_for_so_long_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_queue, "WRITE_SECONDS", 10.0)
    monkeypatch.setattr(write_queue, "QUEUE_SECONDS", 2 * SOON)
    monkeypatch.setattr(write_queue, "TRANSACTION", 1)
    written: list[Change] = []

    async def dawdle(changes: Sequence[Change]) -> None:
        await asyncio.sleep(SOON / 2)
        written.extend(changes)

    ledger = Ledger(dawdle)
    answers = await asyncio.gather(*(ledger.record([row(n)]) for n in range(20)))
    assert answers[0]
    assert not answers[-1]
    assert len(written) < 20
    await until(lambda: ledger.durable)
    assert written == [row(n) for n in range(20)]


async def test_an_event_loop_that_was_blocked_is_no_slow_store(disk: Disk, logs: list[Any]) -> None:
    ledger = Ledger(disk.write)
    recording = asyncio.create_task(ledger.record([row(0)]))
    await until(lambda: disk.writes == 1)
    time.sleep(3 * SOON)  # noqa: ASYNC251 - the point
    asyncio.get_running_loop().call_later(0.0, disk.gate.set)
    assert await recording
    assert lines(logs, "store.unwritable") == []


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError(), KeyError("x")])
async def test_whatever_else_the_writer_dies_of_is_a_store_that_failed(
    disk: Disk, error: Exception, logs: list[Any]
) -> None:
    disk.gate.set()
    ledger = Ledger(disk.write)
    disk.error = error
    assert not await ledger.record([row(0)])
    assert not ledger.durable
    [line] = lines(logs, "store.unwritable")
    assert line["reason"] == "failed"
    assert type(error).__name__ in line["problem"]
    disk.error = None
    assert await ledger.record([row(1)])
    assert events(disk) == ["e0", "e1"]


async def test_what_is_in_memory_is_written_though_whoever_recorded_it_is_cancelled(disk: Disk) -> None:
    ledger = Ledger(disk.write)
    first = asyncio.create_task(ledger.record([row(0)]))
    second = asyncio.create_task(ledger.record([PutClaim(claim())]))
    await until(lambda: disk.writes == 1)
    first.cancel()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    disk.gate.set()
    assert await ledger.record([row(1)])
    assert disk.taken == [row(0), PutClaim(claim()), row(1)]


async def test_of_a_claim_that_changes_while_the_store_hangs_the_last_word_is_written_last(disk: Disk) -> None:
    ledger = Ledger(disk.write)
    await ledger.record([row(0)])
    for state in (ClaimState.INTENDED, ClaimState.HELD, ClaimState.RESUMED):
        await ledger.record([PutClaim(claim(state))])
    await ledger.record([PutClaim(claim(id="c2"))])
    disk.gate.set()
    await until(lambda: ledger.durable)
    assert disk.taken == [row(0), PutClaim(claim(ClaimState.RESUMED)), PutClaim(claim(id="c2"))]


async def test_nothing_recorded_waits_for_what_was_recorded_before(disk: Disk) -> None:
    ledger = Ledger(disk.write)
    recording = asyncio.create_task(ledger.record([row(0)]))
    await until(lambda: disk.writes == 1)
    assert not await ledger.record([])
    assert not await recording


async def test_the_end_waits_for_what_is_being_written(disk: Disk, logs: list[Any]) -> None:
    ledger = Ledger(disk.write)
    await ledger.record([row(0)])
    await ledger.record([row(1)])
    asyncio.get_running_loop().call_later(SOON / 4, disk.gate.set)
    await ledger.close()
    assert events(disk) == ["e0", "e1"]
    assert lines(logs, "store.unwritten") == []


async def test_the_end_does_not_wait_for_ever_and_says_what_is_lost(disk: Disk, logs: list[Any]) -> None:
    ledger = Ledger(disk.write)
    await ledger.record([row(0)])
    await ledger.record([row(1), row(2)])
    async with asyncio.timeout(60):
        await ledger.close()
    assert [line["changes"] for line in lines(logs, "store.unwritten")] == [3]
    disk.gate.set()
    await until(lambda: ledger.durable)


async def test_the_end_tries_a_broken_store_once_more(disk: Disk) -> None:
    disk.gate.set()
    ledger = Ledger(disk.write)
    disk.error = StoreError(StoreReason.FULL, "full")
    await ledger.record([row(0)])
    disk.error = None
    await ledger.close()
    assert events(disk) == ["e0"]


async def test_a_store_that_hangs_stops_no_pause_and_every_resume(disk: Disk, stage: Stage) -> None:
    job, other = stage.add(), stage.add(name="US other")
    await stage.at(OPEN)
    whole, stage.ledger.write = stage.ledger.write, disk.write
    stage.clock.instant = CLOSE
    async with asyncio.timeout(60):
        await stage.reconciler.fast_path(CLOSE)
    assert {stage.status(job), stage.status(other)} == {Status.PAUSED}
    await stage.at(SHUT)
    await stage.at(MORNING)
    assert {stage.status(job), stage.status(other)} == {Status.PAUSED}
    stage.ledger.write = whole
    disk.error = StoreError(StoreReason.IO, "it came to nothing")
    disk.gate.set()
    await stage.at(MORNING + 30)
    await until(lambda: stage.ledger.durable)
    await stage.at(MORNING + 60)
    assert {stage.status(job), stage.status(other)} == {Status.ACTIVE}
    assert await stage.states(job) == ["resumed"]
    assert len(await stage.audit("job.paused")) == 2


async def test_a_store_that_dies_in_an_odd_way_stops_no_pause(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)

    async def odd(_changes: Sequence[Change]) -> None:
        raise RuntimeError("can't start new thread")

    stage.ledger.write = odd
    await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
    assert stage.ledger.claims[JobKey("main", job)].state is ClaimState.HELD
