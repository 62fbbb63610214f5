import asyncio
import importlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from controller.core.claim import Claim, ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.job import JobKey
from controller.store.changes import Audit, Change, OpenFinding, PutClaim, UseRevision
from controller.store.errors import StoreError, StoreLocked, StoreReason
from controller.store.reader import StoreReader
from controller.store.records import AuditFilter
from controller.store.store import Store

MakeClaim = Callable[..., Claim]


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_what_was_written_is_there_after_a_restart(url: str, make_claim: MakeClaim) -> None:
    finding = Finding(JobKey("main", "job_1"), FindingKind.SCHEDULE_MISSING, "none", {"a": 1})
    store = await Store.open(url)
    await store.write(
        [
            PutClaim(make_claim()),
            OpenFinding(finding, 10.0),
            UseRevision("abc", {"a.yaml": "x"}, "2026.6", "0.109", 20.0),
            Audit(30.0, "job.paused"),
        ],
    )
    await store.close()

    store = await Store.open(url)
    assert await store.open_claims() == await store.claims() == [make_claim()]
    assert await store.claims(JobKey("main", "other")) == []
    assert await store.open_findings() == [(finding, 10.0)]
    revision = await store.last_revision()
    assert revision is not None
    assert (revision.revision, revision.sources) == ("abc", {"a.yaml": "x"})
    assert [row.event for row in await store.audit_rows(AuditFilter(limit=5))] == ["job.paused"]
    await store.close()


async def test_folder_and_files_are_the_owners_alone(store: Store, path: Path) -> None:
    await store.write([Audit(1.0, "job.paused")])
    assert path.parent.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        ["controller.db", "controller.db-wal", "controller.db-shm", "controller.db.lock"],
        0o600,
    )


async def test_an_existing_folder_keeps_its_mode(url: str, path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    await (await Store.open(url)).close()
    assert path.parent.stat().st_mode & 0o777 == 0o755


async def test_commits_are_durable_and_reads_stay_possible(store: Store) -> None:
    with store._engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 5000]


async def test_a_path_with_odd_characters_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "a folder %20 #1" / "contrôle.db"
    store = await Store.open(f"sqlite:///{path}")
    await store.write([Audit(1.0, "job.paused")])
    await store.close()
    assert rows(path, "SELECT count(*) FROM audit") == [(1,)]


