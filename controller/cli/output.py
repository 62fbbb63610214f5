"""The result on stdout: as a table for people, or as JSON, JSON lines or CSV for machines."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Record = dict[str, Any]

WIDE = 160
"""Columns where there is no terminal to ask: enough for any of our tables."""

_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet run a text: OWASP's list (CSV injection), full-width forms included."""


def show(output: str, records: Sequence[Record], fields: Sequence[str], table: Callable[[], "RenderableType"]) -> None:
    """Print the records in the form asked for; `table` makes the form for people, `fields` are the CSV's columns."""
    if output == "table":
        console().print(table())
    elif output == "json":
        click.echo(json.dumps(list(records), indent=2, ensure_ascii=False))
    elif output == "jsonl":
        for record in records:
            click.echo(json.dumps(record, ensure_ascii=False))
    else:
        click.echo(_csv(records, fields), nl=False)


def console() -> "Console":
    """A console on stdout, as wide as the terminal or as COLUMNS says; texts are shown as they are, never as markup."""
    from rich.console import Console  # noqa: PLC0415 - rich is slow to import

    ask = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(soft_wrap=False, width=None if ask else WIDE, highlight=False, markup=False, emoji=False)


def printable(text: str) -> str:
    """Escape what would move a terminal's cursor or hide text: names and reasons come from elsewhere."""
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _csv(records: Sequence[Record], fields: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    for record in records:
        writer.writerow([_cell(record.get(field)) for field in fields])
    return text.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Lists and objects as JSON; a text that a spreadsheet would run as a formula gets a quote before it."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    # Left bare by csv, a carriage return would begin a row of its own, and with it a formula.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA) else text
