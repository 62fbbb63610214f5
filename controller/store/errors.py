"""What can go wrong with the store. Imports nothing slow, so that any caller may name these."""

from enum import StrEnum
from pathlib import Path


class StoreReason(StrEnum):
    """The bounded set of reasons: log field and metric label."""

    LOCKED = "locked"
    """Another process writes this store."""
    BUSY = "busy"
    """Somebody else holds the database's own write lock."""
    FULL = "full"
    """The disk or a quota."""
    UNWRITABLE = "unwritable"
    """Permissions, a read-only disk, or a path that cannot be opened."""
    CORRUPT = "corrupt"
    """Not a database, or a damaged one."""
    MISSING = "missing"
    """The file that was opened is no longer there, or another one is in its place."""
    FOREIGN = "foreign"
    """A database, but of another program."""
    NEWER_SCHEMA = "newer_schema"
    OLDER_SCHEMA = "older_schema"
    UNSUPPORTED = "unsupported"
    """A URL that this version cannot serve."""
    REFUSED = "refused"
    """A change that breaks a rule of the store; nothing of its batch was written."""
    IO = "io"
    """The operating system failed to read or write."""
    SLOW = "slow"
    """A write takes so long that nobody waits for it any more; it may end well yet."""
    CLOSED = "closed"
    FAILED = "failed"
    """Anything else."""


class StoreError(Exception):
    """Anything that kept the store from reading or writing. A write that raised it is to be taken as not done."""

    def __init__(self, reason: StoreReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class StoreLocked(StoreError):  # noqa: N818 - named for what the caller meets
    """Another process holds the writer's lock; `pid` is None where it could not be read."""

    def __init__(self, path: Path, pid: int | None) -> None:
        holder = "another process" if pid is None else f"process {pid}"
        super().__init__(StoreReason.LOCKED, f"{path} is in use by {holder}: only one process may write a store")
        self.pid = pid
