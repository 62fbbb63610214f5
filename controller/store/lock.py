"""The writer's lock: `flock` on a file beside the store, let go by the kernel however the process ends."""

import errno
import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from controller.store.errors import StoreError, StoreLocked, StoreReason

_KNOWN: Final = "opened"
_LENGTH: Final = 512
_HELD: Final = (errno.EAGAIN, errno.EACCES)
_LOCKS: Final = Path("/proc/locks")
_HOLDS: Final = re.compile(r"\d+: FLOCK +\w+ +WRITE +(\d+) ([0-9a-f]+:[0-9a-f]+):(\d+) ")
"""A lock like ours as the kernel lists it (proc_locks(5)): process, device, inode. One waited for has an arrow."""


class StoreLock:
    """Held from construction until `release`.

    The file `<store>.lock` holds the holder's process id, for messages only, and what outlives the store: `known` says
    whether a store of ours was ever opened here, `aside` names the damaged one whose content nobody took over yet. It
    is never deleted: a deleted lock file would let two processes lock two files of one name.

    Raises StoreLocked where another process (or this one) holds it, StoreError where the file cannot be used.
    """

    def __init__(self, store: Path) -> None:
        self.path = lock_path(store)
        self._descriptor: int | None = None
        try:
            self._descriptor = _take(store, self.path)
            _pid, self.known, self.aside = _read(self._descriptor)
            self._write()
        except OSError as error:
            self.release()
            message = f"{self.path}: cannot be locked: {error.strerror}; the folder of a store must be writable"
            raise StoreError(StoreReason.UNWRITABLE, message) from error

    def mark_known(self) -> None:
        """Note that the store is one of ours, for all that lock it later: what is damaged there may be set aside."""
        self.known = True
        self._write()

    def note_aside(self, name: str | None) -> None:
        """Note which damaged store waits for its content to be taken over; None: none does."""
        self.aside = name
        self._write()

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self) -> None:
        if self._descriptor is None:
            return
        with suppress(OSError):  # a full disk: the lock holds without a text
            lines = [str(os.getpid()), *([_KNOWN] if self.known else []), *([self.aside] if self.aside else [])]
            text = os.fsencode("\n".join(lines))
            # Of one length, so that no end of an older text is read with it.
            os.pwrite(self._descriptor, text.ljust(_LENGTH), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def lock_path(store: Path) -> Path:
    """The lock file of a store."""
    return store.with_name(f"{store.name}.lock")


def lock_holder(store: Path, locks: Path = _LOCKS) -> int | None:
    """The process that holds a store's lock, as the kernel tells it; None where none does that can be seen from here.

    To look takes nothing: who tries the lock instead keeps a daemon that starts meanwhile from having it. Raises
    OSError where the kernel, or the lock file's folder, says nothing.
    """
    try:
        file = lock_path(store).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}"
    written = _written_pid(lock_path(store))
    for line in locks.read_text().splitlines():
        held = _HOLDS.match(line)
        # Some file systems give the kernel's list another device than stat.
        if held and held[3] == str(file.st_ino) and (held[2] == device or held[1] == written):
            return int(held[1])
    return None


def _written_pid(path: Path) -> str | None:
    try:
        return path.read_bytes()[:_LENGTH].split(b"\n")[0].strip().decode("ascii", "replace")
    except OSError:  # the daemon's user alone may read it
        return None


def _take(store: Path, path: Path) -> int:
    """The descriptor of the locked file, closed by exec so that no child keeps the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        pid = _holder(descriptor) if error.errno in _HELD else None
        os.close(descriptor)
        if error.errno in _HELD:
            raise StoreLocked(store, pid) from error
        raise
    return descriptor


def _holder(descriptor: int) -> int | None:
    return _read(descriptor)[0]


def _read(descriptor: int) -> tuple[int | None, bool, str | None]:
    """The holder's process id, whether a store of ours was opened, and which one was set aside."""
    pid, *lines = os.fsdecode(os.pread(descriptor, _LENGTH, 0)).strip().split("\n")
    known = lines[:1] == [_KNOWN]
    return (int(pid) if pid.isdigit() else None), known, (lines[1] if known and len(lines) > 1 else None)
