"""How many intents go into one transaction, and for how long the store keeps those waiting who store them."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from controller.runtime import write_queue
from controller.runtime.intents import FEW, MOST, QUICK, Intents
from controller.runtime.ledger import Ledger
from controller.store.changes import Audit, Change
from controller.store.errors import StoreError, StoreReason
from controller.store.records import Kept

ROWS: list[Change] = [Audit(1.0, "job.paused")]


class Disk:
    """Takes so long for each write, by a clock that nothing else moves."""

    def __init__(self) -> None:
        self.takes = 0.0
        self.time = 0.0
        self.writes = 0
        self.ledger = Ledger.of(self.write, Kept())
        self.intents = Intents(self.ledger, lambda: self.time)

    async def write(self, _changes: Sequence[Change]) -> None:
        self.writes += 1
        self.time += self.takes


@pytest.fixture
def disk() -> Disk:
    return Disk()


async def sizes(intents: Intents, jobs: int, after_each: Callable[[], None] = lambda: None) -> list[int]:
    found = []
    for portion in intents.portions(range(jobs)):
        found.append(len(portion))
        await intents.store(ROWS)
        after_each()
    return found


async def test_a_quick_store_is_given_few_intents_at_once(disk: Disk) -> None:
    assert await sizes(disk.intents, 2 * FEW + 1) == [FEW, FEW, 1]


async def test_a_store_that_takes_its_time_is_given_many_at_once(disk: Disk) -> None:
    disk.takes = 2 * QUICK
    assert await sizes(disk.intents, FEW + MOST + 3) == [FEW, MOST, 3]


async def test_once_it_is_quick_again_it_is_given_few_again(disk: Disk) -> None:
    disk.takes = 2 * QUICK

    def mend() -> None:
        disk.takes = QUICK

    assert await sizes(disk.intents, FEW + MOST + FEW, mend) == [FEW, MOST, FEW]


async def test_a_new_close_begins_with_few_again(disk: Disk) -> None:
    disk.takes = 2 * QUICK
    intents = disk.intents
    await sizes(intents, FEW)
    intents.begin()
    assert await sizes(intents, 2 * FEW) == [FEW, FEW]


async def test_only_what_is_waited_for_beyond_a_quick_disk_counts_against_the_store(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []
    record = disk.ledger.record

    async def recorded(changes: Sequence[Change], waited: float = 0.0) -> bool:
        told.append(round(waited, 6))
        return await record(changes, waited)

    monkeypatch.setattr(disk.ledger, "record", recorded)
    intents = disk.intents
    for takes in (QUICK, QUICK + 0.5, QUICK + 0.25, 0.0):
        disk.takes = takes
        await intents.store(ROWS)
    await intents.store(ROWS)
    assert told == [0.0, 0.0, 0.5, 0.75, 0.75]
    intents.begin()
    await intents.store(ROWS)
    assert told[-1] == 0.0


async def test_a_store_that_keeps_a_close_waiting_for_too_long_in_all_is_waited_for_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_queue, "QUEUE_SECONDS", 0.1)
    gate = asyncio.Event()

    async def write(_changes: Sequence[Change]) -> None:
        await gate.wait()

    async def broken() -> None:
        raise StoreError(StoreReason.IO, "no disk")

    ledger = Ledger.of(write, Kept(), broken)
    async with asyncio.timeout(2):
        await Intents(ledger).store(ROWS)
    assert not ledger.durable
    gate.set()
    await ledger.close()
