"""The simulator finds nothing wrong, always says the same of a seed, and sees what is wrong where something is."""

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.world import simulate


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_a_seed_replays_to_the_byte() -> None:
    first, second = simulate(7, 2.0), simulate(7, 2.0)
    assert first.trace == second.trace
    assert first == second
    assert simulate(8, 2.0).trace != first.trace
