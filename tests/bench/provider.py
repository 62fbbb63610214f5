"""The server of the benchmarks, started and steered from the process that measures."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Provider:
    """Steers the server at this port."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/api"
        self._control = f"http://127.0.0.1:{port}/control"

    def reset(self, active: int, *, finished: int = 0) -> None:
        """Begin anew with so many jobs, and without latency and faults."""
        self._ask(f"reset?active={active}&finished={finished}")

    def answer_after(self, seconds: float) -> None:
        """Let each answer take so long from now on."""
        self._ask(f"latency?seconds={seconds}")

    def break_one_in(self, every: int) -> None:
        """Let one change in so many get no answer, and another one a 500."""
        self._ask(f"faults?every={every}")

    def told(self) -> dict[str, Any]:
        """What arrived since the last reset."""
        return self._ask("told")

    def all_paused(self) -> None:
        """Raises AssertionError unless every job is."""
        statuses = self.told()["statuses"]
        assert set(statuses) <= {"PAUSED", "COMPLETE"}, statuses

    def _ask(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._control}/{what}", timeout=30) as answer:  # noqa: S310 - loopback
            told: dict[str, Any] = json.load(answer)
            return told


@contextmanager
def running() -> Iterator[Provider]:
    """The server in a process of its own, ended with the block."""
    command = [sys.executable, "-m", "tests.bench.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Provider(int(process.stdout.readline()))
        finally:
            process.terminate()
