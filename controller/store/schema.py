"""Which schema a database has, without loading Alembic."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from controller.store.errors import StoreError, StoreReason
from controller.store.tables import SCHEMA, audit, claims


def stored_schema(connection: Connection, path: Path) -> int:
    """The number of the database's newest migration, 0 for an empty one.

    Raises StoreError where another program's tables are in it, or a schema newer than this version's.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return 0
    number = _number(connection) if tables >= {"alembic_version", claims.name, audit.name} else None
    if number is None:
        raise StoreError(StoreReason.FOREIGN, f"{path}: holds another program's tables; name a file of its own")
    if number > SCHEMA:
        raise StoreError(
            StoreReason.NEWER_SCHEMA,
            f"{path}: has schema {number}, written by a newer version; this one knows {SCHEMA}. "
            "Nothing was changed: run the newer version, or restore the copy made before the upgrade",
        )
    return number


def _number(connection: Connection) -> int | None:
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return int(found[0]) if len(found) == 1 and str(found[0]).isdigit() else None
