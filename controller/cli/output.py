"""The result on stdout: as a table for people, or as JSON, JSON lines or CSV for machines."""

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Record = dict[str, Any]


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
    """A console on stdout; as wide as the terminal, or wide enough for any table where there is none."""
    from rich.console import Console  # noqa: PLC0415 - rich is slow to import

    return Console(soft_wrap=False, width=None if sys.stdout.isatty() else 160, highlight=False)


def _csv(records: Sequence[Record], fields: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    for record in records:
        writer.writerow([_cell(record.get(field)) for field in fields])
    return text.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Lists and objects as JSON; a text that a spreadsheet would run as a formula is quoted."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
