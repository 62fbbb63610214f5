"""The keeper: a store that is damaged, missing, full or late is got back, and nothing of it is deleted."""

import math
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.core.campaign import Hold, Incident
from controller.core.claim import Claim
from controller.core.controls import OpenedIncident, PlacedHold
from controller.core.job import JobKey
from controller.store import store as store_module
from controller.store.changes import Audit, PutClaim, PutHold, PutIncident, UseRevision
from controller.store.errors import StoreError, StoreLocked, StoreReason
from controller.store.keeper import StoreKeeper
from controller.store.reader import StoreReader
from controller.store.records import Kept
from controller.store.store import Store

NOTES = b"these are notes, not a database\n" * 100
MakeClaim = Callable[..., Claim]


@asynccontextmanager
async def kept_open(url: str) -> AsyncIterator[tuple[StoreKeeper, Kept | None]]:
    keeper, kept = await StoreKeeper.open(url)
    try:
        yield keeper, kept
    finally:
        await keeper.close()


async def filled(url: str, *claims: Claim, padding: int = 0) -> None:
    """A store of ours that was closed in order; `padding` lines of audit lie behind the claims."""
    store = await Store.open(url)
    await store.write([PutClaim(claim) for claim in claims])
    await store.write([UseRevision("r1", {"a.yaml": "x"}, "2026.6", "0.109", 20.0)])
    await store.write([Audit(float(n), "job.paused", detail="x" * 500) for n in range(padding)])
    await store.close()


def content(path: Path) -> bytes:
    return path.read_bytes()


def garble(path: Path, begin: int, length: int) -> None:
    found = bytearray(path.read_bytes())
    found[begin : begin + length] = b"\xa5" * len(found[begin : begin + length])
    path.write_bytes(found)


async def stored_claims(url: str) -> list[Claim]:
    reader = await StoreReader.open(url)
    assert reader is not None
    claims = await reader.open_claims()
    await reader.close()
    return claims


def salvaged_lines(logs: list[Any]) -> list[tuple[str, int, bool]]:
    return [
        (Path(line["file"]).name, line["claims"], line["all_claims"])
        for line in logs
        if line["event"] == "store.salvaged"
    ]


async def test_a_good_store_gives_what_it_holds(url: str, make_claim: MakeClaim) -> None:
    await filled(url, make_claim())
    async with kept_open(url) as (keeper, kept):
        assert kept is not None
        assert kept.claims == (make_claim(),)
        assert kept.revision is not None
        assert kept.revision.revision == "r1"
        assert keeper.problem is None
        assert await keeper.mend() is None, "there is nothing to mend"
        with pytest.raises(StoreLocked):
            await StoreKeeper.open(url)
    await (await Store.open(url)).close()


async def test_a_store_with_a_garbled_header_is_set_aside_and_another_begun(url: str, path: Path) -> None:
    await filled(url)
    garble(path, 0, 100)
    damaged = content(path)
    with capture_logs() as logs:
        async with kept_open(url) as (keeper, kept):
            assert kept == Kept()
            await keeper.write([Audit(1.0, "job.paused")])
    assert salvaged_lines(logs) == [("controller.db.corrupt-1", 0, False)]
    assert content(path.with_name("controller.db.corrupt-1")) == damaged
    assert await stored_claims(url) == []


async def test_claims_that_can_still_be_read_are_salvaged(url: str, path: Path, make_claim: MakeClaim) -> None:
    claims = [make_claim(f"c{n}", job_id=f"job_{n}") for n in range(3)]
    await filled(url, *claims, padding=200)
    await garbled_table(url, path, "revisions")  # it is needed to go on from the file
    with capture_logs() as logs:
        async with kept_open(url) as (_keeper, kept):
            assert kept is not None
            assert kept.claims == tuple(claims)
            assert kept.revision is None
    assert salvaged_lines(logs) == [("controller.db.corrupt-1", 3, True)]


STORM = OpenedIncident("i1", Incident("storm", "wires are down", 1.0, author="ann", everything=True))
HELD = PlacedHold("h1", Hold(JobKey("main", "job_1"), "ann", "a complaint", 1.0), "US renewals")


