"""An untrusted clock: noticed by the monotonic clock and by the API's dates, decided by both readings."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from controller.core.job import Job, JobKey, Status
from controller.runtime.clock_log import ClockLog
from controller.runtime.clock_watch import ClockWatch, Doubt
from controller.runtime.report import Result
from controller.store.records import AuditFilter
from controller.vogent import transport
from controller.vogent.date_header import date_of
from tests.core.build import campaign, claim
from tests.runtime.stage import MORNING, OPEN, SHUT, HandClock, Meddler, Stage, lines, rulebook

HOUR = 3600.0


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def watch(clock: HandClock) -> ClockWatch:
    return ClockWatch(clock)


@pytest.mark.parametrize(("seconds", "doubt"), [(-0.5, None), (2.0, None), (2.1, Doubt.STEPPED), (-2.1, Doubt.STEPPED)])
def test_a_step_of_over_two_seconds_against_the_monotonic_clock_is_a_doubt(
    clock: HandClock, watch: ClockWatch, seconds: float, doubt: Doubt | None
) -> None:
    clock.instant += 30
    clock.wrong_by = seconds
    watch.look()
    assert watch.doubt is doubt


def test_a_clock_that_is_slewed_is_trusted(clock: HandClock, watch: ClockWatch) -> None:
    for _ in range(1000):
        clock.instant += 1
        clock.wrong_by += 0.01
        watch.look()
    assert watch.doubt is None


def test_both_readings_go_on_while_the_clock_is_not_trusted(clock: HandClock, watch: ClockWatch) -> None:
    clock.wrong_by = HOUR
    watch.look()
    clock.instant += 10
    assert watch.readings() == (OPEN + 10 + HOUR, OPEN + 10)
    assert watch.seconds_off == HOUR


def test_a_clock_that_is_set_back_is_trusted_again(clock: HandClock, watch: ClockWatch) -> None:
    clock.wrong_by = HOUR
    watch.look()
    clock.instant += 10
    clock.wrong_by = 0.0
    assert watch.readings() == (OPEN + 10,)
    assert (watch.doubt, watch.steps) == (None, 2)


def test_a_date_confirms_a_step(clock: HandClock, watch: ClockWatch) -> None:
    clock.wrong_by = HOUR
    watch.look()
    watch.dated(OPEN + HOUR + 3, watch.asked())
    assert watch.doubt is None


@pytest.mark.parametrize(("off", "doubt"), [(60.0, None), (-60.0, None), (61.0, Doubt.DATE), (-61.0, Doubt.DATE)])
def test_a_date_that_differs_by_over_a_minute_is_a_doubt(
    clock: HandClock, watch: ClockWatch, off: float, doubt: Doubt | None
) -> None:
    watch.dated(clock.now() + off, watch.asked())
    assert watch.doubt is doubt


def test_a_slow_answer_is_no_doubt(clock: HandClock, watch: ClockWatch) -> None:
    asked = watch.asked()
    clock.instant += 100
    watch.dated(OPEN, asked)
    assert watch.doubt is None
    watch.dated(OPEN - 61, asked)
    assert watch.doubt is Doubt.DATE


def test_a_later_date_that_agrees_ends_the_doubt(watch: ClockWatch) -> None:
    watch.dated(OPEN + HOUR, watch.asked())
    assert watch.readings() == (OPEN, OPEN + HOUR)
    watch.dated(OPEN + 1, watch.asked())
    assert watch.readings() == (OPEN,)


def test_a_clock_that_runs_faster_may_move_by_as_much_more(clock: HandClock) -> None:
    clock.rate = 60.0
    watch = ClockWatch(clock)
    clock.wrong_by = 100.0
    watch.look()
    assert watch.doubt is None
    clock.wrong_by = 250.0
    watch.look()
    assert watch.doubt is Doubt.STEPPED


async def test_a_doubt_is_said_and_audited_once_and_so_is_its_end(stage: Stage, logs: list[Any]) -> None:
    told = ClockLog(stage.ledger.record, {"main": stage.watch})
    assert told.look(OPEN) is None
    stage.clock.wrong_by = HOUR
    rows = told.look(stage.clock.now())
    assert rows is not None
    await told.record(rows)
    assert told.look(stage.clock.now()) is None
    assert told.others() == [OPEN]
    stage.clock.wrong_by = 0.0
    await told.record(told.look(OPEN) or [])
    assert told.others() == []
    assert [(row.event, row.reason) for row in await stage.store.audit_rows(AuditFilter(event="clock.*"))] == [
        ("clock.untrusted", "stepped"),
        ("clock.trusted", "stepped"),
    ]
    [line] = lines(logs, "clock.untrusted")
    assert (line["log_level"], line["workspace"], line["seconds_off"]) == ("error", "main", HOUR)


async def test_a_step_that_is_undone_between_two_looks_changes_the_timers_all_the_same(stage: Stage) -> None:
    told = ClockLog(stage.ledger.record, {"main": stage.watch})
    stage.clock.wrong_by = HOUR
    stage.watch.look()
    stage.clock.wrong_by = 0.0
    stage.watch.look()
    assert told.look(OPEN) == []


async def test_a_job_is_paused_where_the_new_reading_says_that_it_is_closed(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.clock.wrong_by = HOUR
    await stage.reconciler.fast_path(stage.clock.now())
    assert stage.status(job) is Status.PAUSED


async def test_a_job_is_paused_where_only_the_old_reading_says_that_it_is_closed(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.clock.wrong_by = -2 * HOUR
    await stage.at(SHUT)
    assert stage.clock.now() < OPEN
    assert stage.status(job) is Status.PAUSED


async def test_nothing_is_resumed_while_the_readings_differ_and_it_is_once_they_agree(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.clock.instant = MORNING - 60
    stage.watch.look()
    stage.sandbox._clock.wrong_by = 2 * HOUR  # type: ignore[attr-defined] - the stage's own
    report = await stage.at(MORNING)
    assert [(each.because.value, each.action.value) for each in report.decisions] == [("clock_untrusted", "none")]
    assert stage.status(job) is Status.PAUSED
    stage.sandbox._clock.wrong_by = 0.0  # type: ignore[attr-defined] - the stage's own
    await stage.at(MORNING + 30)
    assert stage.status(job) is Status.ACTIVE


async def test_a_resume_is_withdrawn_where_the_clock_steps_before_it_leaves(stage: Stage) -> None:
    job = stage.add()
    await stage.settled_at(SHUT)  # where the disk is slow a pause outlasts its pass
    meddler = Meddler(stage.api)

    async def unpause(job_id: str, still_wanted: Callable[[], bool]) -> Job:
        stage.clock.wrong_by = 5.0
        return await stage.api.unpause(job_id, still_wanted)

    meddler.unpause = unpause  # type: ignore[assignment] - as it is called
    stage.build(meddler)
    report = await stage.at(MORNING)
    assert [outcome.result for outcome in report.outcomes] == [Result.WITHDRAWN]
    assert stage.status(job) is Status.PAUSED


async def test_a_start_is_not_sent_by_an_untrusted_clock(stage: Stage) -> None:
    stage.book = rulebook(campaign(start=True))
    job = stage.add(Status.INIT)
    stage.sandbox._clock.wrong_by = -100.0  # type: ignore[attr-defined] - the stage's own
    await stage.at(OPEN)
    assert stage.status(job) is Status.INIT


YEAR_9999 = 253_402_300_799.0


@pytest.mark.parametrize("date", [YEAR_9999, math.inf, 0.0, OPEN + 11 * 365.25 * 24 * HOUR])
def test_a_date_that_cannot_be_meant_is_a_doubt_and_no_reading(watch: ClockWatch, date: float) -> None:
    watch.dated(date, watch.asked())
    assert watch.doubt is Doubt.DATE
    assert watch.readings() == (OPEN, OPEN), "careful, but by nothing else than the wall clock"
    assert watch.seconds_off == 0.0
    watch.dated(OPEN, watch.asked())
    assert watch.readings() == (OPEN,)


def test_a_date_that_cannot_be_meant_takes_the_place_of_no_reading(watch: ClockWatch) -> None:
    watch.dated(OPEN + HOUR, watch.asked())
    watch.dated(YEAR_9999, watch.asked())
    assert watch.readings() == (OPEN, OPEN + HOUR)


def test_a_step_after_a_date_that_cannot_be_meant_gives_a_reading(clock: HandClock, watch: ClockWatch) -> None:
    watch.dated(YEAR_9999, watch.asked())
    clock.wrong_by = HOUR
    assert watch.readings() == (OPEN + HOUR, OPEN)
    assert watch.doubt is Doubt.STEPPED


def test_a_clock_that_lost_its_battery_is_told_the_date(clock: HandClock) -> None:
    clock.instant = 0.0
    watch = ClockWatch(clock)
    watch.dated(OPEN, watch.asked())
    assert watch.readings() == (0.0, OPEN)


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 99999 23:59:59 GMT", "yesterday"])
async def test_a_closed_job_is_paused_and_none_resumed_by_answers_with_an_absurd_date(
    stage: Stage, logs: list[Any], monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    closing, shut = stage.add(), stage.add()
    await stage.at(OPEN)
    stage.ledger.claims[JobKey("main", shut)] = claim(job_id=shut)
    stage.sandbox.set_paused(shut, paused=True)
    with monkeypatch.context() as absurd:
        absurd.setattr(transport, "date_of", lambda _headers: date_of({"Date": date}))
        await stage.at(OPEN + 30)
        assert stage.status(shut) is Status.PAUSED
        await stage.at(SHUT)
        assert stage.status(closing) is Status.PAUSED
    assert lines(logs, "job.undecided") == []
    await stage.at(MORNING)
    assert stage.status(shut) is Status.ACTIVE
