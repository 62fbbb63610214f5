from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.calendar import Calendar
from controller.core.decide import judge
from controller.core.decision import Desired, Reason
from controller.core.forecast import Segment, State, forecast
from controller.core.interval import Interval
from tests.core.build import (
    ALWAYS,
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    NINE_TO_FIVE,
    at,
    calendar,
    every_day,
    hours,
    incident,
    situation,
    windows,
)
from tests.core.chance import calendars, instants, spans

FEAST = date(2026, 11, 24)


def span(start: str, end: str) -> Interval:
    return Interval(at(start), at(end))


def spoken(segments: tuple[Segment, ...], zone: str = "UTC") -> list[str]:
    return [
        f"{datetime.fromtimestamp(each.start, ZoneInfo(zone)):%d %H:%M:%S} {each.state} {each.reason}: {each.detail}"
        for each in segments
    ]


def test_a_week_is_told_in_order_with_the_holiday_and_the_incident_by_name() -> None:
    floor = calendar(holidays={FEAST: ("Labor Thanksgiving Day",)}, dates={date(2026, 11, 26): windows("10:00-12:00")})
    outage = incident(at("2026-11-25T10:00"), at("2026-11-25T11:00"))
    segments = forecast(hours(floor, close_early=60), (outage,), span("2026-11-23T00:00", "2026-11-27T00:00"))
    shut = "closed outside_hours: floor: no window is open"
    closing = "closed outside_hours: renewals: within 60 s of its close"
    dated = "closed special_date: floor: closed by the dates entry 2026-11-26"
    assert spoken(segments) == [
        f"23 00:00:00 {shut}",
        "23 09:00:00 open open: ",
        f"23 16:59:00 {closing}",
        f"23 17:00:00 {shut}",
        "24 00:00:00 closed holiday: floor: Labor Thanksgiving Day",
        f"25 00:00:00 {shut}",
        "25 09:00:00 open open: ",
        "25 09:59:00 closed incident: one-way: one-way audio",
        "25 11:00:00 open open: ",
        f"25 16:59:00 {closing}",
        f"25 17:00:00 {shut}",
        f"26 00:00:00 {dated}",
        "26 10:00:00 open open: ",
        f"26 11:59:00 {closing}",
        f"26 12:00:00 {dated}",
    ]
    assert segments[0].start == at("2026-11-23T00:00")
    assert segments[-1].end == at("2026-11-27T00:00")


def test_an_always_open_campaign_is_one_segment_over_years() -> None:
    years = span("2026-01-01T00:00", "2029-01-01T00:00")
    (only,) = forecast(hours(calendar(hours=ALWAYS)), (), years)
    assert (only.start, only.end, only.state) == (*years, State.OPEN)


def test_a_campaign_without_hours_is_closed_throughout() -> None:
    days = span("2026-11-23T00:00", "2026-12-23T00:00")
    (only,) = forecast(hours(calendar(hours=NEVER)), (), days)
    assert (only.start, only.end, only.state, only.reason) == (*days, State.CLOSED, Reason.OUTSIDE_HOURS)


def test_an_open_ended_incident_closes_to_the_end_of_the_span() -> None:
    day = span("2026-11-23T00:00", "2026-11-24T00:00")
    segments = forecast(hours(calendar(hours=ALWAYS)), (incident(at("2026-11-23T06:00")),), day)
    assert [(each.start, each.reason) for each in segments] == [
        (day.start, Reason.OPEN),
        (at("2026-11-23T06:00"), Reason.INCIDENT),
    ]


def test_the_close_early_of_an_incident_that_begins_behind_the_span_is_told() -> None:
    day = span("2026-11-23T00:00", "2026-11-24T00:00")
    late = incident(at("2026-11-24T00:01"), at("2026-11-24T06:00"))
    segments = forecast(hours(calendar(hours=ALWAYS), close_early=300), (late,), day)
    assert [each.start for each in segments] == [day.start, at("2026-11-23T23:56")]


