"""The store's one writer."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from controller.store import statements
from controller.store.changes import Change
from controller.store.errors import StoreError, StoreReason
from controller.store.lock import StoreLock
from controller.store.reads import Reads, identity
from controller.store.schema import stored_schema
from controller.store.sqlite import (
    IMMEDIATE,
    READER,
    WRITER,
    create_file,
    database_path,
    keeping_engine,
    store_errors,
    sync_engine,
)
from controller.store.tables import SCHEMA
from controller.store.thread import StoreThread

log = structlog.get_logger()

CLOSE_SECONDS = 5.0
"""How long closing waits for writes under way."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Store(Reads):
    """The writer. Its `<store>.lock` is held from `open` to `close`."""

    def __init__(self, path: Path, engine: Engine, lock: StoreLock | None) -> None:
        super().__init__(path)
        self._engine = engine
        self._writer = engine.execution_options(**IMMEDIATE)
        self._thread = StoreThread()
        self._lock = lock
        self._file = identity(path)
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
        return cls(path, keeping_engine(path, WRITER), lock)

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
        given = tuple(changes)
        task = asyncio.create_task(self._thread.run(lambda: self._commit(given)), name="store-write")
        self._writing.add(task)
        task.add_done_callback(self._written)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Finish the writes under way, let go of the database and the lock; a second call does nothing.

        A write that hangs is waited for only so long. It may still happen, so the lock then stays until the process
        ends.
        """
        if self._closed:
            return
        self._closed = True
        closing = asyncio.create_task(self._thread.run(self._engine.dispose), name="store-close")
        _done, hanging = await asyncio.wait((closing,), timeout=CLOSE_SECONDS)
        self._thread.stop()
        if hanging:
            log.error("store.abandoned", seconds=CLOSE_SECONDS)
            self.hangs = True
            for task in (closing, *self._writing):
                task.cancel()
            await asyncio.wait((closing, *self._writing))
            return
        await closing
        if self._lock is not None:
            self._lock.release()

    async def _read(
        self,
        statement: Callable[Concatenate[Connection, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        self._refuse_if_closed()
        return await self._thread.run(lambda: self._read_now(statement, *args, **kwargs))

    def _read_now(
        self,
        statement: Callable[Concatenate[Connection, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        with store_errors(self.path), self._engine.connect() as connection:
            return statement(connection, *args, **kwargs)

    def _commit(self, changes: Sequence[Change]) -> None:
        """In the store's thread: a network disk that hangs must not hold the event loop."""
        with store_errors(self.path):
            if identity(self.path) != self._file:
                raise StoreError(StoreReason.MISSING, f"{self.path}: was removed or replaced while it was open")
            try:
                with self._writer.begin() as connection:
                    statements.apply(connection, changes)
            except (TypeError, ValueError) as error:
                message = f"{self.path}: a change holds what JSON cannot say: {error}"
                raise StoreError(StoreReason.REFUSED, message) from error

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that a cancelled caller leaves no warning behind


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
