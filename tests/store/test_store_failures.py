"""Whatever is in the way comes out as a StoreError that says what, where, and what would be right."""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from controller.core.claim import Claim
from controller.store import sqlite
from controller.store import store as store_module
from controller.store.changes import Audit, PutClaim
from controller.store.errors import StoreError, StoreReason
from controller.store.reader import StoreReader
from controller.store.records import AuditFilter
from controller.store.store import Store
from controller.store.tables import SCHEMA

ReaderOrStore = type[Store] | type[StoreReader]


def run_sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def content(path: Path) -> bytes:
    return path.read_bytes()


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20_000] + b"\xff" * 20_000)


async def refusal(opener: ReaderOrStore, url: str) -> StoreError:
    with pytest.raises(StoreError) as refused:
        await opener.open(url)
    return refused.value


@pytest.mark.parametrize("opener", [Store, StoreReader])
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://host/db", "a store on postgresql is not supported; use sqlite:///PATH"),
        ("sqlite+aiosqlite:///a.db", "a store on sqlite+aiosqlite is not supported; use sqlite:///PATH"),
        ("sqlite://", "a store in memory would forget every claim; use sqlite:///PATH"),
        ("sqlite:///:memory:", "a store in memory would forget every claim; use sqlite:///PATH"),
        ("sqlite://var/a.db", "a store URL takes no host and no options"),
        ("sqlite:///a.db?mode=memory", "a store URL takes no host and no options"),
        ("var/a.db", "'var/a.db' is not a store URL; use sqlite:///PATH"),
    ],
)
async def test_a_url_that_is_no_file_is_refused(opener: ReaderOrStore, url: str, message: str) -> None:
    error = await refusal(opener, url)
    assert error.reason is StoreReason.UNSUPPORTED
    assert str(error).startswith(message)


@pytest.mark.parametrize("opener", [Store, StoreReader])
async def test_a_file_that_is_no_database_is_refused_and_kept(opener: ReaderOrStore, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"these are notes, not a database\n" * 100)
    before = content(path)
    error = await refusal(opener, f"sqlite:///{path}")
    assert error.reason is StoreReason.CORRUPT
    assert str(error) == f"{path}: file is not a database"
    assert content(path) == before


async def test_damage_found_later_is_named_too(url: str, path: Path) -> None:
    store = await Store.open(url)
    await store.write([Audit(float(n), "job.paused", detail="x" * 500) for n in range(100)])
    await store.close()
    damage(path)
    store = await Store.open(url)
    with pytest.raises(StoreError) as refused:
        await store.audit_rows(AuditFilter())
    assert refused.value.reason is StoreReason.CORRUPT
    await store.close()


@pytest.mark.parametrize("opener", [Store, StoreReader])
async def test_a_newer_schema_is_refused_and_nothing_is_changed(opener: ReaderOrStore, url: str, path: Path) -> None:
    await (await Store.open(url)).close()
    run_sql(path, "UPDATE alembic_version SET version_num = '0099'")
    before = content(path)
    error = await refusal(opener, url)
    assert error.reason is StoreReason.NEWER_SCHEMA
    assert f"has schema 99, written by a newer version; this one knows {SCHEMA}" in str(error)
    assert content(path) == before
    run_sql(path, f"UPDATE alembic_version SET version_num = '{SCHEMA:04}'")  # noqa: S608 - a number of ours
    await (await Store.open(url)).close()  # the lock was let go


async def test_a_reader_refuses_an_older_schema_and_leaves_it(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Store.open(url)).close()
    monkeypatch.setattr("controller.store.reader.SCHEMA", SCHEMA + 1)
    before = content(path)
    error = await refusal(StoreReader, url)
    assert error.reason is StoreReason.OLDER_SCHEMA
    assert f"has schema {SCHEMA}, this version reads {SCHEMA + 1}" in str(error)
    assert content(path) == before


