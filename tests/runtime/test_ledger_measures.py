"""What a scrape says of claims, findings, rules, incidents and holds."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from controller.core.campaign import Hold, Incident
from controller.core.controls import Closing, OpenedIncident, PlacedHold
from controller.core.finding import FindingKind
from controller.core.job import JobKey
from controller.rules.loader import load_rules
from controller.store.changes import PutHold, PutIncident
from controller.store.records import StoredRevision
from tests.core.build import at
from tests.runtime.measured import RULES, Scene
from tests.runtime.stage import OPEN, SHUT, Stage


@pytest.fixture
async def scene(stage: Stage, tmp_path: Path) -> Scene:
    folder = tmp_path / "rules"
    folder.mkdir()
    made = Scene(stage, folder)
    await made.health.rules.start(None)
    return made


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
    moved = scene.stage.ledger.claims[JobKey("main", job)]._replace(workspace="gone")
    scene.stage.ledger.claims[JobKey("gone", job)] = moved
    assert scene.value("claims", workspace="gone", state="held") == 1, "a workspace that is configured no more"


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
