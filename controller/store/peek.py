"""A look into a store's file that leaves nothing behind, not even for an instant."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine

from controller.store.schema import stored_schema
from controller.store.sqlite import store_errors


def peek_schema(path: Path) -> int | None:
    """The number of the newest migration, 0 for an empty file; None where only a recovery could tell, since the last
    writer did not end in order or has not ended yet.

    Raises StoreError for another program's database, a newer schema's, and for one that cannot be read.
    """
    # An ordinary reader makes `-wal` and `-shm` beside the file. One that is told that nobody changes it does not, but
    # passes over what the WAL holds.
    if path.with_name(f"{path.name}-wal").exists():
        return None
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    with store_errors(path), engine.connect() as connection:
        return stored_schema(connection, path)
