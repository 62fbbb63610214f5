"""What nobody waits for gathers before it is written: in its order, soon, and never left behind."""

import asyncio
from collections.abc import Sequence

import pytest

from controller.runtime import write_queue
from controller.runtime.ledger import Ledger
from controller.store.changes import Audit, Change
from controller.store.errors import StoreError, StoreReason
from tests.runtime.stage import until

LONG = 60.0


class Disk:
    """Takes each transaction, once `gate` is open, unless `reason` says why it does not."""

    def __init__(self) -> None:
        self.taken: list[list[str]] = []
        self.reason: StoreReason | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = 0

    async def write(self, changes: Sequence[Change]) -> None:
        self.begun += 1
        await self.gate.wait()
        if self.reason is not None:
            raise StoreError(self.reason, "no")
        self.taken.append([change.event for change in changes if isinstance(change, Audit)])

    @property
    def told(self) -> list[str]:
        return [event for taken in self.taken for event in taken]


def row(event: str) -> Audit:
    return Audit(at=1.0, event=event)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gathers would be written in a minute only."""
    monkeypatch.setattr(write_queue, "GATHER_SECONDS", LONG)


async def test_it_is_written_together_though_nobody_waits() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    for event in ("a", "b", "c"):
        ledger.note([row(event)])
        await asyncio.sleep(0)
    await until(lambda: bool(disk.taken))
    assert disk.taken == [["a", "b", "c"]]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("more", [[], ["c"]])
async def test_it_is_written_before_and_with_what_somebody_waits_for_be_that_nothing_more(more: list[str]) -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    ledger.note([row("a")])
    ledger.note([row("b")])
    assert await ledger.record([row(event) for event in more])
    assert disk.taken == [["a", "b", *more]]


@pytest.mark.usefixtures("patient")
async def test_much_of_it_waits_for_no_more() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    for number in range(write_queue.GATHERED):
        ledger.note([row(str(number))])
    await until(lambda: len(disk.told) == write_queue.GATHERED)


@pytest.mark.usefixtures("patient")
async def test_the_end_writes_it() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    ledger.note([row("a")])
    await ledger.close()
    assert disk.taken == [["a"]]


async def test_what_comes_during_a_write_is_written_though_nobody_waits() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    disk.gate.clear()
    recording = asyncio.create_task(ledger.record([row("a")]))
    await until(lambda: disk.begun == 1)
    ledger.note([row("b")])
    disk.gate.set()
    assert await recording
    await until(lambda: len(disk.taken) == 2)
    assert disk.taken == [["a"], ["b"]]


@pytest.mark.usefixtures("patient")
async def test_who_waits_for_nothing_more_during_a_write_leaves_the_rest_to_gather() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    disk.gate.clear()
    recording = asyncio.create_task(ledger.record([row("a")]))
    await until(lambda: disk.begun == 1)
    waiting = asyncio.create_task(ledger.record([]))
    await asyncio.sleep(0)
    ledger.note([row("b")])
    disk.gate.set()
    assert await asyncio.gather(recording, waiting) == [True, True]
    assert await ledger.record([row("c")])
    assert disk.told == ["a", "b", "c"]


@pytest.mark.usefixtures("patient")
async def test_a_store_that_fails_meanwhile_loses_none_of_it() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    disk.reason = StoreReason.FULL
    ledger.note([row("a")])
    assert not await ledger.record([row("b")])
    ledger.note([row("c")])
    await until(lambda: disk.begun == 2)
    disk.reason = None
    assert await ledger.record([row("d")])
    assert disk.told == ["a", "b", "c", "d"]


@pytest.mark.usefixtures("patient")
async def test_a_broken_store_is_tried_at_once_and_not_when_more_has_gathered() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    disk.reason = StoreReason.FULL
    assert not await ledger.record([row("a")])
    disk.reason = None
    ledger.note([row("b")])
    await until(lambda: ledger.durable)
    assert disk.told == ["a", "b"]