@pytest.mark.parametrize("length", [0, -1, -DAY])
def test_a_span_that_ends_before_it_begins_holds_nothing(length: int) -> None:
    start = at("2026-11-23T00:00")
    assert forecast(hours(), (), Interval(start, start + length)) == ()


def test_a_span_within_one_window_is_told_from_its_start_to_its_end() -> None:
    (only,) = forecast(hours(), (), Interval(at("2026-11-23T10:00") + 0.5, at("2026-11-23T10:01")))
    assert (only.start, only.end, only.state) == (at("2026-11-23T10:00") + 0.5, at("2026-11-23T10:01"), State.OPEN)


def test_several_calendars_are_each_named_while_they_are_closed() -> None:
    east, west = calendar("east", "America/New_York"), calendar("west", "America/Los_Angeles")
    segments = forecast(hours(east, west), (), span("2026-11-23T00:00-05:00", "2026-11-24T00:00-05:00"))
    one = "{}: no window is open".format
    assert spoken(segments, "America/New_York") == [
        f"23 00:00:00 closed outside_hours: {one('east')}; {one('west')}",
        f"23 09:00:00 closed outside_hours: {one('west')}",
        "23 12:00:00 open open: ",
        f"23 17:00:00 closed outside_hours: {one('east')}",
        f"23 20:00:00 closed outside_hours: {one('east')}; {one('west')}",
    ]


def test_the_reason_changes_where_the_calendar_that_gave_it_opens() -> None:
    dated = calendar("dated", hours=NEVER, dates={date(2026, 11, 23): windows("10:00-24:00")})
    segments = forecast(hours(dated, calendar("shut", hours=NEVER)), (), span("2026-11-23T00:00", "2026-11-24T00:00"))
    assert [(each.start, each.reason) for each in segments] == [
        (at("2026-11-23T00:00"), Reason.SPECIAL_DATE),
        (at("2026-11-23T10:00"), Reason.OUTSIDE_HOURS),
    ]


def test_more_than_400_days_are_told_to_their_end() -> None:
    long = span("2026-11-23T00:00", "2029-02-01T00:00")
    segments = forecast(hours(calendar(hours=NINE_TO_FIVE)), (), long)
    opened = [each for each in segments if each.state is State.OPEN]
    days = [date(2026, 11, 23) + timedelta(days=number) for number in range(801)]
    assert [each.start for each in opened] == [at(f"{day}T09:00") for day in days if day.weekday() < 5]
    assert all(each.end - each.start == 8 * HOUR for each in opened)
    assert segments[-1].end == long.end


# ── midnights that do not exist, or come twice ──


@pytest.mark.parametrize(
    ("zone", "feast", "begin", "end"),
    [
        # the clock goes from 24:00 to 01:00: the date has no midnight
        ("America/Santiago", date(2026, 9, 6), "2026-09-06T04:00", "2026-09-07T03:00"),
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28T22:00", "2026-03-29T21:00"),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00", "2026-04-24T21:00"),
        ("America/Havana", date(2024, 3, 10), "2024-03-10T05:00", "2024-03-11T04:00"),
        # the clock goes from 24:00 back to 23:00: the date before has 25 hours
        ("America/Santiago", date(2026, 4, 5), "2026-04-05T04:00", "2026-04-06T04:00"),
        ("Asia/Beirut", date(2026, 10, 25), "2026-10-24T22:00", "2026-10-25T22:00"),
        ("Africa/Cairo", date(2026, 10, 30), "2026-10-29T22:00", "2026-10-30T22:00"),
        # the clock goes from 01:00 back to 00:00: the date begins once, and has its first hour twice
        ("America/Havana", date(2024, 11, 3), "2024-11-03T04:00", "2024-11-04T05:00"),
        # the clock goes over a whole date
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00", "2011-12-31T10:00"),
    ],
)
def test_a_holiday_begins_and_ends_where_the_local_date_does(zone: str, feast: date, begin: str, end: str) -> None:
    floor = calendar(zone=zone, hours=ALWAYS, holidays={feast: ("Feast",)})
    around = Interval(at(begin) - 2 * DAY, at(end) + 2 * DAY)
    assert [(each.start, each.end) for each in forecast(hours(floor), (), around) if each.state is State.CLOSED] == [
        (at(begin), at(end))
    ]