async def garbled_table(url: str, path: Path, name: str) -> None:
    """Damage the page on which a table begins."""
    store = await Store.open(url)
    with store._engine.connect() as connection:
        text = f"SELECT rootpage FROM sqlite_master WHERE name = '{name}'"  # noqa: S608 - a name of ours
        page = connection.exec_driver_sql(text).scalar_one()
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    await store.close()
    garble(path, (page - 1) * size, size)


async def with_controls(url: str) -> None:
    store = await Store.open(url)
    await store.write([PutIncident(STORM), PutHold(HELD)])
    await store.close()


async def test_incidents_and_holds_are_salvaged_with_the_claims(url: str, path: Path, make_claim: MakeClaim) -> None:
    await filled(url, make_claim(), padding=200)
    await with_controls(url)
    await garbled_table(url, path, "revisions")
    async with kept_open(url) as (_keeper, kept):
        assert kept is not None
        assert (kept.incidents, kept.holds) == ((STORM,), (HELD,))


@pytest.mark.parametrize("table", ["incidents", "holds"])
async def test_where_stops_cannot_be_read_an_incident_takes_their_place(
    url: str, path: Path, make_claim: MakeClaim, table: str
) -> None:
    await filled(url, make_claim(), padding=200)
    await with_controls(url)
    await garbled_table(url, path, table)
    async with kept_open(url) as (_keeper, kept):
        assert kept is not None
        assert kept.claims == (make_claim(),)
        stands = [opened.incident for opened in kept.incidents if opened.source == "store"]
        assert [(each.name, each.everything, each.until) for each in stands] == [("store-damaged", True, math.inf)]
        assert "controller.db.corrupt-1 could not be read" in stands[0].reason
    async with kept_open(url) as (_keeper, kept):
        assert kept is not None
        assert "store-damaged" in [each.incident.name for each in kept.incidents], "until a person closes it"


async def test_nothing_that_was_set_aside_before_is_overwritten(url: str, path: Path) -> None:
    await filled(url)
    for _ in range(3):
        garble(path, 0, 100)
        async with kept_open(url) as (_keeper, kept):
            assert kept is not None
    names = sorted(file.name for file in path.parent.iterdir() if "corrupt" in file.name)
    assert [name for name in names if not name.endswith(("-wal", "-shm"))] == [
        f"controller.db.corrupt-{n}" for n in (1, 2, 3)
    ]


async def test_damage_that_a_write_meets_is_mended_and_asks_for_everything_again(url: str, path: Path) -> None:
    await filled(url, padding=400)
    async with kept_open(url) as (keeper, _kept):
        garble(path, 4096, 10**9)
        with pytest.raises(StoreError) as refused:
            await keeper.write([Audit(float(n), "job.paused", detail="y" * 3000) for n in range(50)])
        assert refused.value.reason is StoreReason.CORRUPT
        assert await keeper.mend() == Kept(), "what it held was handed over before"
        await keeper.write([Audit(1.0, "job.paused")])
        assert keeper.problem is None
    assert path.with_name("controller.db.corrupt-1").exists()


async def test_a_file_that_is_removed_under_the_daemon_is_made_anew(url: str, path: Path) -> None:
    await filled(url)
    async with kept_open(url) as (keeper, _kept):
        for file in path.parent.glob("controller.db*"):
            if not file.name.endswith(".lock"):
                file.unlink()
        with pytest.raises(StoreError, match="was removed or replaced") as refused:
            await keeper.write([Audit(1.0, "job.paused")])
        assert refused.value.reason is StoreReason.MISSING
        assert await keeper.mend() == Kept()
        await keeper.write([Audit(2.0, "job.paused")])
    assert await stored_claims(url) == []


async def test_a_backup_that_is_put_in_its_place_is_read(url: str, path: Path, make_claim: MakeClaim) -> None:
    await filled(url, make_claim())
    shutil.copy(path, path.with_name("backup"))
    async with kept_open(url) as (keeper, _kept):
        path.with_name("backup").replace(path)
        with pytest.raises(StoreError, match="was removed or replaced"):
            await keeper.write([Audit(1.0, "job.paused")])
        kept = await keeper.mend()
        assert kept is not None
        assert kept.claims == (make_claim(),)
    assert not list(path.parent.glob("*.corrupt-*"))