@pytest.mark.parametrize("opener", [Store, StoreReader])
@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE cookies (host TEXT)"],
        ["CREATE TABLE claims (id TEXT)", "CREATE TABLE audit (id TEXT)"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0001')"],
        [
            "CREATE TABLE claims (id TEXT)",
            "CREATE TABLE audit (id TEXT)",
            "CREATE TABLE alembic_version (version_num TEXT)",
            "INSERT INTO alembic_version VALUES ('1f3a5b7c9d')",
        ],
    ],
)
async def test_another_programs_database_is_refused(
    opener: ReaderOrStore, tmp_path: Path, statements: list[str]
) -> None:
    path = tmp_path / "a.db"
    run_sql(path, *statements)
    before = content(path)
    error = await refusal(opener, f"sqlite:///{path}")
    assert error.reason is StoreReason.FOREIGN
    assert content(path) == before


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder in which the process may not write, as somebody unprivileged, since nothing is read-only to root."""
    # Not under tmp_path, whose parents only its owner may enter.
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)
        folder.chmod(0o755)


async def test_a_read_only_folder_is_refused(read_only_folder: Path) -> None:
    error = await refusal(Store, f"sqlite:///{read_only_folder / 'a.db'}")
    assert error.reason is StoreReason.UNWRITABLE
    lock = read_only_folder / "a.db.lock"
    assert str(error) == f"{lock}: cannot be locked: Permission denied; the folder of a store must be writable"


async def test_a_folder_that_cannot_be_made_is_refused(read_only_folder: Path) -> None:
    error = await refusal(Store, f"sqlite:///{read_only_folder / 'var' / 'a.db'}")
    assert error.reason is StoreReason.UNWRITABLE
    assert str(error) == f"{read_only_folder / 'var'}: Permission denied"


async def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    error = await refusal(Store, f"sqlite:///{tmp_path / 'var' / 'a.db'}")
    assert error.reason is StoreReason.UNWRITABLE
    assert str(tmp_path / "var") in str(error)


async def test_a_database_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    error = await refusal(Store, f"sqlite:///{tmp_path / 'a.db'}")
    assert error.reason is StoreReason.UNWRITABLE
    assert str(error) == f"{tmp_path / 'a.db'}: Is a directory"


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, StoreReason.FULL), (errno.EIO, StoreReason.IO), (errno.EROFS, StoreReason.UNWRITABLE)],
)
async def test_an_error_of_the_operating_system_is_named(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: StoreReason
) -> None:
    def create_file(_: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(store_module, "create_file", create_file)
    error = await refusal(Store, url)
    assert (error.reason, str(error)) == (reason, f"{path}: {os.strerror(number)}")


async def test_a_full_disk_refuses_the_batch_and_keeps_what_was_there(
    url: str, monkeypatch: pytest.MonkeyPatch, make_claim: Callable[..., Claim]
) -> None:
    await (await Store.open(url)).close()
    monkeypatch.setattr(store_module, "WRITER", (*sqlite.WRITER, "PRAGMA max_page_count = 40"))
    store = await Store.open(url)
    await store.write([PutClaim(make_claim())])
    with pytest.raises(StoreError, match="database or disk is full") as refused:
        await store.write([Audit(1.0, "job.paused", detail="x" * 1000)] * 200)
    assert refused.value.reason is StoreReason.FULL
    assert "xxx" not in str(refused.value)
    assert await store.open_claims() == [make_claim()]
    assert await store.audit_rows(AuditFilter()) == []
    await store.write([Audit(2.0, "job.paused")])  # a smaller batch still fits
    await store.close()


async def test_somebody_elses_write_lock_is_waited_for_and_then_named(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    store = await Store.open(url)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked") as refused:
        await store.write([Audit(1.0, "job.paused")])
    assert refused.value.reason is StoreReason.BUSY
    assert await store.open_claims() == []
    other.execute("ROLLBACK")
    other.close()
    await store.write([Audit(1.0, "job.paused")])
    await store.close()


async def test_what_no_driver_raised_is_a_store_error_too(url: str) -> None:
    store = await Store.open(url)
    store._engine.pool._timeout = 0  # type: ignore[attr-defined]
    with ExitStack() as taken:
        for _ in range(15):  # as many as the pool gives
            taken.enter_context(store._engine.connect())
        with pytest.raises(StoreError, match="QueuePool limit") as refused:
            await store.open_claims()
    assert refused.value.reason is StoreReason.FAILED
    await store.close()


def test_a_driver_error_without_a_code_has_failed() -> None:
    with pytest.raises(StoreError) as refused, sqlite.store_errors(Path("a.db")):
        raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
    assert refused.value.reason is StoreReason.FAILED
