"""Trials in forks of a process in which all tests are collected already: nearly all of the core lies in functions."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import pytest

from tests.mutation.covering import PYTEST, CoveringTests, plugins
from tests.mutation.swapping import Functions, swap
from tests.mutation.trial import Hurry, Verdict, limit_test, start, verdict


class Swap(NamedTuple):
    """A trial: its number, the functions to change, the tests to run."""

    number: int
    module: str
    functions: Functions
    tests: CoveringTests


def in_parallel(trials: Iterable[tuple[int, Callable[[], int]]], jobs: int) -> Iterator[tuple[int, Verdict]]:
    """Try so many at a time; gives each verdict as it comes."""
    running: dict[int, int] = {}
    for number, trial in trials:
        while len(running) >= jobs:
            yield _ended(running)
        running[start(trial)] = number
    while running:
        yield _ended(running)


def _ended(running: dict[int, int]) -> tuple[int, Verdict]:
    child, status = os.wait()
    return running.pop(child), verdict(status)


class _Trials:
    """Tries mutants in place of running the tests."""

    def __init__(self, swaps: list[Swap], jobs: int, tell: Callable[[int, Verdict], None]) -> None:
        self._swaps = swaps
        self._jobs = jobs
        self._tell = tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        trials = ((each.number, _trial(each, items)) for each in self._swaps)
        for number, found in in_parallel(trials, self._jobs):
            self._tell(number, found)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:  # in a trial
            os._exit(1)


def _trial(given: Swap, items: dict[str, pytest.Item]) -> Callable[[], int]:
    def trial() -> int:
        swap(given.module, given.functions)
        chosen = [items[test] for test in given.tests.seconds]
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            limit_test(given.tests, item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return 0

    return trial


def try_swaps(swaps: list[Swap], tests: str, jobs: int) -> Iterator[tuple[int, Verdict]]:
    """Try them all in a child process of their own, since the core is imported there."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        told = os.fdopen(writing, "w", buffering=1)
        trials = _Trials(swaps, jobs, lambda number, found: print(number, found.name, file=told))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        options = [*PYTEST, "--capture=no", tests]
        code = pytest.main(options, plugins=[*plugins(), trials, Hurry()])
        told.close()
        os._exit(int(code))
    os.close(writing)
    with os.fdopen(reading) as lines:
        for line in lines:
            number, _, name = line.strip().partition(" ")
            yield int(number), Verdict[name]
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit("the run of the tests that were collected once did not end well")
