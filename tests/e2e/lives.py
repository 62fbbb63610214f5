"""Many short lives of the daemon on one stage, each begun by a fork and ended by a signal."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.processes import Process, Stage

PROGRAM = Path(__file__).with_name("forked_daemons.py")
NOT_MEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
"""Who is killed tells no coverage; without it many more lives fit into a minute."""


class Lives(Process):
    """Starts one daemon after the other; each has ended before the next begins."""

    def __init__(self, scene: Stage) -> None:
        root = str(PROGRAM.parents[2])
        super().__init__(env={"PYTHONPATH": root, **NOT_MEASURED}, program=[str(PROGRAM)], stdin=subprocess.PIPE)
        self._scene = scene
        self._living: Life | None = None
        self.wait_for("forks.ready")

    def begin(self) -> "Life":
        """Start a daemon."""
        since = len(self.said)
        self._ask(json.dumps({"config": str(self._scene.config), "env": self._scene.env}))
        self._living = Life(self, self.wait_for("fork.begun", since=since)["pid"], since)
        return self._living

    def reap(self, since: int) -> int:
        """Wait for the daemon to end; its exit code."""
        self._ask("")
        code = int(self.wait_for("fork.ended", since=since)["code"])
        self._living = None
        return code

    def close(self) -> None:
        """Leave nothing behind."""
        if self._living is not None:
            self._living.kill()
        super().close()
        assert self.popen.stdin is not None
        self.popen.stdin.close()

    def _ask(self, line: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()


class Life:
    """One daemon, from its fork on."""

    def __init__(self, lives: Lives, pid: int, since: int) -> None:
        self.pid = pid
        self._lives = lives
        self._since = since

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log lines of one event so far."""
        return self._lives.events(name, self._since)

    def wait_for(self, name: str) -> dict[str, Any]:
        """Its first line of an event."""
        return self._lives.wait_for(name, since=self._since)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> bool:
        """End it by SIGKILL, in whatever it does; whether it had not ended in order before."""
        self.signal(signal.SIGKILL)
        code = self._lives.reap(self._since)
        assert code in (-signal.SIGKILL, 0), f"it had failed, with {code}:\n" + "".join(self._lives.lines[-100:])
        return code != 0
