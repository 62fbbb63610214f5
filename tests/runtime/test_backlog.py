"""What waits for a broken store stays small, and means the same."""

from typing import Any

import pytest

from controller.core.claim import ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.job import JobKey
from controller.runtime import backlog as backlog_module
from controller.runtime.backlog import Backlog
from controller.runtime.ledger import Ledger
from controller.store.changes import Audit, Change, CloseFinding, OpenFinding, PutClaim, UseRevision
from controller.store.errors import StoreError, StoreReason
from tests.core.build import claim
from tests.runtime.stage import lines

JOB = JobKey("main", "job-1")
WIDER = FindingKind.SCHEDULE_WIDER


def test_of_a_claim_the_last_word_stays_in_its_order() -> None:
    backlog = Backlog()
    states = (ClaimState.INTENDED, ClaimState.HELD, ClaimState.RESUMED)
    backlog.add(PutClaim(claim(state)) for state in states)
    backlog.add([PutClaim(claim(id="c2"))])
    assert list(backlog) == [PutClaim(claim(ClaimState.RESUMED)), PutClaim(claim(id="c2"))]


def test_of_a_finding_the_last_end_and_the_last_begin_stay() -> None:
    backlog = Backlog()
    found = [OpenFinding(Finding(JOB, WIDER, "too wide"), float(since)) for since in (1, 3, 5)]
    gone = [CloseFinding(JOB, WIDER, float(at)) for at in (2, 4)]
    backlog.add([found[0], gone[0], found[1], gone[1], found[2]])
    assert list(backlog) == [gone[1], found[2]]


def test_of_two_revisions_the_one_in_force_comes_last() -> None:
    backlog = Backlog()
    used = [UseRevision(name, {}, "", "", float(at)) for at, name in enumerate(("a", "b", "a"))]
    backlog.add(used)
    assert list(backlog) == used[1:]


def test_what_is_taken_is_taken_once_states_before_audit() -> None:
    backlog = Backlog()
    rows = [Audit(at=float(n), event="x") for n in range(3)]
    backlog.add([*rows, PutClaim(claim())])
    assert backlog.take(2) == [PutClaim(claim()), rows[0]]
    assert backlog.take(2) == rows[1:]
    assert backlog.take(2) == []
    assert not backlog


def test_the_oldest_rows_of_audit_are_dropped_beyond_the_bound_and_that_is_told_once(
    monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    monkeypatch.setattr(backlog_module, "AUDIT_ROWS", 3)
    backlog = Backlog()
    rows = [Audit(at=float(n), event="x") for n in range(10)]
    backlog.add([*rows, PutClaim(claim())])
    assert list(backlog) == [PutClaim(claim()), *rows[-3:]]
    assert backlog.dropped == 7
    [line] = lines(logs, "store.audit_dropped")
    assert (line["log_level"], line["kept"]) == ("error", 3)


async def test_a_store_that_is_away_for_long_costs_no_more_memory_and_says_what_was_dropped(
    monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    monkeypatch.setattr(backlog_module, "AUDIT_ROWS", 3)
    broken = True
    offered: list[int] = []
    taken: list[Change] = []

    async def write(changes: list[Change]) -> None:
        offered.append(len(changes))
        if broken:
            raise StoreError(StoreReason.FULL, "full")
        taken.extend(changes)

    ledger = Ledger(write)  # type: ignore[arg-type] - a list is what comes
    for n in range(100):
        await ledger.record([PutClaim(claim(changed=float(n))), Audit(at=float(n), event="x")])
    assert max(offered) <= 4
    broken = False
    assert await ledger.record([])
    assert ledger.claims[JOB].changed == 99.0
    assert [change for change in taken if isinstance(change, PutClaim)][-1].claim.changed == 99.0
    [line] = lines(logs, "store.writable")
    assert line["audit_dropped"] == 100 - sum(isinstance(change, Audit) for change in taken)
