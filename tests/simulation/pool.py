"""Many runs at once, on all cores."""

import logging
import multiprocessing
import zoneinfo
from collections.abc import Iterable, Iterator
from functools import partial

from tests.simulation.run import Result, simulate

DAYS = 14.0
"""Days of trouble in one run."""


def runs(seeds: Iterable[int], workers: int, without: frozenset[str]) -> Iterator[Result]:
    """One run for each seed, as they end; `without` as of `simulate`."""
    with multiprocessing.get_context("spawn").Pool(workers, initializer=prepare) as pool:
        yield from pool.imap_unordered(partial(_run, without), seeds)


def prepare() -> None:
    """What a process needs before it simulates."""
    zoneinfo.reset_tzpath(to=[])
    logging.disable(logging.CRITICAL)  # APScheduler tells of what we make it suffer


def _run(without: frozenset[str], seed: int) -> Result:
    return simulate(seed, DAYS, without)
