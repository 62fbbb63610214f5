"""Many runs at once, on all cores."""

import logging
import multiprocessing
import zoneinfo
from collections.abc import Iterable, Iterator

from tests.simulation.run import Result, simulate

DAYS = 14.0
"""Days of trouble in one run."""


def runs(seeds: Iterable[int], workers: int) -> Iterator[Result]:
    """One run for each seed, as they end."""
    with multiprocessing.get_context("spawn").Pool(workers, initializer=prepare) as pool:
        yield from pool.imap_unordered(_run, seeds)


def prepare() -> None:
    """What a process needs before it simulates."""
    zoneinfo.reset_tzpath(to=[])
    logging.disable(logging.CRITICAL)  # APScheduler tells of what we make it suffer


def _run(seed: int) -> Result:
    return simulate(seed, DAYS)
