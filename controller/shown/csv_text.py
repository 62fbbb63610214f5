"""Records as CSV that a spreadsheet opens without running any of it."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet run a text: OWASP's list (CSV injection), full-width forms included."""


def csv_text(records: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> str:
    """A row of the fields' names, and one for each record; what a record lacks is an empty cell."""
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
