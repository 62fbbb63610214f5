"""The ledger: what it remembers, and what it does with a store that refuses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.core.claim import ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.job import JobKey
from controller.runtime.ledger import Ledger, forget
from controller.store.changes import Audit, Change, CloseFinding, OpenFinding, PutClaim
from controller.store.errors import StoreError, StoreReason
from controller.store.store import Store
from tests.core.build import claim
from tests.runtime.stage import lines

KEY = JobKey("main", "job-1")


class Disk:
    """Takes writes unless `reason` says why it does not."""

    def __init__(self) -> None:
        self.reason: StoreReason | None = None
        self.taken: list[list[Change]] = []

    async def write(self, changes: Sequence[Change]) -> None:
        if self.reason is not None:
            raise StoreError(self.reason, f"refused: {self.reason}")
        self.taken.append(list(changes))


async def test_an_open_claim_is_remembered_and_a_closed_one_forgotten() -> None:
    ledger = Ledger(forget)
    held = claim()
    await ledger.record([PutClaim(held)])
    assert ledger.claims == {KEY: held}
    await ledger.record([PutClaim(claim(ClaimState.RESUMED))])
    assert ledger.claims == {}


async def test_a_finding_is_remembered_with_its_begin_until_it_goes() -> None:
    ledger = Ledger(forget)
    finding = Finding(KEY, FindingKind.SCHEDULE_WIDER, "too wide")
    await ledger.record([OpenFinding(finding, 100.0)])
    assert ledger.findings == {(KEY, FindingKind.SCHEDULE_WIDER): (finding, 100.0)}
    await ledger.record([CloseFinding(KEY, FindingKind.SCHEDULE_WIDER, 200.0)])
    assert ledger.findings == {}


async def test_nothing_to_write_is_not_written() -> None:
    disk = Disk()
    assert await Ledger(disk.write).record([])
    assert disk.taken == []


async def test_what_the_store_did_not_take_is_offered_again_in_order_and_once(logs: list[Any]) -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    first, second, third = (PutClaim(claim(id=name, job_id=name)) for name in ("a", "b", "c"))
    disk.reason = StoreReason.FULL
    assert not await ledger.record([first])
    assert not await ledger.record([second])
    assert not await ledger.record([])
    assert not ledger.durable
    assert len(ledger.claims) == 2
    disk.reason = None
    assert await ledger.record([third])
    assert ledger.durable
    assert await ledger.record([])
    assert [change for taken in disk.taken for change in taken] == [first, second, third]
    assert [line["reason"] for line in lines(logs, "store.unwritable")] == ["full"]
    assert [line["changes"] for line in lines(logs, "store.writable")] == [3]


async def test_a_change_that_breaks_a_rule_of_the_store_keeps_no_other_from_being_written(
    tmp_path: Path, logs: list[Any]
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger = Ledger(store.write)
    good = [PutClaim(claim(id=f"c{number}", job_id=f"job-{number}")) for number in range(5)]
    second_open_claim = PutClaim(claim(id="again", job_id="job-2"))
    not_json = Audit(at=1.0, event="x", facts={"endless": float("inf")})
    assert await ledger.record([*good[:3], second_open_claim, *good[3:], not_json])
    assert ledger.durable
    assert await ledger.record([Audit(at=2.0, event="y")])
    assert {each.id for each in await store.open_claims()} == {each.claim.id for each in good}
    refused = lines(logs, "store.refused")
    assert [line["change"] for line in refused] == ["PutClaim", "Audit"]
    assert {line["log_level"] for line in refused} == {"error"}
    await store.close()


async def test_a_refused_change_in_a_store_that_then_fails_loses_nothing_else() -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    batch = [PutClaim(claim(id=name, job_id=name)) for name in ("a", "b", "c")]
    calls = 0

    async def fickle(changes: Sequence[Change]) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise StoreError(StoreReason.REFUSED, "one of them")
        if calls == 3:
            raise StoreError(StoreReason.FULL, "and now this")
        await disk.write(changes)

    ledger.write = fickle
    assert not await ledger.record(batch)
    assert not ledger.durable
    ledger.write = disk.write
    assert await ledger.record([])
    assert [change for taken in disk.taken for change in taken] == batch


@pytest.mark.parametrize("reason", [StoreReason.BUSY, StoreReason.IO, StoreReason.CLOSED])
async def test_every_other_reason_of_the_store_is_waited_out(reason: StoreReason) -> None:
    disk = Disk()
    ledger = Ledger(disk.write)
    disk.reason = reason
    assert not await ledger.record([PutClaim(claim())])
    assert not ledger.durable
    assert ledger.claims == {KEY: claim()}
