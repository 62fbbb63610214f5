"""The daemon as the first process of a container, from which the kernel keeps every signal that it does not handle."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Process, Stage, until

UNSHARE = ("unshare", "--pid", "--fork", "--kill-child")


def may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, timeout=60, check=False).returncode == 0


pytestmark = [
    pytest.mark.e2e,
    pytest.mark.once,
    pytest.mark.skipif(not may_unshare(), reason="a process namespace of its own needs root, and util-linux's unshare"),
]


class FirstProcess(Process):
    """A daemon with a process namespace of its own; Python starts what makes it."""

    def __init__(self, config: Path, env: dict[str, str]) -> None:
        command = [*UNSHARE, sys.executable, "-m", "controller", "run", "--config", str(config)]
        super().__init__(*command, env=env, program=("-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"))

    @property
    def pid(self) -> int:
        """The daemon's own, as it is seen from here."""
        children = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children")
        until(children.read_text, self)
        return int(children.read_text().split()[0])

    def end(self, signal_number: int) -> int:
        """Send the daemon a signal and give the exit code."""
        os.kill(self.pid, signal_number)
        return self.popen.wait(60)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, "2026-11-25T09:30:00-05:00", 1.0)
    made.rules("10:00", "17:00")
    made.sandbox()
    yield made
    made.close()


def test_it_drains_and_ends_well_at_a_sigterm(stage: Stage) -> None:
    daemon = stage.started(FirstProcess(stage.config, stage.env))
    daemon.wait_for("job.paused", 2)
    assert daemon.end(signal.SIGTERM) == 0
    daemon.wait_for("daemon.stopped")


def test_a_sigterm_that_comes_while_it_loads_ends_it_too(stage: Stage) -> None:
    daemon = stage.started(FirstProcess(stage.config, stage.env))
    maps = Path(f"/proc/{daemon.pid}/maps")
    until(lambda: "pydantic_core" in maps.read_text(), daemon)  # it loads its libraries, and runs no loop yet
    assert daemon.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert daemon.lines == []
    assert not (stage.folder / "var").exists()
