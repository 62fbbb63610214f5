"""What a scrape says of workspaces and of the daemon: asked of its parts at that moment."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from controller.core.job import Status
from controller.runtime.measures import Measures
from controller.runtime.report import Trigger
from controller.store.errors import StoreError, StoreReason
from controller.telemetry.logs import configure_logs
from tests.core.build import at
from tests.runtime.faults import on, refusing, unchanged
from tests.runtime.measured import Scene
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage


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
