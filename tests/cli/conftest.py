"""Fixtures of the command line's tests."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.stage import Stage


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Nothing is logged but by the command under test: sandboxes share this process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def stage_at(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Make the stage at an instant of its own."""
    made: list[Stage] = []

    def make(*at: str) -> Stage:
        made.append(Stage(tmp_path, *at))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def stage(stage_at: Callable[..., Stage]) -> Stage:
    """Tuesday noon in New York."""
    return stage_at()
