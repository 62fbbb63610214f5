"""Real processes for the end-to-end tests: a sandbox and a daemon that share a fast clock."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from controller.clock import ShiftedClock

KEY = "canary-key-7d1f"
PATIENCE = 60.0

CONFIG = """\
workspaces:
  main: {{{limits} base_url: {url}, api_key: {{env: E2E_KEY}}}}
rules: rules/
resync: {resync}
store: sqlite:///var/controller.db
control: var/control.sock
listen: off
log: {{format: json, level: debug}}
"""

RULES = """\
calendars:
  floor:
    timezone: America/New_York
    hours: {{mon-fri: ["{start}-{end}"]}}
campaigns:
  renewals: {{match: {{names: ["Renewals *"]}}, calendars: [floor]}}
"""

ProcessT = TypeVar("ProcessT", bound="Process")


def until(condition: Callable[[], object], *logs: "Process") -> None:
    """Wait for something that is sure to come; fails loudly, with these logs, where it does not."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come; the logs:\n" + "".join(
            line for log in logs for line in log.lines[-200:]
        )
        time.sleep(0.005)


class Process:
    """One of our commands, or another program of Python's, with its JSON log lines collected as they come."""

    def __init__(
        self,
        *args: str,
        env: Mapping[str, str],
        program: Sequence[str] = ("-m", "controller"),
        python: str = sys.executable,
        stdin: int | None = None,
    ) -> None:
        self.popen = subprocess.Popen(
            [python, *program, *args],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **env},
        )
        self.lines: list[str] = []
        self.said: list[dict[str, Any]] = []
        self._reading = threading.Event()
        self._reading.set()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line)
            if line.startswith("{"):
                self.said.append(json.loads(line))
            self._reading.wait()

    def stop_reading(self) -> None:
        """Take nothing more from the process's stdout, beyond what is buffered here."""
        self._reading.clear()

    def read_on(self) -> None:
        """Take what has come meanwhile, and what comes."""
        self._reading.set()

    def events(self, name: str, since: int = 0) -> list[dict[str, Any]]:
        """The log lines of one event so far, from the line of this number on."""
        return [line for line in self.said[since:] if line["event"] == name]

    def wait_for(self, name: str, count: int = 1, since: int = 0) -> dict[str, Any]:
        """The count-th line of an event; fails loudly where it does not come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            over = not self._thread.is_alive()
            found = self.events(name, since)
            if len(found) >= count:
                return found[count - 1]
            if over:
                break
            time.sleep(0.01)
        raise AssertionError(f"{name} did not come {count} time(s); the log:\n{''.join(self.lines)}")

    def end(self, signal_number: int) -> int:
        """Send a signal and give the exit code."""
        self.popen.send_signal(signal_number)
        code = self.popen.wait(PATIENCE)
        self._thread.join(PATIENCE)
        return code

    def close(self) -> None:
        """Leave nothing behind."""
        self.read_on()
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(PATIENCE)
        self._thread.join(PATIENCE)
        assert self.popen.stdout is not None
        self.popen.stdout.close()


class Stage:
    """A folder with configuration, rules and seed jobs, and the processes started on it."""

    def __init__(self, folder: Path, local_start: str, rate: float) -> None:
        self.folder = folder
        self.config = folder / "controller.yaml"
        start = datetime.fromisoformat(local_start).timestamp()
        self.clock = ShiftedClock(start, time.time(), rate)
        self.env = {
            "CAMPAIGN_CONTROLLER_CLOCK": str(self.clock),
            "E2E_KEY": KEY,
            "SANDBOX_API_KEY": KEY,
        }
        self.processes: list[Process] = []
        self.port = "0"
        self.limits = ""
        self.resync = "30s"
        self.schedules: dict[str, Any] = {}
        """Of jobs by id; all others may dial on weekdays from nine to five in New York."""
        (folder / "rules").mkdir()

    def rules(self, start: str, end: str) -> None:
        """Write the one rules file for one campaign, open for so long a day."""
        self.rules_file(RULES.format(start=start, end=end))

    def rules_file(self, text: str) -> None:
        """Write the one rules file, whole at any instant at which the daemon may look."""
        new = self.folder / "a.new"
        new.write_text(text)
        new.replace(self.folder / "rules" / "a.yaml")

    def sandbox(self, jobs: int | Mapping[str, str] = 2) -> Process:
        """Start the sandbox, or start it again with what it had: so many jobs that dial, or jobs of these ids and
        names. The daemon will have the `limits` and the `resync` that stand then.
        """
        names = jobs if isinstance(jobs, Mapping) else {f"j{n}": f"Renewals {n}" for n in range(jobs)}
        slots = [{"startTime": "09:00", "endTime": "17:00"}]
        usual = {"timezone": "America/New_York", "days": [{"dayOfWeek": d, "timeSlots": slots} for d in range(1, 6)]}
        seed = [
            {"id": job, "name": name, "status": "ACTIVE", "rows": 4000, "schedule": self.schedules.get(job, usual)}
            for job, name in names.items()
        ]
        (self.folder / "jobs.json").write_text(json.dumps(seed))
        process = self._start(
            "sandbox", "--port", self.port, "--jobs", str(self.folder / "jobs.json"),
            "--rules", str(self.folder / "rules"), "--state-file", str(self.folder / "state.json"),
        )  # fmt: skip
        url = process.wait_for("sandbox.started")["url"]
        self.port = url.split(":")[2].split("/")[0]
        self.config.write_text(CONFIG.format(url=url, limits=self.limits, resync=self.resync))
        return process

    def daemon(self, **env: str) -> Process:
        """Start the daemon, with more in its environment."""
        return self._start("run", "--config", str(self.config), **env)

    def command(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run one of the other commands to its end."""
        command = [sys.executable, "-m", "controller", *args, "--config", str(self.config)]
        return subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **self.env}, timeout=60, check=False
        )

    def _start(self, *args: str, **env: str) -> Process:
        return self.started(Process(*args, env={**self.env, **env}))

    def started(self, process: ProcessT) -> ProcessT:
        """Have the process ended with all others."""
        self.processes.append(process)
        return process

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.processes:
            process.close()
