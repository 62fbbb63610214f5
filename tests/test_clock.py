"""The clocks: the machine's own, one that is shifted and fast, one that stands still."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from controller.clock import Clock, ShiftedClock, StoppedClock, SystemClock


def test_the_systems_clock_is_the_machines() -> None:
    before = time.time()
    assert before <= SystemClock().now() <= time.time()
    assert SystemClock().real(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, UTC)


def test_a_shifted_clock_runs_from_its_start_at_its_rate() -> None:
    anchor = time.time() - 10
    clock = ShiftedClock(start=1_000_000, anchor=anchor, rate=60)
    passed = clock.now() - 1_000_000
    assert 600 <= passed < 60 * (time.time() - anchor) + 1
    assert clock.real(1_000_600).timestamp() == pytest.approx(anchor + 10)


def test_a_shifted_clock_is_shared_by_its_text() -> None:
    clock = ShiftedClock(1_795_000_000.123456, 1_794_000_000.654321, 60.0)
    assert ShiftedClock.parse(str(clock)) == clock


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3,4", "a,b,c", "1,2,0", "1,2,-1", "1,2,nan"])
def test_a_text_that_is_no_clock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|convert|unpack"):
        ShiftedClock.parse(text)


def test_a_stopped_clock_always_reads_the_same() -> None:
    clock = StoppedClock(7.0)
    assert (clock.now(), clock.now(), clock.real(7.0).timestamp()) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize("clock", [StoppedClock(7.0), ShiftedClock(0, 0, 1e6), SystemClock()])
async def test_a_wait_gives_the_others_their_turn(clock: Clock) -> None:
    done: list[str] = []

    async def other() -> None:
        done.append("other")

    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        await clock.sleep(0.001)
        done.append("waited")
    assert done == ["other", "waited"]


def test_a_clock_that_begins_now_reads_its_start() -> None:
    clock = ShiftedClock.from_now(1000.0, 60.0)
    assert 1000.0 <= clock.now() < 1000.0 + 60.0 * 5
    assert clock.rate == 60.0
