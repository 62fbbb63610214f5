"""A store that an earlier version's daemon wrote, as it is kept in `schema_N.sql`, under this version."""

import sqlite3
from pathlib import Path

import pytest

from controller.core.campaign import Hold, Incident
from controller.core.claim import ClaimState
from controller.core.controls import OpenedIncident, PlacedHold
from controller.core.finding import FindingKind
from controller.core.job import JobKey
from controller.store.changes import Audit, PutHold, PutIncident
from controller.store.records import AuditFilter
from controller.store.store import Store
from controller.store.tables import SCHEMA

KEPT = {"claims": 3, "findings": 3, "revisions": 2, "audit": 12}
"""The tables of schema 1, and how many rows that daemon left in each."""

Rows = dict[str, list[tuple[object, ...]]]


def rows(path: Path) -> Rows:
    connection = sqlite3.connect(path)
    try:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in KEPT}  # noqa: S608 - our own tables
    finally:
        connection.close()


@pytest.fixture
def before(path: Path) -> Rows:
    """What the old store holds; it lies where the new version will look for it."""
    path.parent.mkdir(mode=0o700)
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "schema_1.sql").read_text())
    connection.close()
    return rows(path)


async def test_every_row_of_schema_1_is_there_unchanged_after_the_upgrade(url: str, path: Path, before: Rows) -> None:
    assert {table: len(found) for table, found in before.items()} == KEPT
    store = await Store.open(url)
    await store.close()
    assert rows(path) == before
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(f"{SCHEMA:04}",)]
    connection.close()


async def test_what_schema_1_kept_means_the_same_to_this_version(url: str, before: Rows) -> None:
    store = await Store.open(url)
    claims = {claim.job_id: claim for claim in await store.claims()}
    assert {job: claim.state for job, claim in claims.items()} == {
        "j0": ClaimState.RELEASED,
        "j1": ClaimState.HELD,
        "j2": ClaimState.HELD,
    }
    assert {(claim.reason, claim.campaigns) for claim in claims.values()} == {("outside_hours", ("renewals",))}
    findings = await store.open_findings()
    assert sorted((finding.job, finding.kind) for finding, _since in findings) == [
        (JobKey("main", job), FindingKind.SCHEDULE_WIDER) for job in ("j0", "j1", "j2")
    ]
    revision = await store.last_revision()
    assert revision is not None
    assert "11:00-16:00" in revision.sources["a.yaml"]
    lines = await store.audit_rows(AuditFilter())
    assert [line.id for line in lines] == [row[0] for row in before["audit"]]
    [released] = [line for line in lines if line.event == "claim.released"]
    assert (released.actor, released.job_name) == ("ann", "Renewals 0")
    await store.close()


@pytest.mark.usefixtures("before")
async def test_incidents_and_holds_are_kept_in_a_store_of_schema_1_after_the_upgrade(url: str, path: Path) -> None:
    opened = OpenedIncident("i1", Incident("storm", "agents sent home", 2000.0, author="ann"))
    placed = PlacedHold("h1", Hold(JobKey("main", "j1"), "ann", "a complaint", 2000.0), "Renewals 1")
    store = await Store.open(url)
    assert (await store.open_incidents(), await store.open_holds()) == ([], [])
    await store.write([PutIncident(opened), PutHold(placed), Audit(2000.0, "incident.opened", "ann")])
    await store.close()

    store = await Store.open(url)
    kept = await store.kept()
    assert (kept.incidents, kept.holds) == ((opened,), (placed,))
    assert len(kept.claims) == 2
    assert [row.event for row in await store.audit_rows(AuditFilter(limit=1))] == ["incident.opened"]
    await store.close()
    connection = sqlite3.connect(path)
    for change in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(change)
    connection.close()
