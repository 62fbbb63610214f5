"""What deploy/metrics.md says of each metric."""

import re
from pathlib import Path
from typing import NamedTuple

DEPLOY = Path(__file__).parents[2] / "deploy"
NONE = "\N{EN DASH}"

_ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


class Documented(NamedTuple):
    """`labels` have the set of their values, None where the table lists none."""

    kind: str
    labels: dict[str, set[str] | None]
    meaning: str


def documented() -> dict[str, Documented]:
    """The metrics of the table by name."""
    rows = _ROW.findall((DEPLOY / "metrics.md").read_text())
    return {name: Documented(kind, _labels(labels), meaning) for name, kind, labels, meaning in rows}


def _labels(cell: str) -> dict[str, set[str] | None]:
    found: dict[str, set[str] | None] = {}
    for part in cell.split("; ") if cell != NONE else []:
        label, _, values = part.partition(": ")
        found[label] = set(values.split(", ")) if values else None
    return found
