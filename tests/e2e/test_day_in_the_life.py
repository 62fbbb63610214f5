"""A day in the life, from `make install` into an empty root to a clean stop: one machine, one operator, real programs.

Provider and daemon share a clock that runs twenty times as fast; once it is set forward while neither runs. It is the
evening before Thanksgiving in New York, and the hours are around the clock: at midnight the holiday closes.
"""

import json
import signal
import sqlite3
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller import __version__
from controller.clock import ShiftedClock
from controller.store.tables import SCHEMA
from tests.e2e.alertmanager import Alertmanager, free_port, needs_alertmanager
from tests.e2e.installed import NAME, Installed, copied_sources
from tests.e2e.processes import Process, until

pytestmark = [pytest.mark.e2e, pytest.mark.once, needs_alertmanager]

RATE = 20.0
EVENING = "2026-11-25T20:00:00-05:00"
LATE = "2026-11-25T23:54:00-05:00"
MIDNIGHT = datetime.fromisoformat("2026-11-26T00:00:00-05:00")
CLOSE_EARLY = timedelta(minutes=2)
OLD_KEY, NEW_KEY = "canary-key-old-5a", "canary-key-new-6b"
NEW_VERSION = "99.1.0"

SCHEMA_1 = Path(__file__).parents[1] / "store" / "schema_1.sql"
"""What an earlier version left that evening: of `renewals`, j1 and j2 were paused by it, j0 was let go."""
ALL_DAY = {
    "timezone": "America/New_York",
    "days": [{"dayOfWeek": day, "timeSlots": [{"startTime": "00:00", "endTime": "23:59"}]} for day in range(7)],
}
"""Nothing but the daemon keeps them from dialing on the holiday."""
STATUSES = {"j0": "PAUSED", "j1": "PAUSED", "j2": "PAUSED", "j3": "ACTIVE"}
OURS = {"j1", "j2", "j3"}
RULES = """\
calendars:
  floor:
    timezone: America/New_York
    hours: {mon-sun: ["00:00-24:00"]}
campaigns:
  renewals: {match: {names: ["Renewals *"]}, calendars: [floor], close_early: 2m}
"""
TYPO = RULES.replace("campaigns:", "    holiday: [{country: US, subdivision: NY}]\ncampaigns:")
RIGHT = TYPO.replace("holiday:", "holidays:")
WEBHOOK = """
webhooks:
  alertmanager:
    kind: alertmanager
    token: {file: alertmanager.token}
    quiet: 1m
    longest: 4h
    opens: [{labels: {alertname: CarrierDown}, match: {campaigns: [renewals]}}]
"""
ALERT = {"alertname": "CarrierDown", "trunk": "3"}


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


@pytest.fixture
def day() -> Iterator[Day]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path may not be as long as pytest's own folders are
        made = Day(Path(folder))
        yield made
        made.close()


def installed(day: Day) -> None:
    """Into an empty root, over what an earlier version left there: its store of schema 1."""
    day.place.make("install", day.sources)
    day.place.key.write_text(OLD_KEY)
    day.place.key.chmod(0o600)
    (day.place.config.parent / "alertmanager.token").write_text("token-of-the-alertmanager")
    day.place.point_at(day.provider.url, day.port, WEBHOOK)
    day.rules(RULES)
    day.say("check")
    day.place.store.parent.mkdir(mode=0o700, parents=True)
    with closing(sqlite3.connect(day.place.store)) as store:
        store.executescript(SCHEMA_1.read_text())


def the_store_is_migrated_and_what_the_earlier_version_paused_dials(day: Day) -> None:
    day.provider.start()
    daemon = day.place.started()
    assert daemon.events("daemon.started")[0]["version"] == __version__
    day.until_dialing(OURS)
    day.until_calls_begin()
    with closing(sqlite3.connect(day.place.store)) as store:
        assert store.execute("SELECT version_num FROM alembic_version").fetchall() == [(f"{SCHEMA:04}",)]
    assert {row["job"] for row in day.audit("job.resumed")} == {"j1", "j2"}
    day.told("WATCHDOG=1", day.told("READY=1") + 1)


def a_typo_is_refused_loudly_and_its_correction_counts(day: Day) -> None:
    day.rules(TYPO)
    [problem] = day.daemon.wait_for("rules.rejected")["problems"]
    assert "calendars.floor.holiday: unknown key, did you mean 'holidays'?" in problem
    loud = day.told("STATUS=DEGRADED: the rules files are wrong: the last good ones are in force; 3 dialing")
    assert "renewals.yaml:5:5: calendars.floor.holiday: unknown key" in day.say("check", ok=False)
    day.until_dialing(OURS)
    day.rules(RIGHT)
    day.daemon.popen.send_signal(signal.SIGHUP)  # systemctl reload
    day.told("STATUS=3 dialing", day.told("READY=1", day.told("RELOADING=1", loud)))
    day.daemon.wait_for("rules.reloaded")
    day.say("check")
    assert "Holiday (floor: Thanksgiving" in day.say("preview", "--until", "2026-11-27T00:00:00-05:00")
    day.provider.process.popen.send_signal(signal.SIGHUP)
    day.until_dialing(OURS)


