"""The store's face for commands beside a running daemon."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from controller.store.errors import StoreError, StoreReason
from controller.store.reads import FileIdentity, Reads, identity
from controller.store.schema import stored_schema
from controller.store.sqlite import READER, async_engine, database_path, store_errors
from controller.store.tables import SCHEMA

_P = ParamSpec("_P")
_T = TypeVar("_T")


class StoreReader(Reads):
    """Reads beside a running daemon: takes no lock, and creates, migrates and changes nothing."""

    def __init__(self, path: Path, engine: AsyncEngine) -> None:
        super().__init__(path)
        self._engine = engine
        self.file: FileIdentity | None = None
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
        reader.file = await asyncio.to_thread(identity, path)
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

    async def close(self) -> None:
        """Let go of the database; a second call does nothing."""
        self._closed = True
        await self._engine.dispose()

    async def replaced(self) -> bool:
        """Whether another file, or none, is now where this one was opened."""
        return await asyncio.to_thread(identity, self.path) != self.file

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


def _refuse_older(schema: int, path: Path) -> None:
    if 0 < schema < SCHEMA:
        raise StoreError(
            StoreReason.OLDER_SCHEMA,
            f"{path}: has schema {schema}, this version reads {SCHEMA}; "
            "the daemon of this version migrates it when it starts",
        )
