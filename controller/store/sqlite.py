"""SQLite as the store needs it: connections that begin when told, durable commits, and errors by what went wrong."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from controller.store.errors import StoreError, StoreReason

BUSY_SECONDS: Final = 5.0
"""How long a statement waits for another process's write lock."""

WRITER: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
READER: Final = ("PRAGMA query_only = ON",)

#: Execution option: how a transaction on this connection begins. A writer takes the write lock at once, so that it
#: never finds out in the middle that it cannot have it.
DEFERRED: Final = {"begin": "BEGIN"}
IMMEDIATE: Final = {"begin": "BEGIN IMMEDIATE"}

_RIGHT: Final = "use sqlite:///PATH"

_BY_CODE: Final = {
    sqlite3.SQLITE_BUSY: StoreReason.BUSY,
    sqlite3.SQLITE_LOCKED: StoreReason.BUSY,
    sqlite3.SQLITE_PERM: StoreReason.UNWRITABLE,
    sqlite3.SQLITE_READONLY: StoreReason.UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: StoreReason.UNWRITABLE,
    sqlite3.SQLITE_FULL: StoreReason.FULL,
    sqlite3.SQLITE_CORRUPT: StoreReason.CORRUPT,
    sqlite3.SQLITE_NOTADB: StoreReason.CORRUPT,
    sqlite3.SQLITE_IOERR: StoreReason.IO,
    sqlite3.SQLITE_CONSTRAINT: StoreReason.REFUSED,
}
_BY_ERRNO: Final = {
    errno.ENOSPC: StoreReason.FULL,
    errno.EDQUOT: StoreReason.FULL,
    errno.EIO: StoreReason.IO,
}


def database_path(url: str) -> Path:
    """The absolute file that `sqlite:///PATH` names; PATH is taken as it is written.

    Raises StoreError for any other URL.
    """
    backend, separator, rest = url.partition("://")
    if not separator:
        raise StoreError(StoreReason.UNSUPPORTED, f"{url!r} is not a store URL; {_RIGHT}")
    if backend != "sqlite":
        raise StoreError(StoreReason.UNSUPPORTED, f"a store on {backend} is not supported; {_RIGHT}")
    if rest in ("", "/", "/:memory:"):
        raise StoreError(StoreReason.UNSUPPORTED, f"a store in memory would forget every claim; {_RIGHT}")
    if not rest.startswith("/") or "?" in rest:
        message = f"a store URL takes no host and no options; {_RIGHT}, with three slashes before PATH"
        raise StoreError(StoreReason.UNSUPPORTED, message)
    return Path(rest[1:]).resolve()


def create_file(path: Path) -> None:
    """Make an empty database file (0600) where there is none; one that is there is kept as it is."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def sync_engine(path: Path, pragmas: tuple[str, ...]) -> Engine:
    """The same as `async_engine` without asyncio; it keeps no connection."""
    return _engine(path, pragmas, poolclass=NullPool)


def keeping_engine(path: Path, pragmas: tuple[str, ...]) -> Engine:
    """The same; it keeps its connection, for one thread after another."""
    return _engine(path, pragmas)


def async_engine(path: Path, pragmas: tuple[str, ...]) -> AsyncEngine:
    """An engine whose connections run the pragmas, and whose transactions begin as execution options say (deferred)."""
    engine = create_async_engine(_url("sqlite+aiosqlite", path), connect_args=_connect_args())
    _prepare(engine.sync_engine, pragmas)
    return engine.execution_options(**DEFERRED)


def _engine(path: Path, pragmas: tuple[str, ...], **options: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's own
    engine = create_engine(_url("sqlite", path), connect_args=_connect_args(), **options)
    _prepare(engine, pragmas)
    return engine.execution_options(**DEFERRED)


def _url(driver: str, path: Path) -> URL:
    # mode=rw: SQLite itself never creates the file, so that none appears with another mode or under a reader.
    return URL.create(driver, database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"})


def _connect_args() -> dict[str, Any]:
    # Without an isolation level the driver never begins a transaction on its own.
    return {"timeout": BUSY_SECONDS, "isolation_level": None}


def _prepare(engine: Engine, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options()["begin"])


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn whatever the database or the operating system raises into a StoreError that names the store.

    The text never holds a statement or its parameters.
    """
    try:
        yield
    except DBAPIError as error:
        raise StoreError(_reason(error.orig), f"{path}: {error.orig}") from error
    except sqlite3.Error as error:  # from a pragma, which SQLAlchemy does not wrap
        raise StoreError(_reason(error), f"{path}: {error}") from error
    except SQLAlchemyError as error:
        raise StoreError(StoreReason.FAILED, f"{path}: {error}") from error
    except OSError as error:
        reason = _BY_ERRNO.get(error.errno or 0, StoreReason.UNWRITABLE)
        raise StoreError(reason, f"{error.filename or path}: {error.strerror}") from error


def _reason(error: BaseException | None) -> StoreReason:
    code = getattr(error, "sqlite_errorcode", None)
    # The low byte is the error, the rest says where it happened.
    return StoreReason.FAILED if code is None else _BY_CODE.get(code & 0xFF, StoreReason.FAILED)
