"""What was measured, against what, and whether the bar was met: as a table for people and as JSON."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Bar:
    """What the ratio (or, where nothing is compared, our own figure) must be."""

    limit: float
    least: bool

    @classmethod
    def at_least(cls, limit: float) -> Self:
        """Ours over theirs must be so much."""
        return cls(limit, least=True)

    @classmethod
    def at_most(cls, limit: float) -> Self:
        """Ours over theirs may be so much."""
        return cls(limit, least=False)

    def met(self, figure: float) -> bool:
        """Whether it is."""
        return figure >= self.limit if self.least else figure <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `ratio` is None where nothing is compared, or where a contestant is missing (`note` says why)."""

    part: str
    what: str
    unit: str
    ours: float | None
    against: str
    theirs: float | None
    ratio: float | None
    bar: str
    met: bool | None
    note: str = ""


def compared(
    part: str, what: str, unit: str, ours: Sequence[float], against: str, theirs: Sequence[float], bar: Bar
) -> Row:
    """Of figures that were measured in pairs: medians, and the median of the pairs' ratios."""
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    note = f"{len(ours)} pairs, {_spread([mine / other for mine, other in zip(ours, theirs, strict=True)])}"
    return Row(
        part,
        what,
        unit,
        statistics.median(ours),
        against,
        statistics.median(theirs),
        ratio,
        str(bar),
        bar.met(ratio),
        note,
    )


def unpaired(
    part: str, what: str, unit: str, ours: Sequence[float], against: str, theirs: Sequence[float], bar: Bar
) -> Row:
    """Of figures that were measured apart: medians and their ratio."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    return Row(part, what, unit, mine, against, other, mine / other, str(bar), bar.met(mine / other))


def beside(
    part: str, what: str, unit: str, ours: Sequence[float], against: str, theirs: Sequence[float], note: str
) -> Row:
    """Of figures to which no bar is held: medians and their ratio, to show where the limit is."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    return Row(part, what, unit, mine, against, other, mine / other, "-", None, note)


def alone(part: str, what: str, unit: str, ours: float, bar: Bar, note: str = "") -> Row:
    """Of a figure that must be within bounds by itself."""
    return Row(part, what, unit, ours, "-", None, None, f"{bar} {unit}", bar.met(ours), note)


def missing(part: str, what: str, against: str, bar: Bar, why: str) -> Row:
    """Of a contestant that is not there."""
    return Row(part, what, "", None, against, None, None, str(bar), None, why)


def _spread(ratios: Sequence[float]) -> str:
    low, high = min(ratios), max(ratios)
    return f"{low:.3g} to {high:.3g}"


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    table = Table("part", "what", "ours", "against", "theirs", "ratio", "bar", "met", "note")
    for row in rows:
        table.add_row(
            row.part,
            row.what,
            _figure(row.ours, row.unit),
            row.against,
            _figure(row.theirs, row.unit),
            "" if row.ratio is None else f"{row.ratio:.3g}",
            row.bar,
            {True: "yes", False: "NO", None: "-"}[row.met],
            row.note,
        )
    Console(width=190).print(table)


def write(rows: Sequence[Row], path: Path, **about: object) -> None:
    """Write everything as JSON."""
    path.write_text(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


def markdown(rows: Sequence[Row]) -> str:
    """The table for a README."""
    lines = ["| part | what | ours | against | theirs | ratio | bar | met |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        met = {True: "yes", False: "**no**", None: row.note}[row.met]
        cells = (
            row.part,
            row.what,
            _figure(row.ours, row.unit),
            row.against,
            _figure(row.theirs, row.unit),
            ratio,
            row.bar,
            met,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _figure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.3g} {unit}" if abs(value) < 1000 else f"{value:,.0f} {unit}"