def test_a_date_that_the_clock_goes_back_to_is_told_again() -> None:
    """St. John's clock went from 00:01 on 2010-11-07 back to 23:01 on the day before."""
    floor = calendar(zone="America/St_Johns", hours=NEVER, holidays={date(2010, 11, 7): ("Feast",)})
    change = at("2010-11-07T02:31")
    segments = forecast(hours(floor), (), Interval(change - HOUR, change + 2 * HOUR))
    assert [(each.start, each.reason) for each in segments] == [
        (change - HOUR, Reason.OUTSIDE_HOURS),
        (change - MINUTE, Reason.HOLIDAY),
        (change, Reason.OUTSIDE_HOURS),
        (change + 59 * MINUTE, Reason.HOLIDAY),
    ]


def test_a_date_that_begins_within_a_gap_begins_at_its_end() -> None:
    """Toronto's clock went from 23:30 on 1919-03-30 to 00:30 on the day after."""
    floor = calendar(
        zone="America/Toronto", hours=NEVER, holidays={date(1919, 3, 31): ("Feast",)}, years=range(1900, 2100)
    )
    change = at("1919-03-31T04:30")
    segments = forecast(hours(floor), (), Interval(change - HOUR, change + HOUR))
    assert [(each.start, each.reason) for each in segments] == [
        (change - HOUR, Reason.OUTSIDE_HOURS),
        (change, Reason.HOLIDAY),
    ]


# ── the engine's own answers ──


@settings(max_examples=60)
@given(
    st.lists(calendars(), min_size=1, max_size=2),
    st.lists(spans(), max_size=2),
    st.sampled_from((0, 60, 90, HOUR)),
    instants,
    st.integers(1, 4 * DAY),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=10, max_size=10),
)
def test_a_forecast_is_gapless_and_what_the_engine_would_say_at_every_instant(
    of: list[Calendar],
    incident_spans: list[tuple[int, float]],
    close_early: int,
    start: int,
    length: int,
    places: list[float],
) -> None:
    campaign_hours = hours(*of, close_early=close_early)
    incidents = tuple(incident(*each) for each in incident_spans)
    segments = forecast(campaign_hours, incidents, Interval(start, start + length))
    where = situation(campaign_hours, incidents=incidents)

    assert (segments[0].start, segments[-1].end) == (start, start + length)
    for before, after in pairwise(segments):
        assert before.end == after.start
        assert (before.state, before.reason, before.detail) != (after.state, after.reason, after.detail)
    for instant in [*(start + place * (length - 0.5) for place in places), *(each.end - 0.5 for each in segments)]:
        said = judge(where, instant)
        (told,) = (each for each in segments if each.start <= instant < each.end)
        assert (told.reason, told.detail) == (said.reason, said.detail)
        assert (told.state is State.OPEN) is (said.desired is Desired.DIAL)


def test_a_close_that_falls_on_the_instant_to_which_the_timelines_reach_is_told() -> None:
    start = at("2026-11-23T16:59")
    reached = start + 400 * DAY
    segments = forecast(
        hours(calendar(hours=every_day("09:00-17:00")), close_early=60), (), Interval(start, reached + DAY)
    )
    assert reached in [each.end for each in segments if each.state is State.OPEN]
    assert {each.end - each.start for each in segments if each.state is State.OPEN} == {8 * HOUR - 60}


def test_half_a_second_of_a_date_is_told_too() -> None:
    shut = calendar(hours=NEVER, holidays={FEAST: ("Feast",)})
    segments = forecast(hours(shut), (), Interval(at("2026-11-23T12:00"), at("2026-11-24T00:00") + 0.5))
    assert [(each.start, each.end, each.reason) for each in segments] == [
        (at("2026-11-23T12:00"), at("2026-11-24T00:00"), Reason.OUTSIDE_HOURS),
        (at("2026-11-24T00:00"), at("2026-11-24T00:00") + 0.5, Reason.HOLIDAY),
    ]