async def test_two_names_of_one_file_are_one_store(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    store = await Store.open(f"sqlite:///{tmp_path / 'real' / 'a.db'}")
    with pytest.raises(StoreLocked):
        await Store.open(f"sqlite:///{tmp_path / 'linked' / 'a.db'}")
    await store.close()


async def test_a_second_writer_is_refused_until_the_first_closes(store: Store, url: str) -> None:
    with pytest.raises(StoreLocked, match="is in use by process"):
        await Store.open(url)
    await store.close()
    await (await Store.open(url)).close()


async def test_two_hundred_claims_are_one_transaction_of_few_statements(store: Store, make_claim: MakeClaim) -> None:
    statements: list[str] = []
    event.listen(
        store._engine,
        "before_cursor_execute",
        lambda *args: statements.append(args[2].split()[0]),
    )
    changes: list[Change] = []
    for number in range(200):
        claim = make_claim(f"c{number}", job_id=f"job_{number}")
        changes += [PutClaim(claim), Audit(1.0, "job.paused", job_id=claim.job_id)]
    await store.write(changes)
    assert statements == ["BEGIN", "INSERT", "INSERT"]
    assert len(await store.open_claims()) == 200
    assert len(await store.audit_rows(AuditFilter())) == 200


async def test_writing_nothing_touches_nothing(store: Store) -> None:
    begun: list[object] = []
    event.listen(store._engine, "begin", begun.append)
    await store.write([])
    assert begun == []


async def test_a_second_open_claim_refuses_its_whole_batch(store: Store, make_claim: MakeClaim) -> None:
    await store.write([PutClaim(make_claim("c1"))])
    with pytest.raises(StoreError, match="UNIQUE constraint failed") as refused:
        await store.write(
            [PutClaim(make_claim("c3", job_id="other")), PutClaim(make_claim("c2")), Audit(1.0, "job.paused")],
        )
    assert refused.value.reason is StoreReason.REFUSED
    assert await store.open_claims() == [make_claim("c1")]
    assert await store.audit_rows(AuditFilter()) == []
    await store.write([PutClaim(make_claim("c1")._replace(state=ClaimState.HELD))])


async def test_facts_that_are_not_json_refuse_their_whole_batch(store: Store, make_claim: MakeClaim) -> None:
    with pytest.raises(StoreError, match="a change holds what JSON cannot say") as refused:
        await store.write([PutClaim(make_claim()), Audit(1.0, "job.paused", facts={"until": float("inf")})])
    assert refused.value.reason is StoreReason.REFUSED
    assert await store.open_claims() == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET event = 'other'", "DELETE FROM audit"])
async def test_the_audit_cannot_be_changed_by_anybody(store: Store, path: Path, statement: str) -> None:
    await store.write([Audit(1.0, "job.paused")])
    with pytest.raises(sqlite3.IntegrityError, match="the audit is append-only"):
        rows(path, statement)
    assert rows(path, "SELECT event FROM audit") == [("job.paused",)]


async def test_writes_from_several_tasks_are_done_one_after_the_other(store: Store) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(store.write([Audit(float(number), "job.paused"), Audit(float(number), "job.resumed")]))
    found = [(row.at, row.event) for row in await store.audit_rows(AuditFilter())]
    assert found == [(float(n), event) for n in range(20) for event in ("job.paused", "job.resumed")]


async def test_reads_go_on_beside_writes(store: Store) -> None:
    async def read() -> None:
        for _ in range(20):
            assert len(await store.audit_rows(AuditFilter())) % 10 == 0

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        for _ in range(20):
            group.create_task(store.write([Audit(1.0, "job.paused")] * 10))


async def test_a_cancelled_writer_leaves_a_whole_batch_and_a_working_store(store: Store) -> None:
    task = asyncio.create_task(store.write([Audit(1.0, "job.paused")] * 10))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write([Audit(2.0, "job.resumed")])
    assert [row.at for row in await store.audit_rows(AuditFilter())] == [1.0] * 10 + [2.0]


async def test_a_cancelled_writer_whose_write_fails_leaves_no_warning(store: Store, make_claim: MakeClaim) -> None:
    await store.write([PutClaim(make_claim("c1"))])
    task = asyncio.create_task(store.write([PutClaim(make_claim("c2"))]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()  # an exception that nobody looked at would fail this test


async def test_close_waits_for_the_writes_under_way(url: str, path: Path) -> None:
    store = await Store.open(url)
    writes = [asyncio.create_task(store.write([Audit(1.0, "job.paused")])) for _ in range(5)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*writes)
    assert rows(path, "SELECT count(*) FROM audit") == [(5,)]


async def test_a_closed_store_does_nothing_more(url: str) -> None:
    store = await Store.open(url)
    await store.close()
    await store.close()
    for attempt in (store.write([Audit(1.0, "job.paused")]), store.open_claims()):
        with pytest.raises(StoreError, match="was closed") as refused:
            await attempt
        assert refused.value.reason is StoreReason.CLOSED


async def test_a_reader_sees_each_commit_of_a_running_writer(store: Store, url: str, make_claim: MakeClaim) -> None:
    reader = await StoreReader.open(url)
    assert reader is not None
    assert await reader.open_claims() == []
    await store.write([PutClaim(make_claim())])
    assert await reader.open_claims() == [make_claim()]
    await reader.close()
    await store.write([Audit(1.0, "job.paused")])


@pytest.mark.usefixtures("store")
async def test_a_reader_cannot_write(url: str) -> None:
    reader = await StoreReader.open(url)
    assert reader is not None
    async with reader._engine.connect() as connection:
        with pytest.raises(Exception, match="attempt to write a readonly database"):
            await connection.exec_driver_sql("DELETE FROM claims")
    await reader.close()


async def test_a_reader_of_no_database_is_none_and_creates_nothing(url: str, path: Path) -> None:
    assert await StoreReader.open(url) is None
    assert not path.parent.exists()


def test_a_reader_of_an_empty_file_is_none_and_leaves_it_empty(url: str, path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert asyncio.run(StoreReader.open(url)) is None
    assert path.read_bytes() == b""
    assert list(path.parent.iterdir()) == [path]


async def test_a_reader_after_the_writer_leaves_no_file_behind(url: str, path: Path) -> None:
    await (await Store.open(url)).close()
    before = sorted(path.parent.iterdir())
    reader = await StoreReader.open(url)
    assert reader is not None
    assert await reader.open_claims() == []
    await reader.close()
    assert sorted(path.parent.iterdir()) == before


@pytest.mark.parametrize("module", ["changes", "errors", "records", "lock"])
def test_what_only_says_words_loads_no_database_library(module: str) -> None:
    name = f"controller.store.{module}"
    importlib.import_module(name)
    script = f"import sys, {name}; print(*({{'sqlalchemy', 'alembic', 'aiosqlite'}} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


async def test_an_up_to_date_store_opens_without_alembic(url: str) -> None:
    await (await Store.open(url)).close()
    script = (
        "import asyncio, sys; from controller.store.store import Store\n"
        "async def main(): await (await Store.open(sys.argv[1])).close()\n"
        "asyncio.run(main()); print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=True)  # noqa: ASYNC221 - nothing else runs
    assert ran.stdout.strip() == "False"
