"""The ledger over a store that is lost: another one gets all that is known, and what a late one knows is taken over."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.core.campaign import Hold, Incident
from controller.core.claim import Claim, ClaimState
from controller.core.controls import Closing, OpenedIncident, PlacedHold, Signal
from controller.core.finding import Finding, FindingKind
from controller.core.job import JobKey
from controller.runtime.ledger import Ledger
from controller.store.changes import (
    Audit,
    Change,
    CloseFinding,
    OpenFinding,
    PutClaim,
    PutHold,
    PutIncident,
    UseRevision,
)
from controller.store.errors import StoreError, StoreReason
from controller.store.keeper import StoreKeeper
from controller.store.reader import StoreReader
from controller.store.records import Kept
from controller.store.store import Store
from tests.core.build import claim
from tests.runtime.stage import lines

FINDING = Finding(JobKey("main", "job-1"), FindingKind.SCHEDULE_WIDER, "too wide")
RULES = UseRevision("r1", {"a.yaml": "x"}, "2026.6", "0.109", 20.0)


class Disk:
    """Takes writes unless `reason` says why it does not; `mend` gives `kept`, or fails while `gone`."""

    def __init__(self, kept: Kept | None = None) -> None:
        self.reason: StoreReason | None = None
        self.gone = False
        self.kept = kept
        self.taken: list[Change] = []

    async def write(self, changes: Sequence[Change]) -> None:
        if self.reason is not None:
            raise StoreError(self.reason, f"refused: {self.reason}")
        self.taken += changes

    async def mend(self) -> Kept | None:
        if self.gone:
            raise StoreError(StoreReason.FULL, "no room for another")
        self.reason = None
        return self.kept


def put(changes: Sequence[Change]) -> dict[str, Claim]:
    """The claims as a store has them after these changes, by id."""
    return {change.claim.id: change.claim for change in changes if isinstance(change, PutClaim)}


@pytest.mark.parametrize("reason", [StoreReason.CORRUPT, StoreReason.MISSING])
async def test_another_store_gets_all_that_is_known_at_once(reason: StoreReason, logs: list[Any]) -> None:
    disk = Disk(Kept())
    ledger = Ledger.of(disk.write, Kept(claims=(claim(id="a", job_id="a"),)), disk.mend)
    gone = claim(ClaimState.GONE, id="g", job_id="g")
    await ledger.record([RULES, PutClaim(claim(id="b", job_id="b")), PutClaim(gone), OpenFinding(FINDING, 5.0)])
    disk.taken, disk.reason = [], reason
    assert await ledger.record([Audit(at=9.0, event="x")])
    assert ledger.durable
    assert put(disk.taken).keys() == {"a", "b", "g"}
    assert RULES in disk.taken
    assert OpenFinding(FINDING, 5.0) in disk.taken
    assert Audit(at=9.0, event="x") in disk.taken
    assert [line["reason"] for line in lines(logs, "store.unwritable")] == [reason.value]
    assert len(lines(logs, "store.writable")) == 1


async def test_while_there_is_no_other_store_everything_waits_and_is_told_once(logs: list[Any]) -> None:
    disk = Disk(Kept())
    ledger = Ledger.of(disk.write, Kept(), disk.mend)
    disk.reason, disk.gone = StoreReason.CORRUPT, True
    assert not await ledger.record([PutClaim(claim(id="a", job_id="a"))])
    assert not await ledger.record([PutClaim(claim(ClaimState.RESUMED, id="a", job_id="a"))])
    assert not ledger.durable
    disk.gone = False
    assert await ledger.record([])
    assert put(disk.taken)["a"].state is ClaimState.RESUMED
    assert len(lines(logs, "store.unwritable")) == 1


async def test_a_store_that_opens_late_gives_its_claims_back() -> None:
    known, other = claim(ClaimState.HELD, id="stored", job_id="a"), claim(ClaimState.HELD, id="other", job_id="b")
    disk = Disk(Kept(claims=(known, other), findings=((FINDING, 3.0),)))
    disk.reason, disk.gone = StoreReason.UNWRITABLE, True
    ledger = Ledger.of(disk.write, None, disk.mend)
    assert not ledger.durable
    anew = claim(ClaimState.INTENDED, id="made-meanwhile", job_id="a")
    assert not await ledger.record([PutClaim(anew), Audit(at=1.0, event="job.paused")])
    disk.gone = False
    assert await ledger.record([])
    assert {each.id for each in ledger.claims.values()} == {"stored", "other"}, "one pause, one claim"
    assert ledger.claims[known.key].since == known.since
    assert ledger.claims[known.key].state is ClaimState.INTENDED
    assert "made-meanwhile" not in put(disk.taken)
    assert ledger.findings[FINDING.job, FINDING.kind] == (FINDING, 3.0)


async def test_incidents_and_holds_outlive_the_store_that_held_them() -> None:
    storm = OpenedIncident("i1", Incident("storm", "wires are down", 1.0, author="ann"), "webhook am", Signal("k", 1.0))
    over = replace(storm, id="i0", closed=Closing(0.5, "ann", "over"), signal=Signal("other", 0.1))
    hold = PlacedHold("h1", Hold(JobKey("main", "job-1"), "ann", "a complaint", 1.0), "US renewals")
    disk = Disk(Kept(incidents=(over, storm), holds=(hold,)))
    ledger = Ledger.of(disk.write, Kept(incidents=(over, storm), holds=(hold,)), disk.mend)
    assert ledger.controls.incidents == (storm.incident,)
    disk.reason, disk.kept = StoreReason.CORRUPT, Kept()
    assert await ledger.record([Audit(at=1.0, event="job.paused")])
    written = [change for change in disk.taken if isinstance(change, PutIncident | PutHold)]
    assert written == [PutIncident(over), PutIncident(storm), PutHold(hold)]


async def test_a_store_that_opens_late_gives_its_incidents_and_holds_back_but_none_that_were_closed_meanwhile() -> None:
    storm = OpenedIncident("i1", Incident("storm", "wires are down", 1.0, author="ann"))
    flood = OpenedIncident("i2", Incident("flood", "water", 1.0, author="ann"))
    disk = Disk(Kept(incidents=(storm, flood)))
    disk.reason, disk.gone = StoreReason.UNWRITABLE, True
    ledger = Ledger.of(disk.write, None, disk.mend)
    assert not await ledger.record([PutIncident(replace(storm, closed=Closing(2.0, "ann", "over")))])
    disk.gone = False
    assert await ledger.record([])
    assert ledger.controls.incidents == (flood.incident,)


async def test_a_store_without_anything_to_write_is_durable_once_it_opens(logs: list[Any]) -> None:
    disk = Disk(Kept())
    ledger = Ledger.of(disk.write, None, disk.mend)
    assert not ledger.durable
    assert await ledger.record([])
    assert ledger.durable
    assert len(lines(logs, "store.writable")) == 1


async def test_a_claim_that_was_closed_meanwhile_is_not_opened_again_by_what_the_store_says() -> None:
    stored = claim(ClaimState.HELD, id="a", job_id="a")
    disk = Disk(Kept(claims=(stored,)))
    ledger = Ledger.of(disk.write, Kept(claims=(stored,)), disk.mend)
    disk.reason, disk.gone = StoreReason.MISSING, True
    assert not await ledger.record([PutClaim(claim(ClaimState.RELEASED, id="a", job_id="a"))])
    disk.gone = False
    assert await ledger.record([])
    assert ledger.claims == {}
    assert put(disk.taken)["a"].state is ClaimState.RELEASED


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def garble(folder: Path) -> None:
    for file in files(folder):
        if not file.name.endswith(".lock"):
            file.write_bytes(b"\xa5" * file.stat().st_size)


async def test_damage_in_the_middle_of_the_day_loses_no_claim(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    await (await Store.open(url)).close()
    keeper, kept = await StoreKeeper.open(url)
    ledger = Ledger.of(keeper.write, kept, keeper.mend)
    claims = [claim(id=f"c{n}", job_id=f"job-{n}") for n in range(300)]
    assert await ledger.record([RULES, *(PutClaim(each) for each in claims), OpenFinding(FINDING, 1.0)])
    garble(tmp_path)
    assert await ledger.record([PutClaim(claim(ClaimState.RESUMED, id="c0", job_id="job-0")), CloseFinding(*_KEY, 2.0)])
    assert ledger.durable
    await keeper.close()
    reader = await StoreReader.open(url)
    assert reader is not None
    assert {each.id for each in await reader.open_claims()} == {each.id for each in claims[1:]}
    assert await reader.open_findings() == []
    revision = await reader.last_revision()
    assert revision is not None
    assert revision.revision == "r1"
    await reader.close()
    assert "a.db.corrupt-1" in {file.name for file in files(tmp_path)}


_KEY = (FINDING.job, FINDING.kind)
