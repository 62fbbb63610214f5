"""Real processes for the end-to-end tests: a sandbox and a daemon that share a fast clock."""

import json
import os
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

KEY = "canary-key-7d1f"
PATIENCE = 60.0

CONFIG = """\
workspaces:
  main: {{base_url: {url}, api_key: {{env: E2E_KEY}}}}
rules: rules/
resync: 30s
store: sqlite:///var/controller.db
control: var/control.sock
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


class Process:
    """One of our commands, with its JSON log lines collected as they come."""

    def __init__(self, *args: str, env: dict[str, str]) -> None:
        command = [sys.executable, "-m", "controller", *args]
        self.popen = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **env}
        )
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line)

    def events(self, name: str) -> list[dict]:
        """The log lines of one event so far."""
        parsed = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [line for line in parsed if line["event"] == name]

    def wait_for(self, name: str, count: int = 1) -> dict:
        """The count-th line of an event; fails loudly where it does not come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.events(name)
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.02)
        raise AssertionError(f"{name} did not come {count} time(s); the log:\n{''.join(self.lines)}")

    def end(self, signal_number: int) -> int:
        """Send a signal and give the exit code."""
        self.popen.send_signal(signal_number)
        code = self.popen.wait(PATIENCE)
        self._thread.join(PATIENCE)
        return code

    def close(self) -> None:
        """Leave nothing behind."""
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
        self.env = {
            "CAMPAIGN_CONTROLLER_CLOCK": f"{start},{time.time()},{rate}",
            "E2E_KEY": KEY,
            "SANDBOX_API_KEY": KEY,
        }
        self.processes: list[Process] = []
        self.port = "0"
        (folder / "rules").mkdir()

    def rules(self, start: str, end: str) -> None:
        """Write the one rules file, whole at any instant at which the daemon may look."""
        new = self.folder / "a.new"
        new.write_text(RULES.format(start=start, end=end))
        new.replace(self.folder / "rules" / "a.yaml")

    def sandbox(self, jobs: int = 2) -> Process:
        """Start the sandbox, or start it again with what it had."""
        slots = [{"startTime": "09:00", "endTime": "17:00"}]
        schedule = {"timezone": "America/New_York", "days": [{"dayOfWeek": d, "timeSlots": slots} for d in range(1, 6)]}
        seed = [
            {"id": f"j{n}", "name": f"Renewals {n}", "status": "ACTIVE", "rows": 4000, "schedule": schedule}
            for n in range(jobs)
        ]
        (self.folder / "jobs.json").write_text(json.dumps(seed))
        process = self._start(
            "sandbox", "--port", self.port, "--jobs", str(self.folder / "jobs.json"),
            "--rules", str(self.folder / "rules"), "--state-file", str(self.folder / "state.json"),
        )  # fmt: skip
        url = process.wait_for("sandbox.started")["url"]
        self.port = url.split(":")[2].split("/")[0]
        self.config.write_text(CONFIG.format(url=url))
        return process

    def daemon(self) -> Process:
        """Start the daemon."""
        return self._start("run", "--config", str(self.config))

    def command(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run one of the other commands to its end."""
        command = [sys.executable, "-m", "controller", *args, "--config", str(self.config)]
        return subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **self.env}, timeout=60, check=False
        )

    def _start(self, *args: str) -> Process:
        self.processes.append(Process(*args, env=self.env))
        return self.processes[-1]

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.processes:
            process.close()
