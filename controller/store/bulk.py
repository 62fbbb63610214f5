"""Many rows in one statement.

SQLite's driver lets go of the interpreter's lock for each statement that it runs, and then waits for it again behind
the event loop's thread: with a statement a row, a batch would wait hundreds of times, and hold up that thread as often.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import Insert

Values = tuple[Any, ...]
"""One row, in the order of the statement's columns: text, numbers and None only."""

_MOST_VARIABLES: Final = 32_766 if sqlite3.sqlite_version_info >= (3, 32) else 999
_SIZES: Final = (200, 100, 50, 25, 12, 6, 3, 1)
"""How many rows a statement takes: few sizes, so that the driver finds most of them among those that it knows, and each
about half of the one before, so that few statements make up any number.
"""


class BulkInsert:
    """An INSERT of so many columns of one table, for any number of rows."""

    def __init__(self, statement: Insert, columns: Sequence[str]) -> None:
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=list(columns))
        one = f"({', '.join('?' * len(columns))})"
        self._head, _, self._tail = str(compiled).partition(one)
        self._one = one
        self._sizes = [size for size in _SIZES if size * len(columns) <= _MOST_VARIABLES]

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Insert the rows in their order. Raises as SQLAlchemy does."""
        for part in self._parts(rows):
            text = f"{self._head}{', '.join([self._one] * len(part))}{self._tail}"
            values = [value for row in part for value in row]
            try:
                connection.exec_driver_sql(text, tuple(values))
            except UnicodeEncodeError:
                connection.exec_driver_sql(text, tuple(map(_writable, values)))

    def _parts(self, rows: Sequence[Values]) -> Iterator[Sequence[Values]]:
        done = 0
        while done < len(rows):
            size = next(size for size in self._sizes if size <= len(rows) - done)
            yield rows[done : done + size]
            done += size


def _writable(value: object) -> object:
    """As `tables` has it: half a surrogate pair, which SQLite cannot hold, becomes a question mark."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
