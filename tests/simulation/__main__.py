"""`python -m tests.simulation --years N`: simulate, and say what came of it; exit 1 on any violation."""

import argparse
import logging
import multiprocessing
import os
import sys
import time
import zoneinfo
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.simulation.world import Result, simulate

DAYS = 14.0
"""Days of trouble in one run."""


def runs(years: float, first_seed: int, workers: int) -> Iterator[Result]:
    """As many runs as make up the years, each with a seed of its own, as they end."""
    seeds = range(first_seed, first_seed + max(1, round(years * 365 / DAYS)))
    with multiprocessing.get_context("spawn").Pool(workers, initializer=_prepare) as pool:
        yield from pool.imap_unordered(_run, seeds)


def _prepare() -> None:
    zoneinfo.reset_tzpath(to=[])
    logging.disable(logging.CRITICAL)  # APScheduler tells of what we make it suffer


def _run(seed: int) -> Result:
    return simulate(seed, DAYS)


def report(results: Sequence[Result], seconds: float) -> Iterator[str]:
    """What happened in all runs, a line each."""
    faults: Counter[str] = sum((result.faults for result in results), Counter())
    forbidden: Counter[str] = Counter()
    for result in results:
        for cause, amount in result.forbidden.items():
            forbidden["+".join(sorted(cause.split("+")))] += round(amount)
    yield f"{sum(result.days for result in results) / 365:.2f} years in {seconds:.0f} s, {len(results)} seeds"
    yield f"{faults.total()} faults: " + ", ".join(f"{kind} {number}" for kind, number in faults.most_common())
    single: Counter[str] = Counter()
    for cause, amount in forbidden.items():
        single[cause if "+" not in cause else "several API faults at once"] += amount
    yield f"{single.total()} s of forbidden dialing, by cause: " + ", ".join(
        f"{cause} {amount}" for cause, amount in single.most_common()
    )
    yield f"worst convergence: {max(result.convergence for result in results):.0f} s after the last fault"
    for result in results:
        for violation in result.violations:
            yield f"VIOLATION seed {result.seed}: {violation}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", action="store_true", help="run --seed alone and print what happened")
    given = parser.parse_args(arguments)
    if given.replay:
        _prepare()
        result = _run(given.seed)
        print(*result.trace, *(f"VIOLATION {each}" for each in result.violations), sep="\n")  # noqa: T201
        return 1 if result.violations else 0
    begun = time.monotonic()
    results = list(runs(given.years, given.seed, given.workers))
    print(*report(results, time.monotonic() - begun), sep="\n")  # noqa: T201
    return 1 if any(result.violations for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
