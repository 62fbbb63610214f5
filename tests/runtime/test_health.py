"""How the daemon says it is: from what its passes came to, and from the parts that work less well than they should."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.clock import Clock
from controller.core.job import Status
from controller.runtime.health import LATE_AFTER, LONGEST_PASS, Health, Part
from controller.runtime.ledger import Ledger, forget
from controller.runtime.report import Trigger
from controller.runtime.rules_keeper import RulesKeeper
from controller.runtime.service import EXTENSION, ServiceReporter
from controller.store.errors import StoreError, StoreReason
from controller.store.records import StoredRevision
from tests.runtime.faults import on, refusing
from tests.runtime.stage import MORNING, SHUT, Stage

RESYNC = 30.0


class Manager:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, ...]] = []

    def tell(self, *assignments: str) -> None:
        self.messages.append(assignments)

    def take(self) -> list[tuple[str, ...]]:
        """What was told since the last time."""
        taken, self.messages = self.messages, []
        return taken


def rules_keeper(clock: Clock, folder: Path) -> RulesKeeper:
    return RulesKeeper(folder, frozenset({"main"}), clock, Ledger(forget).record, lambda: None)


@pytest.fixture
def health(stage: Stage, tmp_path: Path) -> Health:
    parts = {"main": Part(stage.reconciler, stage.watch)}
    return Health(stage.clock, RESYNC, parts, stage.ledger, rules_keeper(stage.clock, tmp_path))


async def passed(stage: Stage, health: Health) -> None:
    health.passed(await stage.reconciler.run_pass(Trigger.RESYNC))


async def test_its_state_counts_the_jobs_by_who_keeps_them_where_they_are(stage: Stage, health: Health) -> None:
    assert health.summary() == "no jobs"
    stage.add()
    stage.add(Status.PAUSED)
    stage.add(Status.INIT)
    stage.add()
    await passed(stage, health)
    assert health.summary() == "2 dialing, 1 paused by others, 1 not started"
    stage.clock.instant = SHUT
    await passed(stage, health)
    health.next_transition = lambda: MORNING
    assert health.summary() == ("2 paused by us, 1 paused by others, 1 not started; next change 2026-11-24T09:10:00Z")


async def test_it_lives_while_passes_come_in_time_and_verify(stage: Stage, health: Health) -> None:
    assert not health.started
    assert not health.alive
    await passed(stage, health)
    assert health.started
    assert health.alive
    stage.clock.instant += LATE_AFTER * RESYNC
    assert health.alive
    stage.clock.instant += 0.1
    assert not health.alive, "a pass is stuck"
    await passed(stage, health)
    assert health.alive


async def test_a_pass_that_reads_nothing_or_changes_nothing_that_it_should_is_not_verified(
    stage: Stage, health: Health
) -> None:
    stage.add()
    await passed(stage, health)
    refuse = on("POST", "/paused", refusing(503))
    stage.faults.append(refuse)
    stage.clock.instant = SHUT
    await passed(stage, health)
    assert not health.alive
    stage.faults.remove(refuse)
    await passed(stage, health)
    assert health.alive
    stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
    await passed(stage, health)
    assert not health.alive
    assert health.degraded() == ["main cannot be read: server_error"]


async def test_passes_happen_while_they_fail_and_before_the_first_one_is_late(stage: Stage, health: Health) -> None:
    assert health.passing, "the start is young"
    stage.clock.instant += LATE_AFTER * RESYNC + 0.1
    assert not health.passing, "no pass ever ended"
    stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
    await passed(stage, health)
    assert health.passing, "an outage of the API is no reason to start anew"
    assert not health.alive
    stage.clock.instant += LATE_AFTER * RESYNC + 0.1
    assert not health.passing


async def test_a_pass_under_way_may_take_long_but_not_for_ever(stage: Stage, health: Health) -> None:
    await passed(stage, health)
    stage.clock.instant += 10 * LATE_AFTER * RESYNC
    assert not health.passing
    health.busy = lambda: {"main": LONGEST_PASS - 1}
    assert health.passing, "a list takes minutes"
    health.busy = lambda: {"main": LONGEST_PASS}
    assert not health.passing
    health.busy = lambda: {"other": 1.0}
    assert not health.passing


async def test_passes_over_each_workspace_have_to_happen(stage: Stage, health: Health) -> None:
    health.parts = {**health.parts, "other": health.parts["main"]}
    stage.clock.instant += LATE_AFTER * RESYNC + 0.1
    await passed(stage, health)
    assert not health.passing


@pytest.mark.parametrize(("status", "patient"), [(503, True), (429, True), (404, True), (401, False), (403, False)])
async def test_an_outage_is_sat_out_and_a_refused_key_is_not(
    stage: Stage, health: Health, status: int, patient: bool
) -> None:
    await passed(stage, health)
    stage.faults.append(on("GET", "/batch_dial_jobs", refusing(status)))
    await passed(stage, health)
    assert health.started
    assert not health.alive
    assert health.patient is patient
    stage.clock.instant += LATE_AFTER * RESYNC + 0.1
    assert not health.patient, "no pass ends any more"


async def test_one_job_that_refuses_spoils_no_pass(stage: Stage, health: Health) -> None:
    bad = stage.add()
    stage.add()
    await passed(stage, health)
    stage.faults.append(on("POST", f"/{bad}/paused", refusing(422)))
    stage.clock.instant = SHUT
    await passed(stage, health)
    assert health.alive


async def test_one_workspace_that_cannot_be_read_keeps_nobody_from_the_others(stage: Stage, health: Health) -> None:
    health.parts = {**health.parts, "other": health.parts["main"]}
    report = await stage.reconciler.run_pass(Trigger.START)
    health.passed(report)
    assert not health.started, "the other one had no pass yet"
    report.workspace, report.problem = "other", "timeout"
    health.passed(report)
    assert health.started
    assert health.alive


async def test_each_degraded_mode_is_told_while_it_lasts(stage: Stage, health: Health, tmp_path: Path) -> None:
    assert health.degraded() == []

    async def full(_changes: object) -> None:
        raise StoreError(StoreReason.FULL, "no room")

    health.ledger.write, whole = full, health.ledger.write
    stage.add()
    stage.clock.instant = SHUT
    await passed(stage, health)
    stage.clock.wrong_by = 3600.0
    (tmp_path / "a.yaml").write_text("calendars: {}")
    await health.rules.start(None)
    (tmp_path / "a.yaml").write_text("calendar: {}")
    await health.rules.look()
    assert health.degraded() == [
        "the store cannot be written: nothing is resumed",
        "the rules files are wrong: the last good ones are in force",
    ]
    await passed(stage, health)
    health.parts = {"main": replace(health.parts["main"], throttled=lambda: True)}
    health.lately_blocked = lambda: 12.3
    assert health.degraded()[2:] == [
        "nothing ran for 12 s",
        "main is throttled: all but pauses wait",
        "main: the clock is not trusted (date): nothing is resumed",
    ]
    health.lately_blocked = lambda: None
    health.parts = {"main": replace(health.parts["main"], throttled=lambda: False)}
    assert health.summary().startswith("DEGRADED: the store cannot be written: nothing is resumed; the rules files are")
    stage.clock.wrong_by, health.ledger.write = 0.0, whole
    (tmp_path / "a.yaml").write_text("calendars: {}")
    await health.rules.look()
    await passed(stage, health)
    assert health.degraded() == []


async def test_rules_that_are_wrong_from_the_start_are_in_the_state(health: Health, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("calendar: {}")
    last = StoredRevision("r0", {"a.yaml": "calendars: {}"}, "2026.6", "0.109", 1.0, 1.0)
    await health.rules.start(last)
    assert health.rules.rejected
    await health.rules.look()
    assert health.degraded() == ["the rules files are wrong: the last good ones are in force"]
    (tmp_path / "a.yaml").write_text("calendars: {}")
    await health.rules.look()
    assert health.degraded() == []


async def test_a_service_manager_hears_of_each_pass_until_we_are_ready_and_then_of_changes(
    stage: Stage, health: Health
) -> None:
    manager = Manager()
    service = ServiceReporter(manager, health, 90.0)
    service.reloading()
    service.reloaded()
    assert manager.take() == [], "nobody waits for a reload before we are ready"
    failing = on("GET", "/batch_dial_jobs", refusing(503))
    stage.faults.append(failing)
    service.passed(await stage.reconciler.run_pass(Trigger.START))
    told = "STATUS=DEGRADED: main cannot be read: server_error; no jobs"
    assert manager.take() == [(f"EXTEND_TIMEOUT_USEC={EXTENSION}000000", told)]
    stage.faults.remove(failing)
    service.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
    assert manager.take() == [("READY=1", "STATUS=no jobs", "WATCHDOG=1")]
    service.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
    assert manager.take() == [("STATUS=no jobs", "WATCHDOG=1")]
    service.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
    assert manager.take() == [("WATCHDOG=1",)]
    service.reloading()
    service.reloaded()
    reloading, reloaded = manager.take()
    assert reloading[0] == "RELOADING=1"
    assert reloaded == ("READY=1", "STATUS=no jobs")
    assert not health.stopping
    service.stopping()
    assert health.stopping
    stage.faults.append(failing)
    service.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
    assert manager.take() == [("STOPPING=1", "STATUS=draining the passes in flight")]


async def test_a_pass_that_ends_in_an_outage_is_no_sign_of_life_and_asks_for_more_time(
    stage: Stage, health: Health
) -> None:
    manager = Manager()
    service = ServiceReporter(manager, health, 300.0)
    service.passed(await stage.reconciler.run_pass(Trigger.START))
    manager.take()
    stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
    service.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
    assert manager.take() == [
        ("EXTEND_TIMEOUT_USEC=300000000",),
        ("STATUS=DEGRADED: main cannot be read: server_error; no jobs",),
    ]
    stage.faults[:] = [on("GET", "/batch_dial_jobs", refusing(401))]
    service.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
    assert manager.take() == [("STATUS=DEGRADED: main cannot be read: unauthorized; no jobs",)]
    unwatched = ServiceReporter(manager, health, None)
    for _ in range(2):
        stage.faults.clear()
        unwatched.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
        stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
        manager.take()
        unwatched.passed(await stage.reconciler.run_pass(Trigger.RESYNC))
        assert [message[0][:6] for message in manager.take()] == ["STATUS"], "nobody waits for a sign of life"


def test_a_watchdog_is_told_three_times_as_often_as_it_asks(health: Health) -> None:
    assert ServiceReporter(Manager(), health, 3.0)._beat == 1.0
    assert ServiceReporter(Manager(), health, None)._beat == ServiceReporter(Manager(), health, 600.0)._beat == 10.0
