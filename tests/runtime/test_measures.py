"""What a scrape says of the daemon: asked of its parts at that moment."""

import asyncio
import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from controller.core.campaign import Hold, Incident
from controller.core.controls import Closing, OpenedIncident, PlacedHold
from controller.core.finding import FindingKind
from controller.core.job import JobKey, Status
from controller.rules.loader import load_rules
from controller.runtime.health import Health, Part
from controller.runtime.measures import Measures
from controller.runtime.report import Trigger
from controller.runtime.rules_keeper import RulesKeeper
from controller.store.changes import PutHold, PutIncident
from controller.store.errors import StoreError, StoreReason
from controller.store.records import StoredRevision
from controller.telemetry.logs import configure_logs
from tests.core.build import at
from tests.runtime.faults import on, refusing, unchanged
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage

RULES = """\
calendars:
  floor: {timezone: UTC, hours: {mon-fri: ["09:00-17:00"]}, holidays: [{country: US, subdivision: none}]}
incidents:
  ended: {reason: r, from: 2026-11-20T00:00:00Z, until: 2026-11-21T00:00:00Z}
  short: {reason: r, from: 2026-11-23T00:00:00Z, until: 2026-11-24T00:00:00Z}
  first: {reason: r, from: 2026-11-22T00:00:00Z}
  second: {reason: r, from: 2026-11-23T12:00:00Z}
  coming: {reason: r, from: 2026-12-24T00:00:00Z}
"""


