"""Rows for people: a table where the terminal is wide enough, one block a row where it is not."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from controller.shown.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

NARROW = 110
"""Below so many columns a table of many columns would break its words, and blocks are shown."""

_FEW = 5
"""So many columns fit anywhere."""


class Sheet:
    """A renderable; the first column names the row. Texts are shown as they are, control characters escaped."""

    def __init__(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._headers = headers
        self._rows = [[printable(cell) for cell in row] for row in rows]

    def __rich_console__(self, _: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Choose the form by the room that there is."""
        if len(self._headers) <= _FEW or options.max_width >= NARROW:
            yield self._table()
            return
        for row in self._rows:
            yield from self._block(row)

    def _table(self) -> "RenderableType":
        from rich.table import Table  # noqa: PLC0415 - rich is slow to import

        table = Table(*self._headers)
        for row in self._rows:
            table.add_row(*row)
        return table

    def _block(self, row: Sequence[str]) -> "Iterator[RenderableType]":
        from rich.padding import Padding  # noqa: PLC0415 - rich is slow to import
        from rich.table import Table  # noqa: PLC0415 - rich is slow to import
        from rich.text import Text  # noqa: PLC0415 - rich is slow to import

        yield Text(row[0].replace("\n", "  "), style="bold")
        facts = Table.grid(padding=(0, 2))
        facts.add_column(min_width=max(map(len, self._headers)), no_wrap=True)
        facts.add_column()
        for header, cell in zip(self._headers[1:], row[1:], strict=True):
            if cell and cell != "-":
                facts.add_row(header, cell)
        yield Padding(facts, (0, 0, 1, 2))
