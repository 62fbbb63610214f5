"""Dialing over time, by a clock that stands until it is moved."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.job import Status
from controller.sandbox import Sandbox
from controller.sandbox.dialer import LONGEST_CALL, SHORTEST_CALL
from controller.sandbox.refused import RefusedError

NEW_YORK_MORNINGS = {
    "timezone": "America/New_York",
    "days": [{"dayOfWeek": 2, "timeSlots": [{"startTime": "10:30", "endTime": "11:00"}]}],
}

BEFORE_OPENING = datetime(2026, 11, 24, 15, 25, tzinfo=UTC).timestamp()


def run(sandbox: Sandbox, clock: Any, seconds: float) -> None:
    clock.at += seconds
    sandbox.step()


def greatest_overlap(calls: tuple[Any, ...]) -> int:
    return max(sum(one.begun <= call.begun < one.ends for one in calls) for call in calls)


def test_an_active_job_dials_as_many_at_once_as_it_may(sandbox: Sandbox, clock: Any) -> None:
    sandbox.add_job("a", status=Status.ACTIVE, rows=50, max_concurrent_dials=3)
    run(sandbox, clock, 0)
    assert sandbox.stats().total.calls_in_progress == 3
    run(sandbox, clock, 3600)
    assert greatest_overlap(sandbox.calls()) == 3


@pytest.mark.parametrize("status", [Status.INIT, Status.PAUSED, Status.COMPLETE, Status.CANCELLED])
def test_a_job_that_is_not_active_never_dials(sandbox: Sandbox, clock: Any, status: Status) -> None:
    job = sandbox.add_job("a", status=status, rows=50)
    run(sandbox, clock, 3600)
    assert sandbox.stats().total.calls_begun == 0
    assert sandbox.status(job) is status


def test_calls_last_as_long_as_they_may_and_begin_where_one_before_them_ended(sandbox: Sandbox, clock: Any) -> None:
    start = clock.now()
    sandbox.add_job("a", status=Status.ACTIVE, rows=20, max_concurrent_dials=1)
    run(sandbox, clock, 3600)
    calls = sandbox.calls()
    assert all(SHORTEST_CALL <= call.ends - call.begun <= LONGEST_CALL for call in calls)
    assert [call.begun for call in calls] == [start, *(call.ends for call in calls[:-1])]


def test_a_job_without_rows_left_and_without_calls_is_complete(sandbox: Sandbox, clock: Any) -> None:
    job = sandbox.add_job("a", status=Status.ACTIVE, rows=2, max_concurrent_dials=2)
    run(sandbox, clock, SHORTEST_CALL - 1)
    assert sandbox.status(job) is Status.ACTIVE
    run(sandbox, clock, LONGEST_CALL)
    assert sandbox.status(job) is Status.COMPLETE
    assert sandbox.stats().jobs[job].calls_finished == 2


def test_calls_in_progress_finish_after_a_pause_and_no_other_begins(sandbox: Sandbox, clock: Any) -> None:
    job = sandbox.add_job("a", status=Status.ACTIVE, rows=50, max_concurrent_dials=4)
    run(sandbox, clock, 1)
    assert sandbox.set_paused(job, paused=True) is Status.PAUSED
    run(sandbox, clock, LONGEST_CALL)
    counts = sandbox.stats().jobs[job]
    assert (counts.calls_begun, counts.calls_in_progress, counts.calls_finished) == (4, 0, 4)
    assert sandbox.status(job) is Status.PAUSED


def test_a_paused_job_whose_last_calls_have_ended_stays_paused_until_it_is_resumed(
    sandbox: Sandbox, clock: Any
) -> None:
    job = sandbox.add_job("a", status=Status.ACTIVE, rows=1)
    run(sandbox, clock, 1)
    sandbox.set_paused(job, paused=True)
    run(sandbox, clock, LONGEST_CALL)
    assert sandbox.status(job) is Status.PAUSED
    sandbox.set_paused(job, paused=False)
    assert sandbox.status(job) is Status.COMPLETE


def test_a_resumed_job_dials_from_the_instant_of_the_resume(sandbox: Sandbox, clock: Any) -> None:
    job = sandbox.add_job("a", status=Status.PAUSED, rows=50, max_concurrent_dials=1)
    run(sandbox, clock, 100)
    sandbox.set_paused(job, paused=False)
    resumed = clock.now()
    run(sandbox, clock, 7)
    assert [call.begun for call in sandbox.calls()] == [resumed]


@pytest.mark.parametrize(("paused", "after"), [(False, Status.ACTIVE), (True, Status.INIT)])
def test_only_false_starts_a_job(sandbox: Sandbox, paused: bool, after: Status) -> None:
    assert sandbox.set_paused(sandbox.add_job("a"), paused=paused) is after


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.CANCELLED])
def test_a_finished_job_cannot_be_resumed(sandbox: Sandbox, status: Status) -> None:
    job = sandbox.add_job("a", status=status)
    with pytest.raises(RefusedError, match=f"{job} is {status}"):
        sandbox.set_paused(job, paused=False)


def test_a_provider_schedule_opens_on_its_minute_and_lets_nothing_begin_after_its_end(
    sandbox: Sandbox, clock: Any
) -> None:
    sandbox.add_job("a", status=Status.ACTIVE, rows=500, max_concurrent_dials=2, schedule=NEW_YORK_MORNINGS)
    run(sandbox, clock, 6 * 3600)
    begun = [call.begun for call in sandbox.calls()]
    opens = datetime(2026, 11, 24, 15, 30, tzinfo=UTC).timestamp()
    assert min(begun) == opens
    assert opens + 1620 < max(begun) < opens + 1800


@pytest.mark.parametrize(
    "schedule",
    [
        {**NEW_YORK_MORNINGS, "timezone": "Mars/Olympus"},
        {**NEW_YORK_MORNINGS, "days": [{"dayOfWeek": 7, "timeSlots": []}]},
        {**NEW_YORK_MORNINGS, "days": [{"dayOfWeek": 1, "timeSlots": [{"startTime": "22:00", "endTime": "02:00"}]}]},
        {**NEW_YORK_MORNINGS, "days": [{"dayOfWeek": 1, "timeSlots": [{"startTime": "9:00", "endTime": "10:00"}]}]},
        {"days": []},
        {"days": None, "timezone": "UTC"},
    ],
)
def test_a_schedule_that_cannot_be_read_limits_nothing(sandbox: Sandbox, clock: Any, schedule: dict[str, Any]) -> None:
    sandbox.add_job("a", status=Status.ACTIVE, max_concurrent_dials=2, schedule=schedule)
    run(sandbox, clock, 1)
    assert sandbox.stats().total.calls_in_progress == 2


@pytest.mark.parametrize("end", ["24:00", "00:00"])
def test_the_end_of_the_day_has_two_spellings_in_a_provider_schedule(sandbox: Sandbox, clock: Any, end: str) -> None:
    slots = [{"startTime": "00:00", "endTime": end}]
    schedule = {"timezone": "Asia/Tokyo", "days": [{"dayOfWeek": 3, "timeSlots": slots}]}
    sandbox.add_job("a", status=Status.ACTIVE, rows=10**6, max_concurrent_dials=1, schedule=schedule)
    run(sandbox, clock, 48 * 3600)  # from Wednesday 00:00 in Tokyo
    begun = [call.begun for call in sandbox.calls()]
    assert begun[0] == datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp()
    assert datetime(2026, 11, 25, 14, 57, tzinfo=UTC).timestamp() < begun[-1]
    assert begun[-1] < datetime(2026, 11, 25, 15, tzinfo=UTC).timestamp()


def test_a_job_that_may_dial_none_at_once_waits(sandbox: Sandbox, clock: Any) -> None:
    job = sandbox.add_job("a", status=Status.ACTIVE, max_concurrent_dials=0)
    run(sandbox, clock, 3600)
    assert sandbox.status(job) is Status.ACTIVE
    assert sandbox.calls() == ()


def test_a_clock_that_steps_back_repeats_no_call(sandbox: Sandbox, clock: Any) -> None:
    sandbox.add_job("a", status=Status.ACTIVE, rows=50, max_concurrent_dials=2)
    run(sandbox, clock, 600)
    before = sandbox.calls()
    run(sandbox, clock, -300)
    assert sandbox.calls() == before


def test_the_seed_decides_the_lengths_of_calls(clock: Any) -> None:
    def lengths(seed: int) -> list[float]:
        sandbox = Sandbox(clock, "key", seed=seed)
        sandbox.add_job("a", status=Status.ACTIVE, max_concurrent_dials=9)
        return [call.ends - call.begun for call in sandbox.calls()]

    assert lengths(1) == lengths(1)
    assert lengths(1) != lengths(2)


@given(ticks=st.lists(st.floats(0.01, 400), min_size=1, max_size=40))
def test_the_calls_are_the_same_however_late_the_ticks_are(make_clock: Any, ticks: list[float]) -> None:
    def calls(steps: list[float]) -> list[Any]:
        clock = make_clock(BEFORE_OPENING)
        sandbox = Sandbox(clock, "key")
        sandbox.add_job("a", status=Status.ACTIVE, rows=30, max_concurrent_dials=3)
        sandbox.add_job("b", status=Status.ACTIVE, rows=300, max_concurrent_dials=5, schedule=NEW_YORK_MORNINGS)
        for step in steps:
            clock.at = step
            sandbox.step()
        return sorted(sandbox.calls(), key=lambda call: (call.job, call.row))

    moments = [BEFORE_OPENING + sum(ticks[: index + 1]) for index in range(len(ticks))]
    assert calls(moments) == calls(moments[-1:])
