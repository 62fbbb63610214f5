"""What wakes the passes beside the timers: time that went on in another way than they counted on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.clock import StoppedClock, SystemClock
from controller.runtime import engine as engine_module
from controller.runtime.clock_log import ClockLog
from controller.runtime.engine import BLOCKED, BLOCKED_TOLD, Engine
from controller.runtime.expiry import Expiry
from controller.runtime.incident_log import IncidentLog
from controller.runtime.report import PassReport, Trigger
from controller.runtime.rules_keeper import RulesKeeper
from controller.store.changes import Change
from tests.runtime.stage import Stage, lines, until


class Running:
    """An engine after its first pass; `reports` are of all passes since."""

    def __init__(self, stage: Stage, rules: RulesKeeper) -> None:
        record = stage.ledger.record
        clock_log = ClockLog(record, {"main": stage.watch})
        self.reports: list[PassReport] = []
        self.engine = Engine(
            SystemClock(),
            1000.0,
            rules,
            IncidentLog(record),
            Expiry(stage.ledger),
            clock_log,
            [stage.reconciler],
            self.reports.append,
        )

    async def passes(self) -> list[Trigger]:
        """The triggers of the passes since the last time, once there is one."""
        await until(lambda: bool(self.reports))
        found = [report.trigger for report in self.reports]
        self.reports.clear()
        return found


@pytest.fixture
async def running(stage: Stage, tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("calendars: {}")
    rules = RulesKeeper(tmp_path / "rules", frozenset({"main"}), SystemClock(), stage.ledger.record, lambda: None)
    await rules.start(None)
    made = Running(stage, rules)
    made.engine.start()
    assert await made.passes() == [Trigger.START]
    yield made
    await made.engine.stop()


async def test_a_process_that_did_not_run_for_a_while_decides_anew_at_once(running: Running, logs: list[Any]) -> None:
    running.engine.look_at_clock(late=BLOCKED)
    assert not running.reports
    running.engine.look_at_clock(late=BLOCKED + 0.1)
    assert await running.passes() == [Trigger.CLOCK]
    assert [line["seconds"] for line in lines(logs, "loop.blocked")] == [BLOCKED + 0.1]
    assert running.engine.lately_blocked == BLOCKED + 0.1


async def test_it_knows_over_which_workspace_a_pass_is_under_way(running: Running, stage: Stage) -> None:
    assert running.engine.busy == {}
    begun, gate = asyncio.Event(), asyncio.Event()

    async def hang(_request: Any, _handler: Any) -> None:
        begun.set()
        await gate.wait()

    stage.faults.append(hang)
    running.engine.requested()
    await begun.wait()
    await asyncio.sleep(0.02)
    assert running.engine.busy["main"] >= 0.02
    gate.set()
    await running.passes()
    await until(lambda: running.engine.busy == {})


async def test_that_nothing_ran_is_told_for_a_minute(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.engine.lately_blocked is None
    running.engine.look_at_clock(late=12.0)
    await running.passes()
    ahead = StoppedClock(SystemClock().monotonic() + BLOCKED_TOLD + 1)
    monkeypatch.setattr(running.engine, "_clock", ahead)
    assert running.engine.lately_blocked is None


async def test_timers_that_overslept_are_set_anew_and_told(running: Running, logs: list[Any]) -> None:
    running.engine._timers._awake -= 2001.0
    running.engine.look_at_clock()
    assert await running.passes() == [Trigger.CLOCK]
    running.engine.look_at_clock()
    assert not running.reports
    assert len(lines(logs, "timer.overslept")) == 1


async def test_a_clock_that_is_set_is_noticed_between_two_passes(running: Running, stage: Stage) -> None:
    stage.clock.wrong_by = 3600.0
    running.engine.look_at_clock()
    assert await running.passes() == [Trigger.CLOCK]


async def test_a_request_of_a_person_is_followed_by_a_pass(running: Running) -> None:
    running.engine.requested()
    assert await running.passes() == [Trigger.REQUEST]


async def test_the_watch_of_the_clock_outlives_a_look_that_fails_and_tells_it_once(
    running: Running, stage: Stage, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "CLOCK_LOOK", 0.001)
    looks = 0

    def failing(_now: float) -> None:
        nonlocal looks
        looks += 1
        raise OverflowError("no such date")

    with monkeypatch.context() as broken:
        broken.setattr(running.engine._clock_log, "look", failing)
        await until(lambda: looks >= 5)
    assert len(lines(logs, "task.crashed")) == 1
    stage.clock.wrong_by = 3600.0
    assert await running.passes() == [Trigger.CLOCK]


async def test_a_clock_that_was_set_is_acted_upon_before_that_is_on_disk(running: Running, stage: Stage) -> None:
    gate = asyncio.Event()
    whole = stage.ledger.write

    async def slow(changes: Sequence[Change]) -> None:
        await gate.wait()
        await whole(changes)

    stage.ledger.write = slow
    stage.clock.wrong_by = 3600.0
    running.engine.look_at_clock()
    assert running.engine._loops[0]._pending.keys() == {Trigger.CLOCK}
    gate.set()
    assert await running.passes() == [Trigger.CLOCK]
    await until(lambda: stage.ledger._queue._writing is None)
    assert len(await stage.audit("clock.untrusted")) == 1


async def test_passes_that_crash_are_counted_by_workspace(
    running: Running, stage: Stage, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert running.engine.crashes == {"main": 0}

    async def defect(*_args: Any) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(stage.reconciler, "run_pass", defect)
    running.engine.requested()
    await until(lambda: len(lines(logs, "pass.crashed")) == 1)
    assert running.engine.crashes == {"main": 1}
