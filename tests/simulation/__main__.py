"""`python -m tests.simulation --years N`: simulate, and say what came of it; exit 1 on any violation."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.simulation.happenings import HAPPENINGS
from tests.simulation.pool import DAYS, prepare, runs
from tests.simulation.run import Result, simulate
from tests.simulation.shrink import shrunk

NAMES = [happening.__name__ for _weight, happening in HAPPENINGS]


def report(results: Sequence[Result], seconds: float) -> Iterator[str]:
    """What happened in all runs, a line each."""
    faults: Counter[str] = sum((result.faults for result in results), Counter())
    forbidden: Counter[str] = sum((_by_cause(result) for result in results), Counter())
    kept = sum(result.paused_open for result in results) / max(1.0, sum(result.dialable for result in results))
    worst = max(results, key=lambda result: result.convergence)
    yield f"{sum(result.days for result in results) / 365:.2f} years in {seconds:.0f} s, {len(results)} seeds"
    yield f"{faults.total()} faults: " + _listed(faults)
    yield f"{forbidden.total()} s of forbidden dialing, by cause: " + _listed(forbidden)
    yield f"{kept:.2%} of the time in which jobs might have dialed they were kept paused by us"
    yield f"worst convergence: {worst.convergence:.0f} s after the last fault (seed {worst.seed})"
    for result in results:
        for violation in result.violations:
            yield f"VIOLATION seed {result.seed}: {violation}"


def _by_cause(result: Result) -> Counter[str]:
    causes: Counter[str] = Counter()
    for cause, seconds in result.forbidden.items():
        causes["several API faults at once" if "+" in cause else cause] += round(seconds)
    return causes


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in counter.most_common()) or "none"


def _explain(failing: Result, without: frozenset[str]) -> None:
    """Say how to see the failure again, as small as it gets."""
    small, without = shrunk(failing, without)
    left_out = f" --without {','.join(sorted(without))}" if without else ""
    _say(f"seed {small.seed} still fails with: --replay --seed {small.seed} --days {small.days:g}{left_out}")


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201 - a command of its own


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--first", action="store_true", help="stop at the first violation")
    parser.add_argument("--replay", action="store_true", help="run --seed alone and print what happened")
    parser.add_argument("--days", type=float, default=DAYS, help="for --replay")
    parser.add_argument("--without", default="", help=f"leave these out, of {','.join(NAMES)}")
    given = parser.parse_args(arguments)
    without = frozenset(filter(None, given.without.split(",")))
    if given.replay:
        prepare()
        result = simulate(given.seed, given.days, without)
        _say(*result.trace, *(f"VIOLATION {each}" for each in result.violations))
        return 1 if result.violations else 0
    seeds = range(given.seed, given.seed + max(1, round(given.years * 365 / DAYS)))
    return _simulate(seeds, given.workers, without, first=given.first)


def _simulate(seeds: Iterable[int], workers: int, without: frozenset[str], *, first: bool) -> int:
    begun = time.monotonic()
    results: list[Result] = []
    for result in runs(seeds, workers, without):
        results.append(result)
        if first and result.violations:
            break
    _say(*report(results, time.monotonic() - begun))
    failing = [result for result in results if result.violations]
    if failing and not first:
        prepare()
        _explain(min(failing, key=lambda result: result.seed), without)
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
