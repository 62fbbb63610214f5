"""The simulator finds nothing wrong, always says the same of a seed, and sees what is wrong where something is.

The first test is a simulated year: 26 seeds of two weeks each. It is kept from the tracer of the coverage, which would
make it three times as long and which the quick tests of each part do not need; and from all Pythons but the first one.
"""

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.pool import DAYS
from tests.simulation.run import simulate
from tests.simulation.shrink import shrunk

pytestmark = pytest.mark.once

YEAR = range(1, 27)
"""Seeds."""
FAULTS = 10_000


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", YEAR)
def test_in_a_year_of_faults_no_closed_job_is_made_to_dial_and_all_becomes_well(seed: int) -> None:
    result = simulate(seed, DAYS)
    assert result.violations == []
    assert result.faults.total() >= FAULTS / len(YEAR)


@pytest.mark.no_cover
def test_a_seed_replays_to_the_byte() -> None:
    first, second = simulate(7, 2.0), simulate(7, 2.0)
    assert first.trace == second.trace
    assert first == second
    assert simulate(8, 2.0).trace != first.trace


@pytest.mark.no_cover
def test_a_run_that_fails_is_made_smaller_and_still_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.core.decide._towards_pause", lambda *_: ("none", "already"))
    failing = simulate(3, 2.0)
    assert failing.violations
    small, without = shrunk(failing)
    assert small.violations
    assert small.days < failing.days
    assert simulate(small.seed, small.days, without).trace == small.trace
