"""Test the independent judge against tables of calendars with instants inside and outside."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from controller.core.calendar import Calendar, MonthDay
from controller.core.campaign import Campaign, Incident, RuleSet, Selector
from controller.core.job import Job, Status
from controller.sandbox.oracle import Oracle, closed_by

WEEK = range(7)
NINE_TO_FIVE = {weekday: [(9, 17)] for weekday in range(5)}
NIGHTS = {weekday: [(22, 26)] for weekday in WEEK}
THANKSGIVING = date(2026, 11, 26)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def job(name: str = "US renewals 1", *, workspace: str = "main", agent: str = "agent-1") -> Job:
    return Job(workspace, "job-1", name, Status.ACTIVE, agent, None, "ACTIVE")


def rules(*campaigns: Campaign, incidents: tuple[Incident, ...] = ()) -> RuleSet:
    return RuleSet("r", {}, campaigns, incidents, {})


def campaign(*calendars: Calendar, name: str = "us", names: str = "US *") -> Campaign:
    return Campaign(name, Selector(names=(names,)), calendars)


@pytest.mark.parametrize(
    ("instant", "reason"),
    [
        ("2026-11-24T08:59:59-05:00", "outside_hours"),
        ("2026-11-24T09:00:00-05:00", None),
        ("2026-11-24T16:59:59-05:00", None),
        ("2026-11-24T17:00:00-05:00", "outside_hours"),
        ("2026-11-28T12:00:00-05:00", "outside_hours"),  # a Saturday
        ("2026-11-26T12:00:00-05:00", "holiday"),
        ("2026-12-24T10:00:00-05:00", None),
        ("2026-12-24T13:00:00-05:00", "special_date"),
        ("2027-01-04T10:00:00-05:00", "holiday"),  # a year whose holidays nobody knows
    ],
)
def test_a_calendar_is_open_by_what_the_local_clock_reads(
    make_calendar: Callable[..., Calendar], instant: str, reason: str | None
) -> None:
    calendar = make_calendar(
        hours=NINE_TO_FIVE,
        holidays={THANKSGIVING: ("Thanksgiving",)},
        holiday_years=range(2026, 2027),
        exact={date(2026, 12, 24): [(9, 12)]},
    )
    assert closed_by(calendar, at(instant)) == reason


def test_a_fraction_before_the_minute_is_still_the_minute_before(make_calendar: Callable[..., Calendar]) -> None:
    calendar = make_calendar(hours=NINE_TO_FIVE)
    assert closed_by(calendar, math.nextafter(at("2026-11-24T17:00:00-05:00"), 0)) is None


@pytest.mark.parametrize(
    ("instant", "reason"),
    [
        ("2026-03-08T06:59:00Z", "outside_hours"),  # 01:59 EST; 02:00 to 02:59 does not exist
        ("2026-03-08T07:00:00Z", None),  # 03:00 EDT
        ("2026-03-08T07:30:00Z", "outside_hours"),
        ("2026-11-01T05:30:00Z", "outside_hours"),  # 01:30 EDT
        ("2026-11-01T06:30:00Z", "outside_hours"),  # 01:30 EST
        ("2026-11-01T07:00:00Z", None),  # 02:00 EST
    ],
)
def test_minutes_in_a_gap_do_not_exist(
    make_calendar: Callable[..., Calendar], instant: str, reason: str | None
) -> None:
    calendar = make_calendar(hours={6: [(2, 3.5)]})
    assert closed_by(calendar, at(instant)) == reason


@pytest.mark.parametrize("instant", ["2026-11-01T05:15:00Z", "2026-11-01T06:15:00Z"])
def test_minutes_of_a_repeated_hour_are_open_twice(make_calendar: Callable[..., Calendar], instant: str) -> None:
    assert closed_by(make_calendar(hours={6: [(1, 1.5)]}), at(instant)) is None
    assert closed_by(make_calendar(hours={6: [(1, 1.5)]}), at(instant) + 900) == "outside_hours"


def test_hours_that_end_at_midnight_end_there(make_calendar: Callable[..., Calendar]) -> None:
    calendar = make_calendar(hours={1: [(20, 24)]})
    assert closed_by(calendar, at("2026-11-24T23:59:59-05:00")) is None
    assert closed_by(calendar, at("2026-11-25T00:00:00-05:00")) == "outside_hours"


@pytest.mark.parametrize(
    ("instant", "reason"),
    [
        ("2026-11-24T21:59:00-05:00", "outside_hours"),
        ("2026-11-24T22:00:00-05:00", None),
        ("2026-11-25T01:59:00-05:00", None),
        ("2026-11-25T02:00:00-05:00", "outside_hours"),
        ("2026-11-25T23:59:00-05:00", None),
        ("2026-11-26T00:00:00-05:00", "holiday"),  # the tail is cut
        ("2026-11-26T22:30:00-05:00", "holiday"),
        ("2026-11-27T01:00:00-05:00", "outside_hours"),  # a holiday has no tail of its own
        ("2026-11-30T00:30:00-05:00", "special_date"),  # cut by a date with other hours
        ("2026-11-30T09:30:00-05:00", None),
        ("2026-12-02T00:30:00-05:00", None),  # the tail of an entry of the day before
        ("2026-12-02T03:00:00-05:00", "outside_hours"),
        ("2026-12-31T23:00:00-05:00", None),
        ("2027-01-01T00:30:00-05:00", "holiday"),  # unknown, so perhaps one
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_starts_on(
    make_calendar: Callable[..., Calendar], instant: str, reason: str | None
) -> None:
    calendar = make_calendar(
        hours=NIGHTS,
        holidays={THANKSGIVING: ("Thanksgiving",)},
        holiday_years=range(2026, 2027),
        exact={date(2026, 11, 30): [(9, 10)], date(2026, 12, 1): [(23, 25)]},
    )
    assert closed_by(calendar, at(instant)) == reason


HOUR_BY_KIND = {
    "exact": {date(2026, 12, 30): [(1, 2)]},
    "ranges": [(date(2026, 12, 29), date(2026, 12, 31), [(2, 3)])],
    "yearly": {MonthDay(12, 28): [(3, 4)], MonthDay(12, 30): [(3, 4)], MonthDay(2, 29): [(3, 4)]},
    "yearly_ranges": [(MonthDay(12, 27), MonthDay(1, 2), [(4, 5)]), (MonthDay(6, 1), MonthDay(6, 2), [(4, 5)])],
}


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        ("2026-12-30", 1),
        ("2026-12-29", 2),
        ("2026-12-31", 2),
        ("2026-12-28", 3),
        ("2025-12-30", 3),
        ("2028-02-29", 3),
        ("2026-12-27", 4),
        ("2027-01-02", 4),
        ("2026-06-01", 4),
        ("2026-06-02", 4),
        ("2026-12-26", None),
        ("2027-01-03", None),
        ("2026-05-31", None),
        ("2026-06-03", None),
        ("2027-02-28", None),
        ("2027-03-01", None),
    ],
)
def test_an_exact_date_beats_a_range_beats_a_yearly_date_beats_a_yearly_range(
    make_calendar: Callable[..., Calendar], day: str, hour: int | None
) -> None:
    calendar = make_calendar("UTC", hours={}, **HOUR_BY_KIND)
    open_hours = [h for h in range(24) if closed_by(calendar, at(f"{day}T{h:02d}:30:00+00:00")) is None]
    assert open_hours == ([] if hour is None else [hour])


def test_an_entry_of_a_holiday_replaces_the_holiday(make_calendar: Callable[..., Calendar]) -> None:
    calendar = make_calendar(
        hours=NINE_TO_FIVE, holidays={THANKSGIVING: ("T",)}, holiday_years=WEEK, exact={THANKSGIVING: [(9, 10)]}
    )
    assert closed_by(calendar, at("2026-11-26T09:30:00-05:00")) is None


def test_a_job_that_no_campaign_matches_is_free(make_calendar: Callable[..., Calendar]) -> None:
    oracle = Oracle(rules(campaign(make_calendar(hours={}))))
    assert oracle.forbids(job("EU 1"), 0) is None
    assert oracle.forbids(job("US 1"), 0) is not None


def test_every_calendar_of_every_matching_campaign_must_be_open(make_calendar: Callable[..., Calendar]) -> None:
    east, west = make_calendar(hours=NINE_TO_FIVE), make_calendar("America/Los_Angeles", hours=NINE_TO_FIVE)
    both = Oracle(rules(campaign(east, west)))
    apart = Oracle(rules(campaign(east), campaign(west, name="west", names="* 1")))
    for oracle in (both, apart):
        verdicts = [oracle.forbids(job(), at(f"2026-11-24T{hour}:30:00-05:00")) for hour in (11, 12, 16, 17)]
        assert [verdict is None for verdict in verdicts] == [False, True, True, False]


def test_the_reason_is_the_first_by_precedence_over_all_calendars(make_calendar: Callable[..., Calendar]) -> None:
    closed = make_calendar(hours={})
    holiday = make_calendar(hours={}, holidays={THANKSGIVING: ("T",)}, holiday_years=range(2026, 2027))
    special = make_calendar(hours={}, exact={THANKSGIVING: []})
    noon = at("2026-11-26T12:00:00-05:00")
    for calendars, reason in [
        ((closed,), "outside_hours"),
        ((closed, holiday), "holiday"),
        ((closed, holiday, special), "special_date"),
    ]:
        verdict = Oracle(rules(campaign(*calendars))).forbids(job(), noon)
        assert verdict is not None
        assert verdict.reason == reason


@pytest.mark.parametrize(
    ("incident", "covered"),
    [
        ({}, True),
        ({"match": Selector(names=("US renewals *",))}, True),
        ({"match": Selector(campaigns=("us",))}, True),
        ({"match": Selector(campaigns=("other",))}, False),
        ({"match": Selector(workspaces=("elsewhere",))}, False),
    ],
)
def test_an_incident_forbids_the_jobs_that_it_covers_from_its_begin_to_before_its_end(
    make_calendar: Callable[..., Calendar], incident: dict[str, Any], covered: bool
) -> None:
    always = make_calendar(hours={weekday: [(0, 24)] for weekday in WEEK})
    oracle = Oracle(rules(campaign(always), incidents=(Incident("i", "one-way audio", 1000, 2000, **incident),)))
    verdicts = [oracle.forbids(job(), instant) for instant in (999.9, 1000, 1999.9, 2000)]
    assert [verdict is not None for verdict in verdicts] == [False, covered, covered, False]


def test_an_incident_over_everything_covers_unmatched_jobs_without_end() -> None:
    oracle = Oracle(rules(incidents=(Incident("i", "fire", 1000, everything=True),)))
    verdict = oracle.forbids(job(), 1e10)
    assert verdict is not None
    assert verdict == ("incident", "fire")
    assert Oracle(rules(incidents=(Incident("i", "fire", 1000),))).forbids(job(), 1e10) is None


def test_the_sandbox_counts_forbidden_calls_by_reason_and_by_the_rules_of_their_time(
    sandbox: Any, clock: Any, make_calendar: Callable[..., Calendar]
) -> None:
    """15:00 UTC is 10:00 in New York: the hours end at 10:30."""
    first = sandbox.add_job("US 1", status=Status.ACTIVE, rows=1000, max_concurrent_dials=2)
    other = sandbox.add_job("EU 1", status=Status.ACTIVE, rows=1000, max_concurrent_dials=2)
    sandbox.judge_by(rules(campaign(make_calendar(hours={1: [(9, 10.5)]}))))
    clock.at += 1800 - 1
    assert sandbox.stats().total.forbidden_total == 0
    clock.at += 1800
    sandbox.judge_by(None)
    stats = sandbox.stats()
    assert set(stats.jobs[first].forbidden_calls) == {"outside_hours"}
    assert stats.jobs[first].forbidden_total == sum(
        call.begun >= datetime(2026, 11, 24, 15, 30, tzinfo=UTC).timestamp() and call.job == first
        for call in sandbox.calls()
    )
    assert stats.jobs[other].forbidden_total == 0
    clock.at += 1800
    assert sandbox.stats().total.forbidden_calls == stats.total.forbidden_calls
    assert {call.forbidden for call in sandbox.calls()} == {None, "outside_hours"}
