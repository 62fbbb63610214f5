"""The store's two faces: `Store`, the one writer, and `StoreReader`, for commands beside a running daemon."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeAlias, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from controller.core.claim import Claim
from controller.core.controls import OpenedIncident, PlacedHold
from controller.core.finding import Finding
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store import control_statements, statements
from controller.store.changes import Change
from controller.store.errors import StoreError, StoreReason
from controller.store.hanging import let_go
from controller.store.lock import StoreLock
from controller.store.records import AuditFilter, AuditRow, Kept, StoredRevision
from controller.store.schema import stored_schema
from controller.store.sqlite import (
    IMMEDIATE,
    READER,
    WRITER,
    async_engine,
    create_file,
    database_path,
    store_errors,
    sync_engine,
)
from controller.store.tables import SCHEMA

log = structlog.get_logger()

CLOSE_SECONDS = 5.0
"""How long closing waits for writes under way."""

FileIdentity: TypeAlias = tuple[int, int]
"""Device and inode: the same while the file is the same, whatever it is called."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _Reads:
    """What both faces can be asked; each answer comes from one transaction. Every failure is a StoreError."""

    def __init__(self, path: Path, engine: AsyncEngine) -> None:
        self.path = path
        self._engine = engine
        self._closed = False

    async def open_claims(self) -> list[Claim]:
        """The claims that say that a pause is ours, oldest first."""
        return await self._read(statements.open_claims)

    async def vanished_claims(self) -> list[Claim]:
        """The claims of jobs that are gone, each the last one of its job."""
        return await self._read(statements.vanished_claims)

    async def open_claim(self, job: JobKey) -> Claim | None:
        """The claim that says that the pause on this job is ours."""
        return next((claim for claim in await self.claims(job) if claim.state.open), None)

    async def claims(self, job: JobKey | None = None, limit: int | None = None) -> list[Claim]:
        """The newest `limit` claims, open and closed, of one job or of all; oldest first."""
        return await self._read(statements.claims, job, limit)

    async def open_findings(self) -> list[tuple[Finding, Instant]]:
        """The findings that have not gone, each with its `since`, oldest first."""
        return await self._read(statements.open_findings)

    async def open_holds(self) -> list[PlacedHold]:
        """The holds that stand, oldest first."""
        return await self._read(control_statements.open_holds)

    async def open_incidents(self) -> list[OpenedIncident]:
        """The open incidents, oldest first."""
        kept = await self._read(control_statements.kept_incidents)
        return [opened for opened in kept if opened.closed is None]

    async def last_incidents(self, limit: int) -> list[OpenedIncident]:
        """The newest `limit` incidents, open and closed; oldest first."""
        return await self._read(control_statements.last_incidents, limit)

    async def kept(self) -> Kept:
        """All that a daemon goes on from."""
        return await self._read(statements.kept)

    async def last_revision(self) -> StoredRevision | None:
        """The rules that came into force last, or None before any did."""
        return await self._read(statements.last_revision)

    async def audit_rows(self, wanted: AuditFilter) -> list[AuditRow]:
        """The newest `limit` lines of the audit that the filter lets through, with `after` the oldest; oldest first."""
        return await self._read(statements.audit_rows, wanted)

    async def close(self) -> None:
        """Let go of the database; a second call does nothing."""
        self._closed = True
        await self._engine.dispose()

    async def _read(
        self,
        statement: Callable[Concatenate[Connection, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        self._refuse_if_closed()
        with store_errors(self.path):
            async with self._engine.connect() as connection:
                return await connection.run_sync(statement, *args, **kwargs)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreError(StoreReason.CLOSED, f"{self.path}: was closed")


class Store(_Reads):
    """The writer. Its `<store>.lock` is held from `open` to `close`."""

    def __init__(self, path: Path, engine: AsyncEngine, lock: StoreLock | None) -> None:
        super().__init__(path, engine)
        self._lock = lock
        self._file = _identity(path)
        self._writer = engine.execution_options(**IMMEDIATE)
        self._turn = asyncio.Lock()
        self._writing: set[asyncio.Task[None]] = set()
        self.hangs = False
        """Whether it was closed though a write is still under way."""

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open `sqlite:///PATH`, making and migrating the database as needed.

        Raises StoreLocked while another process writes it, StoreError for anything else in the way.
        """
        path = database_path(url)
        lock = await asyncio.to_thread(take_lock, path)
        try:
            store = await cls.open_locked(path, lock)
        except BaseException:
            lock.release()
            raise
        lock.mark_known()
        return store

    @classmethod
    async def open_locked(cls, path: Path, lock: StoreLock | None = None) -> Self:
        """The same where the lock is held already; one that is not given stays held when the store is closed."""
        await asyncio.to_thread(_make, path)
        return cls(path, async_engine(path, WRITER), lock)

    async def check(self) -> None:
        """Read the whole file, as the disk has it. Raises StoreError, CORRUPT where it is damaged."""
        self._refuse_if_closed()
        await asyncio.to_thread(_check, self.path)

    async def write(self, changes: Sequence[Change]) -> None:
        """Write all changes or none; they are durable once this returns. Calls are served in their order.

        Cancelling the caller does not stop a write under way. Raises StoreError.
        """
        self._refuse_if_closed()
        if not changes:
            return
        task = asyncio.create_task(self._commit(tuple(changes)), name="store-write")
        self._writing.add(task)
        task.add_done_callback(self._written)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Finish the writes under way, let go of the database and the lock; a second call does nothing.

        A write that hangs is waited for only so long. It may still happen, so the lock then stays until the process
        ends.
        """
        self._closed = True
        if self._writing:
            await asyncio.wait(self._writing, timeout=CLOSE_SECONDS)
        if self._writing:
            log.error("store.abandoned", seconds=CLOSE_SECONDS)
            self.hangs = True
            await let_go(self._writing)
        if self.hangs:
            return
        await super().close()
        if self._lock is not None:
            self._lock.release()

    async def _commit(self, changes: Sequence[Change]) -> None:
        async with self._turn:
            with store_errors(self.path):
                # In a thread: a network disk that hangs must not hold the event loop.
                if await asyncio.to_thread(_identity, self.path) != self._file:
                    raise StoreError(StoreReason.MISSING, f"{self.path}: was removed or replaced while it was open")
                try:
                    async with self._writer.begin() as connection:
                        await connection.run_sync(statements.apply, changes)
                except (TypeError, ValueError) as error:
                    message = f"{self.path}: a change holds what JSON cannot say: {error}"
                    raise StoreError(StoreReason.REFUSED, message) from error

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that a cancelled caller leaves no warning behind


class StoreReader(_Reads):
    """Reads beside a running daemon: takes no lock, and creates, migrates and changes nothing."""

    file: FileIdentity | None = None
    """Which one was opened."""

    @classmethod
    async def open(cls, url: str) -> Self | None:
        """Open `sqlite:///PATH`; None where there is no such file or nothing was ever written to it.

        Raises StoreError for a database of another schema, or one that cannot be read.
        """
        path = database_path(url)
        with store_errors(path):
            # In a thread: a network disk that hangs must not hold the event loop.
            if not await asyncio.to_thread(path.exists):
                return None
        reader = cls(path, async_engine(path, READER))
        reader.file = await asyncio.to_thread(_identity, path)
        try:
            schema = await reader._read(stored_schema, path)
            _refuse_older(schema, path)
        except BaseException:
            await reader.close()
            raise
        if schema == 0:
            await reader.close()
            return None
        return reader

    async def replaced(self) -> bool:
        """Whether another file, or none, is now where this one was opened."""
        return await asyncio.to_thread(_identity, self.path) != self.file


def _refuse_older(schema: int, path: Path) -> None:
    if 0 < schema < SCHEMA:
        raise StoreError(
            StoreReason.OLDER_SCHEMA,
            f"{path}: has schema {schema}, this version reads {SCHEMA}; "
            "the daemon of this version migrates it when it starts",
        )


def take_lock(path: Path) -> StoreLock:
    """Lock the store at this path, making its folder as needed. Blocks. Raises StoreLocked and StoreError."""
    with store_errors(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return StoreLock(path)


def _make(path: Path) -> None:
    """Make or migrate the database."""
    with store_errors(path):
        create_file(path)
        # Looked at through a connection that cannot write: what is refused stays as it is.
        with sync_engine(path, READER).connect() as connection:
            schema = stored_schema(connection, path)
        if schema < SCHEMA:
            from controller.store.migrate import upgrade  # noqa: PLC0415 - loads Alembic: only where there is work

            upgrade(sync_engine(path, WRITER).execution_options(**IMMEDIATE))


def _check(path: Path) -> None:
    with store_errors(path), sync_engine(path, READER).connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise StoreError(StoreReason.CORRUPT, f"{path}: {found}")


def _identity(path: Path) -> FileIdentity | None:
    """Which file this is; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