def an_alert_stops_the_jobs_over_a_crash_and_its_end_lets_them_dial(day: Day) -> None:
    token = day.place.config.parent / "alertmanager.token"
    day.alertmanager = Alertmanager(day.folder / "alertmanager", f"http://127.0.0.1:{day.port}", token)
    day.alertmanager.tell(ALERT, "one-way audio on trunk 3", timedelta(hours=1))
    day.until_dialing(set())
    calls = day.provider.calls()

    assert day.daemon.end(signal.SIGKILL) == -signal.SIGKILL
    day.place.started()
    [incident] = json.loads(day.say("incident", "list", "--output", "json"))
    assert (incident["reason"], incident["source"]) == ("one-way audio on trunk 3", "webhook alertmanager")
    assert day.provider.dialing() == set()
    assert day.provider.calls() == calls

    day.alertmanager.tell(ALERT, "one-way audio on trunk 3", timedelta())
    day.until_dialing(OURS)
    day.until_calls_begin()
    assert [row["event"] for row in day.audit("incident.*")][:2] == ["incident.opened", "incident.ending"]
    day.told("STATUS=3 dialing")


def a_key_is_rotated(day: Day) -> None:
    day.provider.stop()
    day.provider.key = NEW_KEY
    day.provider.start()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        day.provider.ask("batch_dial_jobs", OLD_KEY)
    assert day.daemon.wait_for("workspace.unreachable")["problem"] in ("connection", "unauthorized")
    day.told("STATUS=DEGRADED: main cannot be read: unauthorized")
    day.place.key.write_text(NEW_KEY)
    assert day.place.stop() == 0
    day.place.started()
    day.until_dialing(OURS)
    assert not day.daemon.events("workspace.unreachable")


def it_is_upgraded_while_it_runs(day: Day) -> None:
    version = day.sources / "controller" / "__init__.py"
    version.write_text(version.read_text().replace(__version__, NEW_VERSION))
    rules = (day.place.config.parent / "rules" / "renewals.yaml").read_text()
    config = day.place.config.read_text()
    day.place.upgrade(day.sources)
    day.until_calls_begin()
    assert day.place.stop() == 0
    day.provider.stop()
    day.set_clock(LATE)
    day.provider.start()
    daemon = day.place.started()
    assert daemon.events("daemon.started")[0]["version"] == NEW_VERSION
    assert (day.place.config.read_text(), (day.place.config.parent / "rules" / "renewals.yaml").read_text()) == (
        config,
        rules,
    )
    assert day.provider.dialing() == OURS
    day.until_calls_begin()


def the_holiday_closes_at_midnight(day: Day) -> None:
    day.daemon.wait_for("job.paused", 3)
    paused = [datetime.fromisoformat(line["timestamp"]) for line in day.daemon.events("job.paused")]
    assert all(MIDNIGHT - CLOSE_EARLY <= at < MIDNIGHT for at in paused)
    until(lambda: day.clock.now() > MIDNIGHT.timestamp() + 30, day.daemon)
    [told] = [job for job in json.loads(day.say("status", "--output", "json"))[0]["jobs"] if job["job"] == "j1"]
    assert (told["desired"], told["reason"]) == ("pause", "holiday")
    assert "Thanksgiving" in told["detail"]
    assert day.provider.dialing() == set()


def it_ends_in_order(day: Day) -> None:
    assert day.place.stop() == 0
    assert day.daemon.events("daemon.stopped")
    stopping = day.told("STOPPING=1", day.told("READY=1"))
    assert day.place.manager is not None
    assert not day.place.manager.said("WATCHDOG=1", stopping)
    day.provider.stop()


def never_a_forbidden_call(judged: Sequence[dict[str, Any]]) -> None:
    assert len(judged) == 3
    assert [said["forbidden_total"] for said in judged] == [0, 0, 0]
    assert all(said["calls_begun"] > 0 for said in judged)


def test_a_day_from_an_empty_root_to_a_clean_stop(day: Day) -> None:
    installed(day)
    the_store_is_migrated_and_what_the_earlier_version_paused_dials(day)
    a_typo_is_refused_loudly_and_its_correction_counts(day)
    an_alert_stops_the_jobs_over_a_crash_and_its_end_lets_them_dial(day)
    a_key_is_rotated(day)
    it_is_upgraded_while_it_runs(day)
    the_holiday_closes_at_midnight(day)
    it_ends_in_order(day)
    never_a_forbidden_call(day.provider.judged)
    state = json.loads((day.folder / "state.json").read_text())
    assert {job["id"]: job["status"] for job in state["jobs"]} == dict.fromkeys(STATUSES, "PAUSED")
    assert {row["job"] for row in day.audit("job.resumed")} == OURS, "j0 was paused by a person"
    for name in (OLD_KEY, NEW_KEY):
        assert name not in "".join(day.daemon.lines)