async def test_a_store_that_was_ours_and_cannot_be_opened_is_waited_for(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch, make_claim: MakeClaim
) -> None:
    await filled(url, make_claim())
    whole = store_module.create_file

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(store_module, "create_file", full)
    async with kept_open(url) as (keeper, kept):
        assert kept is None
        assert keeper.problem is not None
        assert keeper.problem.reason is StoreReason.FULL
        for attempt in (keeper.write([Audit(1.0, "job.paused")]), keeper.mend()):
            with pytest.raises(StoreError, match="No space left"):
                await attempt
        with pytest.raises(StoreLocked):
            await StoreKeeper.open(url)
        monkeypatch.setattr(store_module, "create_file", whole)
        late = await keeper.mend()
        assert late is not None
        assert late.claims == (make_claim(),)
        await keeper.write([Audit(1.0, "job.paused")])


async def test_what_was_salvaged_is_kept_until_another_store_can_be_made(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch, make_claim: MakeClaim
) -> None:
    await filled(url, make_claim(), padding=200)
    whole = Store.open_locked
    calls = 0

    async def fails_twice(path: Path) -> Store:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise StoreError(StoreReason.CORRUPT, "malformed")
        if calls == 2:
            raise StoreError(StoreReason.FULL, "no room")
        return await whole(path)

    monkeypatch.setattr(Store, "open_locked", fails_twice)
    async with kept_open(url) as (keeper, kept):
        assert kept is None
        late = await keeper.mend()
        assert late is not None
        assert late.claims == (make_claim(),)
    assert path.with_name("controller.db.corrupt-1").exists()


async def test_damage_that_no_write_has_met_is_found_by_a_look_at_the_file(
    url: str, path: Path, make_claim: MakeClaim
) -> None:
    await filled(url, make_claim(), padding=400)
    async with kept_open(url) as (keeper, _kept):
        assert await keeper.damaged() is None
        garble(path, 4096, 10**9)
        problem = await keeper.damaged()
        assert problem is not None
        assert str(path) in problem
        with pytest.raises(StoreError) as refused:
            await keeper.write([Audit(1.0, "job.paused")])
        assert refused.value.reason is StoreReason.CORRUPT
        assert await keeper.mend() == Kept()
        await keeper.write([Audit(1.0, "job.paused")])
        assert await keeper.damaged() is None
    assert await keeper.damaged() is None, "there is nothing to look at any more"


async def test_a_crash_before_anything_is_written_into_the_other_store_loses_nothing(
    url: str, path: Path, make_claim: MakeClaim
) -> None:
    await filled(url, make_claim(), padding=400)
    async with kept_open(url) as (keeper, _kept):
        garble(path, 4096 * 40, 10**9)
        with pytest.raises(StoreError):
            await keeper.write([Audit(float(n), "job.paused", detail="y" * 3000) for n in range(50)])
        assert await keeper.mend() == Kept()
    with capture_logs() as logs:
        for _ in range(2):
            async with kept_open(url) as (keeper, kept):
                assert kept is not None
                assert kept.claims == (make_claim(),)
                await keeper.write([Audit(1.0, "job.paused")])
    assert salvaged_lines(logs) == [("controller.db.corrupt-1", 1, True)], "and then it is in the new one"


async def test_a_file_that_was_never_ours_is_refused_and_kept_however_often(url: str, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(NOTES)  # noqa: ASYNC240 - nothing else runs
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            await StoreKeeper.open(url)
        assert refused.value.reason is StoreReason.CORRUPT
        assert content(path) == NOTES


async def test_a_newer_schema_ends_the_start_although_the_store_is_ours(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(url)
    monkeypatch.setattr("controller.store.schema.SCHEMA", 0)
    with pytest.raises(StoreError) as refused:
        await StoreKeeper.open(url)
    assert refused.value.reason is StoreReason.NEWER_SCHEMA
    monkeypatch.undo()
    await (await Store.open(url)).close()


async def test_a_closed_keeper_writes_nothing_more(url: str) -> None:
    keeper, _kept = await StoreKeeper.open(url)
    await keeper.close()
    await keeper.close()
    with pytest.raises(StoreError, match="was closed"):
        await keeper.write([Audit(1.0, "job.paused")])
