"""What a day in the life needs: an installed program with its operator, and a provider that is started anew."""

import json
import signal
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.clock import ShiftedClock
from tests.e2e.alertmanager import Alertmanager, free_port
from tests.e2e.installed import NAME, Installed, copied_sources
from tests.e2e.processes import Process, until

RATE = 20.0
EVENING = "2026-11-25T20:00:00-05:00"
OLD_KEY = "canary-key-old-5a"
ALL_DAY = {
    "timezone": "America/New_York",
    "days": [{"dayOfWeek": day, "timeSlots": [{"startTime": "00:00", "endTime": "23:59"}]} for day in range(7)],
}
"""Nothing but the daemon keeps them from dialing on the holiday."""
STATUSES = {"j0": "PAUSED", "j1": "PAUSED", "j2": "PAUSED", "j3": "ACTIVE"}


class Provider:
    """The sandbox, now and then started anew: with another key, or at another time. Its judge reads the daemon's rules,
    and `judged` is what it said at each end.
    """

    def __init__(self, place: Installed, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/api"
        self.judged: list[dict[str, Any]] = []
        self.key = OLD_KEY
        seed = [
            {"id": job, "name": f"Renewals {job[1]}", "status": status, "rows": 4000, "schedule": ALL_DAY}
            for job, status in STATUSES.items()
        ]
        (folder / "jobs.json").write_text(json.dumps(seed))

    def start(self) -> None:
        if self.judged:
            self.process.close()
        self.process = Process(
            "sandbox", "--port", str(self._port), "--jobs", str(self._folder / "jobs.json"),
            "--rules", str(self._place.config.parent / "rules"), "--state-file", str(self._folder / "state.json"),
            env={**self._place.env, "SANDBOX_API_KEY": self.key},
        )  # fmt: skip
        self.process.wait_for("sandbox.started")

    def stop(self) -> None:
        assert self.process.end(signal.SIGTERM) == 0
        [said] = self.process.events("sandbox.stopped")
        self.judged.append(said)

    def ask(self, path: str, key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        request = urllib.request.Request(f"{self.url}/{path}", headers=headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def dialing(self) -> set[str]:
        jobs = self.ask("batch_dial_jobs?limit=100")["data"]
        return {job["id"] for job in jobs if job["status"] == "ACTIVE"}

    def calls(self) -> int:
        return int(self.ask("_sandbox/stats")["calls_begun"])


class Day:
    """What is there, and what the operator does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources = copied_sources(folder)
        self.place = Installed(folder, {"COLUMNS": "160"})
        self.port = free_port()
        self.set_clock(EVENING)
        self.provider = Provider(self.place, folder)
        self.alertmanager: Alertmanager | None = None

    def set_clock(self, local: str) -> None:
        self.clock = ShiftedClock(datetime.fromisoformat(local).timestamp(), time.time(), RATE)
        self.place.env["CAMPAIGN_CONTROLLER_CLOCK"] = str(self.clock)

    @property
    def daemon(self) -> Process:
        assert self.place.daemon is not None
        return self.place.daemon

    def told(self, line: str, after: int = 0) -> int:
        assert self.place.manager is not None
        return self.place.manager.wait_for(line, after)

    def say(self, *args: str, ok: bool = True) -> str:
        """One of our commands, as the operator types it."""
        words = " ".join(f"'{word}'" for word in args)
        done = self.place.run(f"{NAME} {words} --config /etc/{NAME}/controller.yaml", self.folder, ok=ok)
        return done.stdout if ok else done.stderr

    def rules(self, text: str) -> None:
        """The editor saves."""
        file = self.place.config.parent / "rules" / "renewals.yaml"
        new = file.with_suffix(".new")
        new.write_text(text)
        new.replace(file)

    def until_dialing(self, jobs: set[str]) -> None:
        until(lambda: self.provider.dialing() == jobs, self.daemon, self.provider.process)

    def until_calls_begin(self) -> None:
        before = self.provider.calls()
        until(lambda: self.provider.calls() > before, self.daemon, self.provider.process)

    def audit(self, event: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.say("audit", "--event", event, "--output", "json"))
        return found

    def close(self) -> None:
        if self.alertmanager is not None:
            self.alertmanager.close()
        self.place.close()
        if hasattr(self.provider, "process"):
            self.provider.process.close()
