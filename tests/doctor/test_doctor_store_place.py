import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.doctor import store_place
from controller.doctor.check import Check, Verdict
from controller.doctor.running import Running
from controller.doctor.store_place import check_lock, check_store
from controller.store.lock import StoreLock
from controller.store.store import Store
from controller.store.tables import SCHEMA


def store_checks(store: Path, daemon: int | None = None, name: str = "store") -> list[Check]:
    return [check for check in check_store(store, daemon) if check.name == name]


def mounted(folder: Path, kind: str) -> Path:
    """A kernel's list by which everything is on a file system of that kind."""
    (folder / "mounts").write_text(f"27 1 254:0 / / rw,relatime - {kind} /dev/vda rw\n")
    return folder / "mounts"


def everything(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")}


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """A database of statements."""

    def make(*statements: str) -> Path:
        path = tmp_path / "a.db"
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
        return path

    return make


def test_a_store_that_can_be_made_is_fine_and_is_not_made(tmp_path: Path) -> None:
    [check] = store_checks(tmp_path / "var" / "deep" / "a.db")
    assert (check.verdict, check.seen) == (Verdict.OK, f"it is not there yet, and can be made in {tmp_path}")
    assert list(tmp_path.iterdir()) == []


async def test_a_store_that_is_there_is_fine_and_stays_as_it_was(tmp_path: Path) -> None:
    store = tmp_path / "var" / "a.db"
    await (await Store.open(f"sqlite:///{store}")).close()
    before = everything(tmp_path)
    assert [(check.verdict, check.seen) for check in store_checks(store)] == [(Verdict.OK, "it can be written")]
    assert everything(tmp_path) == before


def test_a_folder_that_may_not_be_written_fails(as_nobody: Path) -> None:
    [check] = store_checks(as_nobody / "a.db")
    assert check.verdict is Verdict.FAIL
    assert check.seen.endswith(f" may not write in {as_nobody}")
    assert check.todo == f"let the daemon's user own {as_nobody} and all in it, or set `store` to another place"
    [deeper] = store_checks(as_nobody / "var" / "a.db")
    assert deeper.seen == check.seen


@pytest.mark.parametrize("name", ["a.db", "a.db-wal", "a.db-shm", "a.db.lock"])
def test_each_file_of_a_store_must_be_writable(open_folder: Path, name: str) -> None:
    open_folder.chmod(0o777)
    (open_folder / name).touch()
    (open_folder / name).chmod(0o444)
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        [check] = store_checks(open_folder / "a.db")
    finally:
        os.seteuid(user)
    assert check.verdict is Verdict.FAIL
    assert check.seen.endswith(f" may not read and write {open_folder / name}")


def test_what_is_no_file_or_no_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "file").touch()
    assert [check.seen for check in store_checks(tmp_path / "folder.db")] == [f"{tmp_path}/folder.db is not a file"]
    assert [check.seen for check in store_checks(tmp_path / "file" / "a.db")] == [f"{tmp_path}/file is not a folder"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may do what another may not")
def test_root_is_told_that_its_own_rights_say_nothing_of_the_daemon_s_user(open_folder: Path) -> None:
    os.chown(open_folder, 65534, 65534)
    [check] = store_checks(open_folder / "a.db")
    assert check.verdict is Verdict.WARN
    assert check.seen.startswith(f"checked as root, who may write everywhere, though {open_folder} belongs to user ")
    assert check.todo == "run doctor as the user that the daemon runs as"


def test_another_program_s_database_fails_and_stays_as_it_was(made: Callable[..., Path], tmp_path: Path) -> None:
    store = made("PRAGMA journal_mode = WAL", "CREATE TABLE cookies (host TEXT)")
    before = everything(tmp_path)
    *_, check = store_checks(store)
    assert check.verdict is Verdict.FAIL
    assert check.seen == f"{store}: holds another program's tables; name a file of its own"
    assert everything(tmp_path) == before


def test_what_is_no_database_fails(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("controller: yes\n" * 100)
    *_, check = store_checks(tmp_path / "a.db")
    assert check.verdict is Verdict.FAIL
    assert check.seen == f"{tmp_path}/a.db: file is not a database"
    assert "salvages" in check.todo


async def test_an_older_schema_is_said_to_be_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "a.db"
    await (await Store.open(f"sqlite:///{store}")).close()
    monkeypatch.setattr(store_place, "SCHEMA", 7)
    *_, check = store_checks(store)
    assert (check.verdict, check.seen) == (Verdict.WARN, f"has schema {SCHEMA}; the next start migrates it to 7")


async def test_a_newer_schema_fails(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    await (await Store.open(f"sqlite:///{store}")).close()
    connection = sqlite3.connect(store)
    connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.commit()
    connection.close()
    *_, check = store_checks(store)
    assert check.verdict is Verdict.FAIL
    assert "has schema 999, written by a newer version" in check.seen


async def test_a_store_whose_writer_was_killed_is_left_for_the_next_start(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/a.db")
    assert await store.open_claims() == []
    (tmp_path / "killed").mkdir()
    for name in ("a.db", "a.db-wal"):  # what is on disk while it is open, as a kill leaves it
        shutil.copy(tmp_path / name, tmp_path / "killed" / name)
    await store.close()
    before = everything(tmp_path / "killed")
    *_, check = store_checks(tmp_path / "killed" / "a.db")
    assert check.verdict is Verdict.OK
    assert check.seen == "its last writer was ended amid its work; the next start recovers that"
    assert everything(tmp_path / "killed") == before


def test_into_a_store_that_a_daemon_uses_nobody_looks(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("just now being made")
    assert [check.verdict for check in store_checks(tmp_path / "a.db", os.getpid())] == [Verdict.OK]


@pytest.mark.parametrize(
    ("kind", "verdict", "seen"),
    [
        ("ext4", Verdict.OK, "ext4 at /, "),
        ("nfs4", Verdict.FAIL, "a network file system: nfs4 at /, "),
        ("fuse.unheard", Verdict.WARN, "perhaps not a local disk: fuse.unheard at /, "),
    ],
)
def test_the_disk_must_be_local(tmp_path: Path, kind: str, verdict: Verdict, seen: str) -> None:
    check = check_store(tmp_path / "var" / "a.db", None, mounted(tmp_path, kind))[-1]
    assert (check.name, check.about, check.verdict) == ("disk", str(tmp_path), verdict)
    assert check.seen.startswith(seen)


def test_a_link_to_another_disk_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "var").symlink_to("/proc")
    [check] = store_checks(tmp_path / "var" / "a.db", name="disk")
    assert (check.about, check.seen.split(",")[0]) == ("/proc", "no room: proc at /proc")
    assert check.verdict is Verdict.FAIL


def test_a_disk_with_little_room_is_doubtful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(store_place, "_SCARCE", 2 * free)
    check = check_store(tmp_path / "a.db", None, mounted(tmp_path, "ext4"))[-1]
    assert (check.verdict, check.seen.split(":")[0]) == (Verdict.WARN, "little room")


def test_without_the_kernel_s_list_nobody_can_tell(tmp_path: Path) -> None:
    check = check_store(tmp_path / "a.db", None, tmp_path / "none")[-1]
    assert (check.verdict, check.seen) == (Verdict.WARN, "cannot be told: No such file or directory")
    (tmp_path / "empty").touch()
    check = check_store(tmp_path / "a.db", None, tmp_path / "empty")[-1]
    assert (check.verdict, check.seen) == (Verdict.WARN, "no mount that is listed holds it")


def test_the_lock_is_fine_held_or_not_and_doubtful_where_it_cannot_be_seen() -> None:
    assert check_lock(Running(None, None, None)).verdict is Verdict.OK
    assert check_lock(Running(7, None, None)).seen == "process 7 holds it: a daemon runs on this store"
    unseen = check_lock(Running(None, "/proc/locks: No such file or directory", None))
    assert unseen.verdict is Verdict.WARN
    assert unseen.seen == "whether a daemon holds it cannot be seen: /proc/locks: No such file or directory"


def test_looking_leaves_a_lock_free_for_others(tmp_path: Path) -> None:
    check_store(tmp_path / "a.db", None)
    with StoreLock(tmp_path / "a.db"):
        check_store(tmp_path / "a.db", os.getpid())
