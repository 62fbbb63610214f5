"""The daemon as the first process of a container, from which the kernel keeps every signal that it does not handle."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.first_process import FirstProcess, needs_unshare
from tests.e2e.processes import Stage, until

pytestmark = [pytest.mark.e2e, pytest.mark.once, needs_unshare]


def start(stage: Stage) -> FirstProcess:
    command = (sys.executable, "-m", "controller", "run", "--config", str(stage.config))
    return stage.started(FirstProcess(*command, env=stage.env))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, "2026-11-25T09:30:00-05:00", 1.0)
    made.rules("10:00", "17:00")
    made.sandbox()
    yield made
    made.close()


def test_it_drains_and_ends_well_at_a_sigterm(stage: Stage) -> None:
    daemon = start(stage)
    daemon.wait_for("job.paused", 2)
    assert daemon.end(signal.SIGTERM) == 0
    daemon.wait_for("daemon.stopped")


def test_a_sigterm_that_comes_while_it_loads_ends_it_too(stage: Stage) -> None:
    daemon = start(stage)
    maps = Path(f"/proc/{daemon.pid}/maps")
    until(lambda: "pydantic_core" in maps.read_text(), daemon)  # it loads its libraries, and runs no loop yet
    assert daemon.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert daemon.lines == []
    assert not (stage.folder / "var").exists()