class Scene:
    """A stage whose health is measured; the rules of the files are those of `folder`, whatever its jobs obey."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.file = folder / "a.yaml"
        self.file.write_text(RULES)
        rules = RulesKeeper(folder, frozenset({"main"}), stage.clock, stage.ledger.record, lambda: None)
        part = Part(stage.reconciler, stage.watch)
        self.health = Health(stage.clock, 30.0, {"main": part}, stage.ledger, rules)
        self.crashes: dict[str, int] = {}
        self.registry = CollectorRegistry()
        self.registry.register(Measures(self.health, crashes=lambda: self.crashes))

    async def at(self, instant: float, trigger: Trigger = Trigger.RESYNC) -> None:
        """Run a pass at that instant, as the daemon does."""
        self.health.passed(await self.stage.settled_at(instant, trigger=trigger))

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"campaign_controller_{name}", labels)

    def of_main(self, name: str, **labels: str) -> float | None:
        return self.value(name, workspace="main", **labels)

    def not_zero(self, name: str) -> dict[tuple[str, ...], float]:
        """The values of one family that are not 0, by its labels without the workspace."""
        [family] = [each for each in self.registry.collect() if each.name == f"campaign_controller_{name}"]
        return {
            tuple(value for label, value in sample.labels.items() if label != "workspace"): sample.value
            for sample in family.samples
            if sample.value
        }


@pytest.fixture
async def scene(stage: Stage, tmp_path: Path) -> Scene:
    folder = tmp_path / "rules"
    folder.mkdir()
    made = Scene(stage, folder)
    await made.health.rules.start(None)
    return made


async def test_jobs_are_counted_by_the_status_last_seen_and_the_reason_of_the_last_decision(scene: Scene) -> None:
    assert scene.not_zero("jobs") == {}
    scene.stage.add()
    scene.stage.add(Status.PAUSED)
    scene.stage.add(Status.INIT)
    await scene.at(OPEN)
    assert scene.not_zero("jobs") == {("ACTIVE", "open"): 1, ("PAUSED", "open"): 1, ("INIT", "open"): 1}
    await scene.at(SHUT)
    assert scene.not_zero("jobs") == {("PAUSED", "outside_hours"): 2, ("INIT", "outside_hours"): 1}


async def test_each_status_and_reason_is_there_as_nothing(scene: Scene) -> None:
    await scene.at(OPEN)
    assert scene.of_main("jobs", status="ACTIVE", reason="outside_hours") == 0
    assert scene.of_main("jobs", status="UNKNOWN", reason="undecided") == 0
    assert scene.of_main("jobs", status="COMPLETE", reason="finished") is None


async def test_a_job_about_which_nothing_can_be_decided_is_counted_as_that(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.stage.add()

    def defect(*_args: Any) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("controller.core.rulebook.Rulebook.campaigns_of", defect)
    await scene.at(OPEN)
    assert scene.not_zero("jobs") == {("ACTIVE", "undecided"): 1}


async def test_forbidden_seconds_are_those_that_were_measured(scene: Scene) -> None:
    job = scene.stage.add()
    await scene.at(OPEN)
    assert scene.of_main("forbidden_dialing_seconds_total") == 0
    scene.stage.faults.append(on("POST", "/paused", refusing(503)))
    await scene.at(CLOSE + 10)
    await scene.at(CLOSE + 40)
    assert scene.of_main("forbidden_dialing_seconds_total") == scene.stage.reconciler.meter.seconds
    assert (scene.of_main("forbidden_dialing_seconds_total") or 0) >= 40
    assert scene.stage.status(job) is Status.ACTIVE


async def test_changes_are_counted_by_what_became_of_them_the_fast_path_s_too(scene: Scene) -> None:
    job = scene.stage.add()
    await scene.at(OPEN)
    assert scene.of_main("changes_total", action="start", result="failed") == 0
    scene.stage.clock.instant = SHUT
    await scene.stage.reconciler.fast_path()
    await scene.at(SHUT + 1)
    await scene.at(MORNING)
    assert scene.not_zero("changes") == {("pause", "verified"): 1, ("resume", "verified"): 1}
    scene.stage.faults.append(on("POST", "/paused", unchanged("ACTIVE")))
    await scene.at(SHUT + 86_400)
    assert scene.not_zero("changes")["pause", "unverified"] == 1
    assert scene.of_main("findings", kind="verify_failed") == 1
    assert scene.stage.status(job) is Status.ACTIVE


async def test_a_change_that_is_seen_late_counts_with_both(scene: Scene) -> None:
    job = scene.stage.add()
    await scene.at(OPEN)
    scene.stage.faults.append(on("POST", "/paused", unchanged("ACTIVE")))
    scene.stage.clock.instant = SHUT
    gate = scene.stage.clock.gate = asyncio.Event()
    report = await scene.stage.reconciler.run_pass(Trigger.RESYNC)
    scene.stage.faults.clear()
    scene.stage.sandbox.set_paused(job, paused=True)
    gate.set()
    await scene.stage.reconciler.settled(report)
    assert scene.not_zero("changes") == {("pause", "unverified"): 1, ("pause", "verified"): 1}


async def test_people_who_resume_closed_jobs_are_counted_for_ever(scene: Scene) -> None:
    job = scene.stage.add()
    await scene.at(SHUT)
    for number in (1, 2, 3):
        scene.stage.sandbox.set_paused(job, paused=False)
        await scene.at(SHUT + 90 * number)
    await scene.at(SHUT + 300)
    assert scene.of_main("overrides_total") == 3
    assert scene.of_main("findings", kind="tug_of_war") == 1
    scene.stage.delete(job)
    await scene.at(SHUT + 400)
    assert scene.of_main("overrides_total") == 3
    assert scene.of_main("findings", kind="tug_of_war") == 0


async def test_an_override_that_was_only_suspected_counts_once_it_is_certain(scene: Scene) -> None:
    job = scene.stage.add()
    await scene.at(SHUT)
    scene.stage.sandbox.set_paused(job, paused=False)
    await scene.at(SHUT + 10)
    assert scene.of_main("overrides_total") == 0
    scene.stage.sandbox.set_paused(job, paused=False)
    await scene.at(SHUT + 100)
    assert scene.of_main("overrides_total") == 2


async def test_claims_and_findings_are_counted_in_each_workspace(scene: Scene) -> None:
    job = scene.stage.add()
    scene.stage.add(schedule=None)
    await scene.at(SHUT)
    assert scene.not_zero("claims") == {("held",): 2}
    assert scene.of_main("claims", state="intended") == 0
    assert scene.of_main("claims", state="resumed") is None, "only open claims"
    assert scene.of_main("findings", kind="schedule_missing") == 1
    scene.stage.use()
    await scene.at(SHUT + 30)
    assert scene.of_main("findings", kind=FindingKind.ORPHANED_CLAIM) == 2
    moved = replace(scene.stage.ledger.claims[JobKey("main", job)], workspace="gone")
    scene.stage.ledger.claims[JobKey("gone", job)] = moved
    assert scene.value("claims", workspace="gone", state="held") == 1, "a workspace that is configured no more"


async def test_the_last_verified_pass_is_never_until_there_is_one_and_stays_while_passes_fail(scene: Scene) -> None:
    assert scene.of_main("last_verified_pass_timestamp_seconds") == 0
    await scene.at(OPEN)
    scene.stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
    assert scene.of_main("workspace_reachable") == 1
    await scene.at(OPEN + 30)
    assert scene.of_main("last_verified_pass_timestamp_seconds") == OPEN
    assert scene.of_main("workspace_reachable") == 0
    scene.stage.faults.clear()
    await scene.at(OPEN + 60)
    assert scene.of_main("last_verified_pass_timestamp_seconds") == OPEN + 60
    assert scene.of_main("workspace_reachable") == 1


async def test_each_degraded_mode_is_a_number(scene: Scene) -> None:
    await scene.at(OPEN)
    names = ("workspace_throttled", "clock_trusted")
    assert [scene.of_main(name) for name in names] == [0, 1]
    assert [scene.value(name) for name in ("store_durable", "event_loop_blocked_seconds")] == [1, 0]
    assert scene.of_main("pass_crashes_total") == 0

    async def full(_changes: object) -> None:
        raise StoreError(StoreReason.FULL, "no room")

    scene.stage.ledger.write = full
    scene.stage.add()
    scene.health.lately_blocked = lambda: 12.5
    scene.health.parts = {"main": replace(scene.health.parts["main"], throttled=lambda: True)}
    scene.crashes["main"] = 2
    await scene.at(SHUT)
    scene.stage.clock.wrong_by = 3600.0
    scene.stage.watch.look()
    assert [scene.of_main(name) for name in names] == [1, 0]
    assert [scene.value(name) for name in ("store_durable", "event_loop_blocked_seconds")] == [0, 12.5]
    assert scene.of_main("pass_crashes_total") == 2


async def test_the_rules_files_are_told_by_their_last_reading(scene: Scene) -> None:
    assert scene.value("rules_last_reload_successful") == 1
    assert scene.value("rules_last_reload_success_timestamp_seconds") == OPEN
    revision = scene.health.rules.book.rules.revision
    assert scene.value("rules_info", revision=revision) == 1
    scene.stage.clock.instant = OPEN + 60
    scene.file.write_text(RULES.replace("reason: r", "reasons: r"))
    await scene.health.rules.look()
    assert scene.value("rules_last_reload_successful") == 0
    assert scene.value("rules_last_reload_success_timestamp_seconds") == OPEN
    scene.file.write_text("# the same\n" + RULES)
    await scene.health.rules.look()
    assert scene.value("rules_last_reload_successful") == 1
    assert scene.value("rules_last_reload_success_timestamp_seconds") == OPEN + 60
    scene.file.write_text("calendars: {}")
    await scene.health.rules.look()
    assert scene.value("rules_info", revision=revision) is None
    assert scene.value("holidays_known_until_timestamp_seconds") is None, "no calendar needs any"


async def test_rules_that_were_wrong_from_the_start_were_never_reloaded(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    scene = Scene(stage, tmp_path / "rules")
    scene.file.write_text("calendar: {}")
    await scene.health.rules.start(StoredRevision("r0", {"a.yaml": "calendars: {}"}, "2026.6", "0.109", 1.0, 1.0))
    assert scene.value("rules_last_reload_successful") == 0
    assert scene.value("rules_last_reload_success_timestamp_seconds") == 0


async def test_holidays_are_known_until_the_first_calendar_that_knows_none(scene: Scene) -> None:
    assert scene.value("holidays_known_until_timestamp_seconds") == at("2029-01-01T00:00")
    book = scene.health.rules.book
    calendars = dict(load_rules({"a.yaml": RULES.encode()}, now=at("2025-06-01T00:00")).rules.calendars)
    book.rules = replace(book.rules, calendars={**book.rules.calendars, "older": calendars["floor"]})
    assert scene.value("holidays_known_until_timestamp_seconds") == at("2028-01-01T00:00")


async def test_incidents_under_way_are_counted_by_who_opened_them(scene: Scene) -> None:
    opened = [
        OpenedIncident("1", Incident("flood", "r", OPEN - 60)),
        OpenedIncident("2", Incident("over", "r", OPEN - 600, OPEN)),
        OpenedIncident("3", Incident("clock set back since", "r", OPEN + 600, OPEN + 900)),
        OpenedIncident("4", Incident("outage", "r", OPEN - 30), "webhook status page"),
    ]
    await scene.stage.ledger.record([PutIncident(each) for each in opened])
    assert scene.not_zero("incidents") == {("rules",): 3, ("operator",): 2, ("webhook",): 1}
    oldest = scene.not_zero("oldest_open_ended_incident_timestamp_seconds")
    assert oldest == {("rules",): at("2026-11-22T00:00"), ("operator",): OPEN - 60, ("webhook",): OPEN - 30}
    closed = [replace(each, closed=Closing(OPEN, "a", "r")) for each in opened]
    await scene.stage.ledger.record([PutIncident(each) for each in closed])
    assert scene.value("incidents", source="webhook") == 0
    assert scene.value("oldest_open_ended_incident_timestamp_seconds", source="webhook") is None


async def test_holds_are_counted_while_they_are_in_force(scene: Scene) -> None:
    assert scene.of_main("holds") == 0
    job = JobKey("main", "j")
    ends = {"1": OPEN, "2": SHUT, "3": math.inf}
    holds = [PlacedHold(number, Hold(job, "a", "r", OPEN - 60, end), "US renewals") for number, end in ends.items()]
    await scene.stage.ledger.record([PutHold(each) for each in holds])
    assert scene.of_main("holds") == 2


async def test_what_comes_next_is_told_where_something_does(scene: Scene) -> None:
    assert scene.value("next_transition_timestamp_seconds") is None
    scene.health.next_transition = lambda: CLOSE
    assert scene.value("next_transition_timestamp_seconds") == CLOSE
    assert scene.value("resync_interval_seconds") == 30


async def test_lost_log_lines_are_counted_where_there_are_logs(scene: Scene) -> None:
    assert [scene.value(f"log_{name}_total") for name in ("lines_dropped", "alarms_untold")] == [0, 0]
    logs = configure_logs("json", "info", io.StringIO(), now=lambda: OPEN)
    try:
        logs.close(1.0)
        structlog.get_logger().info("too.late")
    finally:
        structlog.reset_defaults()
    registry = CollectorRegistry()
    registry.register(Measures(scene.health, logs))
    assert registry.get_sample_value("campaign_controller_log_lines_dropped_total") == 1


async def test_the_versions_of_the_program_and_its_data_are_told(scene: Scene) -> None:
    [family] = [each for each in scene.registry.collect() if each.name == "campaign_controller_build"]
    [sample] = family.samples
    assert set(sample.labels) == {"version", "tzdata", "holidays"}
    released = at(f"{sample.labels['tzdata'].partition('.')[0]}-07-01T00:00")
    assert scene.value("tzdata_release_timestamp_seconds") == released
