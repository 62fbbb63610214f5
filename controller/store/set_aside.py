"""A damaged database: moved out of the way, never deleted, and read for whatever it still gives."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from controller.store import statements
from controller.store.errors import StoreError
from controller.store.records import Kept
from controller.store.sqlite import READER, store_errors, sync_engine

_T = TypeVar("_T")


def free_name(path: Path) -> Path:
    """The first `<name>.corrupt-N` that is not there yet."""
    return next(name for n in count(1) if not (name := path.with_name(f"{path.name}.corrupt-{n}")).exists())


def set_aside(path: Path, aside: Path) -> None:
    """Rename the database and its journals; nothing happens to what is not there. Raises OSError."""
    # The database last: a new one beside an old journal would be filled from it, whenever we are killed in between.
    for suffix in ("-wal", "-shm", ""):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(aside.with_name(aside.name + suffix))


def salvaged(path: Path) -> tuple[Kept, bool]:
    """Read what can be read of a damaged database, and whether its open claims are all among it. Raises nothing."""
    claims = _read(path, statements.open_claims)
    kept = Kept(
        claims=tuple(claims or ()),
        vanished=tuple(_read(path, statements.vanished_claims) or ()),
        findings=tuple(_read(path, statements.open_findings) or ()),
        revision=_read(path, statements.last_revision),
    )
    return kept, claims is not None


def _read(path: Path, statement: Callable[[Connection], _T]) -> _T | None:
    try:
        with store_errors(path), sync_engine(path, READER).connect() as connection:
            return statement(connection)
    except (StoreError, ValueError, TypeError, KeyError):  # a page that reads, but holds nonsense
        return None
