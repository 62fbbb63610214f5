"""The writer's lock: `flock` on a file beside the store, let go by the kernel however the process ends."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Final, Self

from controller.store.errors import StoreError, StoreLocked, StoreReason

_HELD: Final = (errno.EAGAIN, errno.EACCES)


class StoreLock:
    """Held from construction until `release`.

    The file `<store>.lock` holds the holder's process id, for messages only, and is never deleted: a deleted lock file
    would let two processes lock two files of one name.

    Raises StoreLocked where another process (or this one) holds it, StoreError where the file cannot be used.
    """

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(f"{store.name}.lock")
        try:
            self._descriptor: int | None = _take(store, self.path)
        except OSError as error:
            message = f"{self.path}: cannot be locked: {error.strerror}; the folder of a store must be writable"
            raise StoreError(StoreReason.UNWRITABLE, message) from error

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _take(store: Path, path: Path) -> int:
    """The descriptor of the locked file, closed by exec so that no child keeps the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        pid = _holder(descriptor) if error.errno in _HELD else None
        os.close(descriptor)
        if error.errno in _HELD:
            raise StoreLocked(store, pid) from error
        raise
    return descriptor


def _holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0)
    return int(text) if text.isdigit() else None
