"""What the tests of the commands stand on: files in a folder, a real sandbox on loopback, and a clock of its own."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner, Result

from controller.app import Daemon
from controller.cli.main import main
from controller.clock import Clock, ShiftedClock
from controller.core.job import Status
from controller.sandbox.sandbox import Sandbox
from controller.settings import load_settings
from controller.telemetry.metrics import render

T = TypeVar("T")

KEY = "canary-key-9c41"
NOON = "2026-11-24T12:00:00-05:00"
"""A Tuesday in New York, in open hours."""

CONFIG = """\
workspaces:
  main: {{base_url: "{url}", api_key: {{env: STAGE_KEY}}, verify_within: 2s}}
rules: rules/
store: sqlite:///var/controller.db
control: {control}
listen: {listen}
log: {{format: json, level: warning}}
"""

RULES = """\
calendars:
  floor:
    timezone: America/New_York
    hours:
      mon-fri: ["09:00-17:00"]
    holidays: [{country: US, subdivision: none}]
    dates:
      2026-12-24: ["09:00-12:00"]
  night:
    timezone: America/New_York
    hours: {mon-fri: ["20:00-22:00"]}
campaigns:
  renewals: {match: {names: ["Renewals *"]}, calendars: [floor]}
  starts: {match: {names: ["Start *"]}, calendars: [floor], start: true}
  night: {match: {names: ["Night *"]}, calendars: [night]}
incidents:
  carrier:
    reason: Carrier is down
    match: {campaigns: [renewals], names: ["Renewals west*"]}
    from: 2026-11-30T10:00:00-05:00
    until: 2026-11-30T11:00:00-05:00
  flood:
    reason: The floor is under water
    match: {campaigns: [renewals]}
    from: 2026-12-01T10:00:00-05:00
    until: 2026-12-01T15:15:00-05:00
"""

FIT = {
    "timezone": "America/New_York",
    "days": [{"dayOfWeek": day, "timeSlots": [{"startTime": "09:00", "endTime": "17:00"}]} for day in range(1, 6)],
}
"""A provider schedule that agrees with the calendar `floor`."""


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def call(self, make: Callable[[], Any]) -> Any:
        """Run a coroutine to its end."""
        return self.begin(make).result(30)

    def begin(self, make: Callable[[], Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(make(), self._loop)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()


class ServedSandbox:
    """A sandbox that listens, in a thread."""

    def __init__(self, clock: Clock, workspace: str = "main") -> None:
        self._loop = _Loop()

        async def make() -> Sandbox:
            box = Sandbox(clock, KEY, workspace=workspace)
            await box.start()
            return box

        self._box: Sandbox = self._loop.call(make)
        self.url = self._box.base_url

    def ask(self, question: Callable[[Sandbox], T]) -> T:
        """Do something with the sandbox in its own thread."""

        async def answer() -> T:
            return question(self._box)

        result: T = self._loop.call(answer)
        return result

    def add(self, name: str, status: str = "ACTIVE", **more: Any) -> str:
        """Add a job, by default one whose schedule is as the rules have it."""
        schedule = more.pop("schedule", FIT)
        return self.ask(lambda box: box.add_job(name, status=Status(status), schedule=schedule, **more))

    def status(self, job: str) -> str:
        return self.ask(lambda box: box.status(job)).value

    def close(self) -> None:
        self._loop.call(self._box.close)
        self._loop.close()


class RunningDaemon:
    """The daemon in a thread of this process: the lock, the socket and the passes are the real ones."""

    def __init__(self, config: Path, clock: Clock) -> None:
        self._loop = _Loop()
        os.environ["STAGE_KEY"] = KEY  # between commands too
        settings = load_settings(config)

        async def make() -> Daemon:
            return Daemon(settings, clock, set())

        self._daemon: Daemon = self._loop.call(make)
        self._running = self._loop.begin(self._daemon.run)
        deadline = time.monotonic() + 30
        while not settings.control.exists():
            assert time.monotonic() < deadline, self._running
            assert not self._running.done(), self._running.result()
            time.sleep(0.01)

    def scrape(self, accept: str | None = None) -> tuple[str, str]:
        """What it measures, and the content type, as its own thread would serve them."""

        async def answer() -> tuple[bytes, str]:
            return render(self._daemon.registry, accept)

        body, content_type = self._loop.call(answer)
        return body.decode(), content_type

    def close(self) -> None:
        async def stop() -> None:
            self._daemon.stop()

        self._loop.call(stop)
        self._running.result(30)
        self._loop.close()
        os.environ.pop("STAGE_KEY", None)


class Stage:
    """A folder with configuration and rules, and commands run on it at a shifted instant."""

    def __init__(self, folder: Path, at: str = NOON) -> None:
        self.folder = folder
        self.config = folder / "controller.yaml"
        (folder / "rules").mkdir()
        self.clock = ShiftedClock(datetime.fromisoformat(at).timestamp(), time.time())
        self.env: dict[str, str | None] = {
            "CAMPAIGN_CONTROLLER_CLOCK": str(self.clock),
            "STAGE_KEY": KEY,
            "COLUMNS": None,
        }
        self._open: list[ServedSandbox | RunningDaemon] = []
        self.write(RULES)
        self.configure("http://127.0.0.1:9/api")

    def write(self, rules: str, name: str = "a.yaml") -> None:
        (self.folder / "rules" / name).write_text(rules)

    def configure(self, url: str, listen: str = "127.0.0.1:0") -> None:
        text = CONFIG.format(url=url, control=self.folder / "control.sock", listen=listen)
        self.config.write_text(text)

    def sandbox(self) -> ServedSandbox:
        """Start a sandbox and configure it as workspace main."""
        box = ServedSandbox(self.clock)
        self._open.append(box)
        self.configure(box.url)
        return box

    def daemon(self) -> RunningDaemon:
        self._open.append(RunningDaemon(self.config, self.clock))
        return self._open[-1]  # type: ignore[return-value]

    @property
    def has_daemon(self) -> bool:
        return any(isinstance(each, RunningDaemon) for each in self._open)

    def run(self, *args: str, typed: str | None = None) -> Result:
        """One command on this stage's files; a crash is the test's failure, never an exit code."""
        command = [*args, "--config", str(self.config)] if args[0] not in ("sandbox", "demo") else list(args)
        result = CliRunner().invoke(main, command, input=typed, env=self.env)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def records(self, *args: str) -> list[dict[str, Any]]:
        """The records of a command that is fine."""
        result = self.run(*args, "--output", "json")
        assert result.exit_code == 0, result.output
        found: list[dict[str, Any]] = json.loads(result.stdout)
        return found

    def close(self) -> None:
        for each in reversed(self._open):
            each.close()
