import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.store.errors import StoreError, StoreLocked, StoreReason
from controller.store.lock import StoreLock, lock_holder


def test_a_lock_that_is_held_is_refused_with_the_holders_process_id(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    with StoreLock(store), pytest.raises(StoreLocked) as refused:
        StoreLock(store)
    assert refused.value.pid == os.getpid()
    assert refused.value.reason is StoreReason.LOCKED
    assert str(refused.value) == f"{store} is in use by process {os.getpid()}: only one process may write a store"


def test_a_holder_whose_id_cannot_be_read_is_another_process(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    with StoreLock(store) as lock:
        lock.path.write_text("")
        with pytest.raises(StoreLocked, match="is in use by another process") as refused:
            StoreLock(store)
    assert refused.value.pid is None


def test_a_released_lock_can_be_taken_again_and_its_file_stays(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "a.db")
    lock.release()
    lock.release()
    assert lock.path.name == "a.db.lock"
    assert lock.path.exists()
    StoreLock(tmp_path / "a.db").release()


def test_a_longer_process_id_of_before_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.db.lock").write_text("99999999999999999")
    with StoreLock(tmp_path / "a.db") as lock:
        assert lock.path.read_text().strip() == str(os.getpid())


def test_the_lock_file_is_the_owners_alone(tmp_path: Path) -> None:
    with StoreLock(tmp_path / "a.db") as lock:
        assert lock.path.stat().st_mode & 0o777 == 0o600


def test_a_child_process_does_not_keep_the_lock(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "a.db")
    command = [sys.executable, "-S", "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child:
        assert child.stdout is not None
        child.stdout.readline()  # it runs its own program now: until then it is a copy of this process
        lock.release()
        StoreLock(tmp_path / "a.db").release()
        assert child.poll() is None
        child.communicate(b"\n")


def test_a_lock_file_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.db.lock").mkdir()
    with pytest.raises(StoreError, match=r"a\.db\.lock: cannot be locked: Is a directory") as refused:
        StoreLock(tmp_path / "a.db")
    assert refused.value.reason is StoreReason.UNWRITABLE


def test_a_file_system_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("controller.store.lock.fcntl.flock", flock)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(StoreError, match="No locks available") as refused:
        StoreLock(tmp_path / "a.db")
    assert refused.value.reason is StoreReason.UNWRITABLE
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_outlives_the_store_is_kept_for_the_next_holder(tmp_path: Path) -> None:
    with StoreLock(tmp_path / "a.db") as lock:
        assert (lock.known, lock.aside) == (False, None)
        lock.mark_known()
        lock.note_aside("a.db.corrupt-12")
    with StoreLock(tmp_path / "a.db") as lock:
        assert (lock.known, lock.aside) == (True, "a.db.corrupt-12")
        lock.note_aside(None)
    with StoreLock(tmp_path / "a.db") as lock:
        assert (lock.known, lock.aside) == (True, None)
    lock.mark_known()  # nothing is written any more


HOLD = """\
import sys
from pathlib import Path
from controller.store.lock import StoreLock
with StoreLock(Path(sys.argv[1])):
    print(flush=True)
    input()
"""


def test_the_holder_is_seen_from_another_process_and_keeps_the_lock(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    assert lock_holder(store) is None
    assert list(tmp_path.iterdir()) == []
    command = [sys.executable, "-c", HOLD, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert lock_holder(store) == child.pid
        with pytest.raises(StoreLocked):
            StoreLock(store)
        child.communicate(b"\n")
    assert lock_holder(store) is None
    assert lock_holder(tmp_path / "other.db") is None


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("1: FLOCK  ADVISORY  WRITE {pid} {device}:{inode} 0 EOF", True),
        ("1: FLOCK  ADVISORY  WRITE {pid} 00:ff:{inode} 0 EOF", True),  # as btrfs has it: another device than stat's
        ("1: FLOCK  ADVISORY  WRITE 1 00:ff:{inode} 0 EOF", False),
        ("1: FLOCK  ADVISORY  WRITE {pid} {device}:1 0 EOF", False),
        ("1: FLOCK  ADVISORY  READ  {pid} {device}:{inode} 0 EOF", False),
        ("1: POSIX  ADVISORY  WRITE {pid} {device}:{inode} 0 EOF", False),
        ("1: -> FLOCK  ADVISORY  WRITE {pid} {device}:{inode} 0 EOF", False),  # it waits for the lock
        ("", False),
    ],
)
def test_of_the_kernel_s_list_only_our_kind_of_lock_on_our_file_counts(
    tmp_path: Path, line: str, *, seen: bool
) -> None:
    with StoreLock(tmp_path / "a.db") as lock:
        file = lock.path.stat()
        device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}"
        (tmp_path / "locks").write_text(line.format(pid=os.getpid(), device=device, inode=file.st_ino) + "\n")
        found = lock_holder(tmp_path / "a.db", tmp_path / "locks")
    assert found == (os.getpid() if seen else None)


def test_without_the_kernel_s_list_nothing_can_be_said(tmp_path: Path) -> None:
    with StoreLock(tmp_path / "a.db"), pytest.raises(OSError, match="No such file"):
        lock_holder(tmp_path / "a.db", tmp_path / "none")
