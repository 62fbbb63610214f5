"""How long commands take to start: against the libraries that they cannot do without, imported and nothing else."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from tests.bench.table import Bar, Row, beside, compared

ROUNDS = 15
_OURS = [sys.executable, "-m", "controller"]
_CLICK = """
import click
@click.command()
def nothing(): pass
nothing(["--help"])
"""
_READING = f"import pydantic, ruamel.yaml\n{_CLICK}"
_LEAST = f"""
import holidays, pydantic, ruamel.yaml
class Rule(pydantic.BaseModel): country: str
holidays.country_holidays(Rule(country="US").country, years=2026)
{_CLICK}
"""
"""What whoever reads such rules with these libraries cannot do without: one model of one field, one country."""


def measure() -> Iterator[Row]:
    """Every row of this part."""
    ours, theirs = by_turns([*_OURS, "--help"], [sys.executable, "-c", _CLICK])
    yield compared("commands", "--help", "s", ours, "bare Python with click", theirs, Bar.at_most(2))
    check = [*_OURS, "check", "--config", "config/controller.yaml"]
    ours, theirs = by_turns(check, [sys.executable, "-c", _READING])
    yield compared("commands", "check", "s", ours, "the same with pydantic and ruamel.yaml", theirs, Bar.at_most(1.5))
    base = statistics.median(theirs)
    ours, theirs = by_turns(check, [sys.executable, "-c", _LEAST])
    note = f"it takes {statistics.median(theirs) / base:.2f} times the one above"
    yield beside("commands", "check", "s", ours, "the same with one model and one country's holidays", theirs, note)


def by_turns(ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[float], list[float]]:
    """Seconds of each, one after the other."""
    figures: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        pairs = list(zip(figures, (ours, theirs), strict=True))
        for found, command in pairs if number % 2 else reversed(pairs):
            begun = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            found.append(time.perf_counter() - begun)
    return figures
