"""The result on stdout: as a table for people, or as JSON, JSON lines or CSV for machines."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from controller.shown.csv_text import csv_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Record = Mapping[str, Any]

WIDE = 160
"""Columns where there is no terminal to ask: enough for any of our tables."""


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
        click.echo(csv_text(records, fields), nl=False)


def console() -> "Console":
    """A console on stdout, as wide as the terminal or as COLUMNS says; texts are shown as they are, never as markup."""
    from rich.console import Console  # noqa: PLC0415 - rich is slow to import

    ask = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(soft_wrap=False, width=None if ask else WIDE, highlight=False, markup=False, emoji=False)
