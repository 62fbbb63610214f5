"""A day in the life, from `make install` into an empty root to a clean stop: one machine, one operator, real programs.

Provider and daemon share a clock that runs twenty times as fast; once it is set forward while neither runs. It is the
evening before Thanksgiving in New York, and the hours are around the clock: at midnight the holiday closes.
"""

import json
import signal
import sqlite3
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller import __version__
from controller.store.tables import SCHEMA
from tests.e2e.alertmanager import Alertmanager, needs_alertmanager
from tests.e2e.day import OLD_KEY, STATUSES, Day
from tests.e2e.processes import until

pytestmark = [pytest.mark.e2e, pytest.mark.once, needs_alertmanager]

LATE = "2026-11-25T23:54:00-05:00"
MIDNIGHT = datetime.fromisoformat("2026-11-26T00:00:00-05:00")
CLOSE_EARLY = timedelta(minutes=2)
NEW_KEY = "canary-key-new-6b"
NEW_VERSION = "99.1.0"

SCHEMA_1 = Path(__file__).parents[1] / "store" / "schema_1.sql"
"""What an earlier version left that evening: of `renewals`, j1 and j2 were paused by it, j0 was let go."""
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
