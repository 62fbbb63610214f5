"""APScheduler wakes at transitions and at each resync, however late, and says where it cannot."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controller.clock import ShiftedClock, SystemClock
from controller.runtime.timers import Timers
from tests.runtime.stage import lines, until


class Bell:
    """Timers, and what they rang for."""

    def __init__(self, clock: Any, resync_seconds: float = 1000.0) -> None:
        self.resyncs = 0
        self.rung: list[tuple[float, float]] = []
        self.clock = clock
        self.on_resync: Callable[[], None] = lambda: None
        self.timers = Timers(clock, resync_seconds, self._resync, self._transition)

    def _resync(self) -> None:
        self.resyncs += 1
        self.on_resync()

    def _transition(self, at: float) -> None:
        self.rung.append((at, self.clock.now()))


@pytest.fixture
def bells() -> Iterator[Callable[..., Bell]]:
    made: list[Bell] = []

    def build(*args: Any) -> Bell:
        made.append(Bell(*args))
        return made[-1]

    yield build
    for bell in made:
        bell.timers.stop()


async def test_a_transition_rings_at_its_instant_and_never_before(bells: Callable[..., Bell]) -> None:
    bell = bells(SystemClock())
    bell.timers.start()
    due = time.time() + 0.05
    bell.timers.set_transition(due)
    assert bell.timers.next_transition == due
    await until(lambda: bool(bell.rung))
    [(at, rung)] = bell.rung
    assert at == due
    assert rung >= due


async def test_only_the_transition_set_last_rings(bells: Callable[..., Bell]) -> None:
    bell = bells(SystemClock())
    bell.timers.start()
    now = time.time()
    bell.timers.set_transition(now + 0.02)
    bell.timers.set_transition(now + 0.06)
    await until(lambda: bool(bell.rung))
    assert [at for at, _ in bell.rung] == [now + 0.06]


async def test_no_transition_takes_the_one_before_back(bells: Callable[..., Bell]) -> None:
    bell = bells(SystemClock(), 0.1)
    bell.timers.start()
    bell.timers.set_transition(time.time() + 0.03)
    bell.timers.set_transition(None)
    bell.timers.set_transition(None)
    await until(lambda: bell.resyncs >= 1)
    assert bell.rung == []
    assert bell.timers.next_transition is None


async def test_a_transition_that_is_long_over_rings_at_once(bells: Callable[..., Bell]) -> None:
    bell = bells(SystemClock())
    bell.timers.start()
    bell.timers.set_transition(time.time() - 86_400)
    await until(lambda: bool(bell.rung))


async def test_a_loop_that_was_blocked_past_the_instant_rings_afterwards(bells: Callable[..., Bell]) -> None:
    bell = bells(SystemClock())
    bell.timers.start()
    bell.timers.set_transition(time.time() + 0.01)
    time.sleep(0.05)  # noqa: ASYNC251 - the loop is what is blocked
    await until(lambda: bool(bell.rung))


async def test_a_fast_clock_rings_by_its_own_time(bells: Callable[..., Bell]) -> None:
    clock = ShiftedClock(1_000_000.0, time.time(), 600.0)
    bell = bells(clock, 60.0)
    bell.timers.start()
    bell.timers.set_transition(1_000_030.0)  # 50 ms from now
    await until(lambda: bool(bell.rung) and bell.resyncs >= 1)
    [(at, rung)] = bell.rung
    assert at == 1_000_030.0
    assert rung >= at


async def test_it_resyncs_again_and_again(bells: Callable[..., Bell]) -> None:
    bell = bells(SystemClock(), 0.02)
    bell.timers.start()
    await until(lambda: bell.resyncs >= 3)


async def test_a_resync_that_crashes_is_told_and_the_next_one_comes(
    bells: Callable[..., Bell], logs: list[Any]
) -> None:
    bell = bells(SystemClock(), 0.02)

    def crash() -> None:
        raise ValueError("no good")

    bell.on_resync = crash
    bell.timers.start()
    await until(lambda: bell.resyncs >= 2 and bool(lines(logs, "timer.failed")))
    line = lines(logs, "timer.failed")[0]
    assert (line["timer"], line["log_level"]) == ("resync", "error")
    assert "no good" in line["problem"]


async def test_stopped_timers_ring_no_more_and_may_be_stopped_twice(bells: Callable[..., Bell]) -> None:
    bell = bells(SystemClock(), 0.01)
    bell.timers.stop()
    bell.timers.start()
    await until(lambda: bell.resyncs >= 1)
    bell.timers.stop()
    bell.timers.stop()
    rung = bell.resyncs
    await asyncio.sleep(0.05)
    assert bell.resyncs == rung
