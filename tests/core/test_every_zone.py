"""Compiled calendars against the local clock, asked at each minute: random calendars, and every zone.

`--all-zones` compares all zones of the tz database around each of their changes; without it a fixed sample does.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.calendar import Calendar, MonthDay, SpecialDates, Window, open_intervals
from controller.core.interval import Interval, Intervals, Timeline
from controller.core.zone import local_time, offsets
from tests.core import brute_force

HOUR, DAY = 3600, 86_400


def epoch(year: int) -> int:
    """Return the begin of a year, UTC."""
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


ODD_ZONES = [
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Monrovia",
    "America/Caracas",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "UTC",
]
YEARS = Interval(epoch(1970), epoch(2038))


@st.composite
def any_windows(draw: st.DrawFn) -> tuple[Window, ...]:
    starts = draw(st.lists(st.integers(0, 1439), max_size=3))
    lengths = [draw(st.integers(1, 1440) | st.just(1440 - start)) for start in starts]
    return tuple(Window(start, start + length) for start, length in zip(starts, lengths, strict=True))


@st.composite
def calendars_and_spans(draw: st.DrawFn) -> tuple[Calendar, Interval]:
    """Rules that crowd around an instant, which is often one at which the clock changes."""
    zone = ZoneInfo(draw(st.sampled_from(ODD_ZONES)))
    changes = [int(piece.start) for piece in offsets(zone, YEARS)[1:]] or [epoch(2026)]
    anchor = draw(st.sampled_from(changes) | st.integers(int(YEARS.start), int(YEARS.end)))
    today = local_time(zone, anchor)[0]
    near = st.integers(-3, 3).map(lambda days: today + timedelta(days=days))
    ranges = st.tuples(near, near, any_windows()).filter(lambda entry: entry[0] <= entry[1])
    month_days = near.map(lambda day: MonthDay(day.month, day.day))
    dates = SpecialDates(
        draw(st.dictionaries(near, any_windows(), max_size=2)),
        tuple(draw(st.lists(ranges, max_size=1))),
        draw(st.dictionaries(month_days, any_windows(), max_size=2)),
        tuple(draw(st.lists(st.tuples(month_days, month_days, any_windows()), max_size=1))),
    )
    first_year = today.year + draw(st.integers(-1, 1))
    of = Calendar(
        "random",
        zone,
        draw(st.tuples(*[any_windows()] * 7)),
        dict.fromkeys(draw(st.lists(near, max_size=2)), ("A holiday",)),
        draw(st.none() | st.just(range(first_year, first_year + draw(st.integers(1, 3))))),
        dates,
    )
    start = anchor + draw(st.integers(-2 * DAY, 2 * HOUR))
    return of, Interval(start, start + draw(st.integers(1, 3 * DAY)))


def assert_agrees(of: Calendar, span: Interval, intervals: Intervals) -> None:
    timeline = Timeline(intervals, span)
    wrong = [
        instant
        for instant in range(int(span.start), int(span.end), 60)
        if timeline.is_open(instant) != brute_force.is_open(of, instant)
    ]
    assert wrong == []
    for boundary in {int(end) for interval in intervals for end in interval} - {int(span.start), int(span.end)}:
        assert brute_force.is_open(of, boundary) != brute_force.is_open(of, boundary - 1)


@settings(max_examples=200)
@given(calendars_and_spans())
def test_compiled_intervals_agree_with_the_local_clock_at_each_minute(drawn: tuple[Calendar, Interval]) -> None:
    of, span = drawn
    assert_agrees(of, span, open_intervals(of, span))


@settings(max_examples=100)
@given(calendars_and_spans(), st.integers(0, 3 * DAY))
def test_compiling_a_part_gives_that_part(drawn: tuple[Calendar, Interval], cut: int) -> None:
    of, span = drawn
    whole = Timeline(open_intervals(of, span), span)
    part = Interval(span.start, min(span.start + cut, span.end))
    assert Timeline(open_intervals(of, part), part) == Timeline(whole.intervals, part)


@settings(max_examples=100)
@given(calendars_and_spans())
def test_a_day_is_open_in_the_minutes_in_which_the_local_clock_says_so(drawn: tuple[Calendar, Interval]) -> None:
    of, span = drawn
    day = local_time(of.zone, span.start)[0]
    read = of.day(day).open
    held = {minute for start, end in read for minute in range(start, end)}
    assert held == {minute for minute in range(1440) if brute_force.reads_open(of, day, minute)}
    assert all(0 <= start < end <= 1440 for start, end in read)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "zone" in metafunc.fixturenames:
        zones = sorted(available_timezones())
        if not metafunc.config.getoption("--all-zones"):
            zones = sorted({*ODD_ZONES, *zones[::50]})
        metafunc.parametrize("zone", zones)


# Boundaries crowd where clocks change; windows past midnight run into them, and no two weekdays are alike.
BUSY_NIGHTS: tuple[tuple[Window, ...], ...] = (
    (Window(0, 45), Window(75, 105), Window(120, 150), Window(165, 1320)),
    (Window(1290, 1530), Window(540, 720)),
    (Window(30, 90), Window(90, 100), Window(1380, 1620)),
    (Window(0, 1440),),
    (Window(135, 165), Window(1200, 2640)),
    (Window(60, 120), Window(180, 200), Window(1439, 1561)),
    (Window(1, 61), Window(119, 121), Window(1410, 1545)),
)


def changes_of_the_clock(zone: ZoneInfo) -> Iterator[int]:
    """Instants within three hours before a change of the zone's offset in 2024 to 2030; one instant if it has none."""
    instants = range(epoch(2024), epoch(2031), 3 * HOUR)
    read = [datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset() for instant in instants]
    found = [instant for instant, (a, b) in zip(instants, pairwise(read), strict=False) if a != b]
    yield from found or [epoch(2027)]


def busy_calendar(zone: ZoneInfo, change: int, number: int) -> Calendar:
    """Plain hours, a holiday, a special date and a special night around a change, each for one change in turn."""
    today = local_time(zone, change)[0]
    special: tuple[dict[date, tuple[Window, ...]], ...] = (
        {},
        {},
        {today: (Window(15, 135),)},
        {today - timedelta(days=1): (Window(1300, 1600),)},
    )
    holidays: dict[date, tuple[str, ...]] = {today: ("A holiday",)} if number % 4 == 1 else {}
    return Calendar(
        "busy", zone, BUSY_NIGHTS, holidays, range(2023, 2033), SpecialDates(special[number % 4], (), {}, ())
    )


def test_every_zone_agrees_with_its_local_clock_around_each_change(zone: str) -> None:
    place = ZoneInfo(zone)
    for number, change in enumerate(changes_of_the_clock(place)):
        of = busy_calendar(place, change, number)
        span = Interval(change - 36 * HOUR, change + 39 * HOUR)
        assert_agrees(of, span, open_intervals(of, span))
