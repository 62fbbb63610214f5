"""Pipes to write to, and logs that are undone at the end."""

from collections.abc import Callable, Iterator
from typing import Any, TextIO

import pytest
import structlog

from controller.telemetry.logs import LogPipeline, configure_logs
from tests.telemetry.pipes import Pipe, opened_pipe

NOW = 1_795_000_000.25


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    with opened_pipe() as opened:
        yield opened


@pytest.fixture
def configure() -> Iterator[Callable[..., LogPipeline]]:
    """`configure_logs` with a fixed clock; closed and undone at the end."""
    made = []

    def build(kind: Any = "json", level: Any = "info", *, stream: TextIO, **more: Any) -> LogPipeline:
        made.append(configure_logs(kind, level, stream, **{"now": lambda: NOW} | more))
        return made[-1]

    yield build
    for pipeline in made:
        pipeline.close(0)
    structlog.reset_defaults()
