"""When passes run: one at a time, triggers collapsed, closes never behind a slow list, an orderly end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from controller.runtime import workspace_loop
from controller.runtime.report import Trigger
from controller.runtime.workspace_loop import WorkspaceLoop
from tests.runtime.stage import lines, until


class Recorder:
    """Stands where the reconciler does: notes what is asked, and can be held inside a pass or a fast path."""

    workspace = "main"

    def __init__(self) -> None:
        self.passes: list[tuple[Trigger, float]] = []
        self.ended = 0
        self.fast: list[float | None] = []
        self.closed = 0
        self.crash = False
        self.interrupted: Callable[[], bool] = lambda: False
        self.pass_gate = asyncio.Event()
        self.fast_gate = asyncio.Event()
        self.pass_gate.set()
        self.fast_gate.set()

    async def run_pass(self, trigger: Trigger, at: float, interrupted: Callable[[], bool]) -> None:
        self.passes.append((trigger, at))
        self.interrupted = interrupted
        await self.pass_gate.wait()
        self.ended += 1
        if self.crash:
            raise ValueError("a bug")

    async def fast_path(self, at: float | None) -> None:
        self.fast.append(at)
        await self.fast_gate.wait()
        if self.crash:
            raise ValueError("a bug")

    async def close(self) -> None:
        self.closed += 1


class Run:
    def __init__(self) -> None:
        self.recorder = Recorder()
        self.loop = WorkspaceLoop(self.recorder)  # type: ignore[arg-type]
        self.task = asyncio.create_task(self.loop.run())

    async def end(self) -> None:
        self.loop.stop()
        async with asyncio.timeout(60):
            await self.task


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    made = Run()
    yield made
    made.recorder.pass_gate.set()
    made.recorder.fast_gate.set()
    await made.end()


async def test_a_wake_runs_one_pass(run: Run) -> None:
    run.loop.wake(Trigger.RESYNC, 7.0)
    await until(lambda: run.recorder.ended == 1)
    await asyncio.sleep(0.01)
    assert run.recorder.passes == [(Trigger.RESYNC, 7.0)]
    assert run.recorder.fast == []


async def test_triggers_during_a_pass_collapse_into_one_for_the_latest_instant(run: Run) -> None:
    run.recorder.pass_gate.clear()
    run.loop.wake(Trigger.START, 1.0)
    await until(lambda: bool(run.recorder.passes))
    for at in (5.0, 9.0, 3.0):
        run.loop.wake(Trigger.RESYNC, at)
    run.loop.wake(Trigger.REQUEST, 4.0)
    run.recorder.pass_gate.set()
    await until(lambda: run.recorder.ended == 2)
    await asyncio.sleep(0.01)
    assert run.recorder.passes == [(Trigger.START, 1.0), (Trigger.REQUEST, 9.0)]


@pytest.mark.parametrize("trigger", [Trigger.TRANSITION, Trigger.RELOAD])
async def test_a_close_is_sent_while_a_slow_pass_still_reads(run: Run, trigger: Trigger) -> None:
    run.recorder.pass_gate.clear()
    run.loop.wake(Trigger.RESYNC, 1.0)
    await until(lambda: bool(run.recorder.passes))
    run.loop.wake(trigger, 2.0)
    await until(lambda: run.recorder.fast == [2.0])
    assert run.recorder.ended == 0


async def test_the_pass_of_a_transition_waits_for_its_fast_path(run: Run) -> None:
    run.recorder.fast_gate.clear()
    run.loop.wake(Trigger.TRANSITION, 2.0)
    await until(lambda: bool(run.recorder.fast))
    await asyncio.sleep(0.01)
    assert run.recorder.passes == []
    run.recorder.fast_gate.set()
    await until(lambda: run.recorder.passes == [(Trigger.TRANSITION, 2.0)])


async def test_a_pass_is_interrupted_by_news_and_not_by_another_resync(run: Run) -> None:
    run.recorder.pass_gate.clear()
    run.loop.wake(Trigger.RESYNC, 1.0)
    await until(lambda: bool(run.recorder.passes))
    run.loop.wake(Trigger.RESYNC, 2.0)
    assert not run.recorder.interrupted()
    run.loop.wake(Trigger.REQUEST, 3.0)
    assert run.recorder.interrupted()


async def test_a_crash_is_told_and_the_next_pass_runs(run: Run, logs: list[Any]) -> None:
    run.recorder.crash = True
    run.loop.wake(Trigger.TRANSITION, 1.0)
    await until(lambda: run.recorder.ended == 1)
    await until(lambda: len(lines(logs, "pass.crashed")) == 2)
    assert [line["trigger"] for line in lines(logs, "pass.crashed")] == ["fast_path", "transition"]
    assert run.loop.crashes == 2
    run.recorder.crash = False
    run.loop.wake(Trigger.RESYNC, 2.0)
    await until(lambda: run.recorder.ended == 2)


async def test_stopping_finishes_what_runs_and_begins_nothing(run: Run) -> None:
    run.recorder.pass_gate.clear()
    run.recorder.fast_gate.clear()
    run.loop.wake(Trigger.RESYNC, 1.0)
    await until(lambda: bool(run.recorder.passes))
    run.loop.wake(Trigger.TRANSITION, 2.0)
    await until(lambda: bool(run.recorder.fast))
    run.loop.stop()
    assert run.recorder.interrupted()
    run.loop.wake(Trigger.TRANSITION, 3.0)
    run.recorder.pass_gate.set()
    await until(lambda: run.recorder.ended == 1)
    assert not run.task.done()
    assert run.recorder.closed == 0
    run.recorder.fast_gate.set()
    await run.end()
    assert run.recorder.passes == [(Trigger.RESYNC, 1.0)]
    assert run.recorder.fast == [2.0]
    assert run.recorder.closed == 1


async def test_while_a_pass_takes_long_what_is_known_to_dial_is_paused_now_and_then(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace_loop, "PATIENCE", 0.01)
    run.recorder.pass_gate.clear()
    run.loop.wake(Trigger.RESYNC, 7.0)
    await until(lambda: len(run.recorder.fast) >= 3)
    assert set(run.recorder.fast) == {None}, "the instant is now"
    run.recorder.pass_gate.set()
    await until(lambda: run.recorder.ended == 1)
    await asyncio.sleep(0.02)
    paused = len(run.recorder.fast)
    await asyncio.sleep(0.05)
    assert len(run.recorder.fast) == paused


async def test_a_pass_under_way_ends_with_the_loop_that_is_cancelled(run: Run) -> None:
    run.recorder.pass_gate.clear()
    run.loop.wake(Trigger.RESYNC, 7.0)
    await until(lambda: run.recorder.passes != [])
    run.task.cancel()
    await asyncio.gather(run.task, return_exceptions=True)
    run.recorder.pass_gate.set()
    await asyncio.sleep(0.01)
    assert run.recorder.ended == 0
    run.task = asyncio.create_task(asyncio.sleep(0))
