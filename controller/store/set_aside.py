"""A damaged database: moved out of the way, never deleted, and read for whatever it still gives."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, inspect

from controller.core.campaign import Incident
from controller.core.controls import OpenedIncident
from controller.store import control_statements, statements
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


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What could be read of a damaged database, and whether its open claims, its incidents and holds are all there."""

    kept: Kept
    claims: bool
    controls: bool


def salvaged(path: Path) -> Salvaged:
    """Read what can be read of a damaged database. Raises nothing."""
    claims = _read(path, statements.open_claims)
    incidents = _read(path, lambda connection: _of_newer_schema(connection, control_statements.kept_incidents))
    holds = _read(path, lambda connection: _of_newer_schema(connection, control_statements.open_holds))
    kept = Kept(
        claims=tuple(claims or ()),
        vanished=tuple(_read(path, statements.vanished_claims) or ()),
        findings=tuple(_read(path, statements.open_findings) or ()),
        revision=_read(path, statements.last_revision),
        incidents=tuple(incidents or ()),
        holds=tuple(holds or ()),
    )
    return Salvaged(kept, claims is not None, incidents is not None and holds is not None)


def controls_lost(aside: Path) -> OpenedIncident:
    """The incident that takes the place of incidents and holds that could not be read: with the claims alone, jobs that
    somebody stopped would be resumed. It stands until a person closes it.
    """
    reason = f"the incidents and holds in the damaged store {aside.name} could not be read: open them anew, close this"
    incident = Incident("store-damaged", reason, since=0.0, everything=True, author="controller")
    return OpenedIncident(f"controls-lost-{aside.name}", incident, "store")


def _of_newer_schema(connection: Connection, statement: Callable[[Connection], list[_T]]) -> list[_T]:
    """Nothing where the database is older than the table that is asked."""
    tables = inspect(connection).get_table_names()
    return statement(connection) if {"incidents", "holds"} <= set(tables) else []


def _read(path: Path, statement: Callable[[Connection], _T]) -> _T | None:
    try:
        with store_errors(path), sync_engine(path, READER).connect() as connection:
            return statement(connection)
    except (StoreError, ValueError, TypeError, KeyError):  # a page that reads, but holds nonsense
        return None
