from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from controller.core.calendar import (
    Calendar,
    Day,
    DayKind,
    MonthDay,
    SpecialDates,
    Window,
    open_intervals,
    weekly_intervals,
)
from controller.core.interval import Interval, Timeline, total_seconds
from tests.core import brute_force

CLOSED: tuple[tuple[Window, ...], ...] = ((),) * 7
NO_DATES = SpecialDates({}, (), {}, ())
HOUR, DAY = 3600, 86_400


def window(text: str) -> Window:
    """`22:00-02:00` as a rule says it."""
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return Window(start, end if end > start else end + 24 * 60)


def windows(*texts: str) -> tuple[Window, ...]:
    return tuple(map(window, texts))


def week(*texts: str) -> tuple[tuple[Window, ...], ...]:
    return (windows(*texts),) * 7


def calendar(
    zone: str = "America/New_York",
    hours: tuple[tuple[Window, ...], ...] = CLOSED,
    *,
    holidays: dict[date, tuple[str, ...]] | None = None,
    years: range | None = None,
    dates: SpecialDates = NO_DATES,
) -> Calendar:
    return Calendar("floor", ZoneInfo(zone), hours, holidays or {}, years, dates)


def at(text: str) -> int:
    """Read an instant, UTC unless the text says otherwise."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def between(start: str, end: str) -> Interval:
    return Interval(at(start), at(end))


def is_open(of: Calendar, instant: int) -> bool:
    span = Interval(instant - 10 * DAY, instant + 10 * DAY)
    return Timeline(open_intervals(of, span), span).is_open(instant)


GAPS_AND_FOLDS = [
    # New York: 2026-03-08 02:00 → 03:00 at 07:00Z; 2026-11-01 02:00 → 01:00 at 06:00Z
    ("America/New_York", "02:00-03:00", [], ["2026-03-08T06:59", "2026-03-08T07:00", "2026-03-08T07:30"]),
    (
        "America/New_York",
        "02:30-03:30",
        ["2026-03-08T07:00", "2026-03-08T07:29"],
        ["2026-03-08T06:59", "2026-03-08T07:30"],
    ),
    (
        "America/New_York",
        "01:15-01:45",
        ["2026-11-01T05:15", "2026-11-01T05:44", "2026-11-01T06:15", "2026-11-01T06:44"],
        ["2026-11-01T05:14", "2026-11-01T05:45", "2026-11-01T06:14", "2026-11-01T06:45"],
    ),
    (
        "America/New_York",
        "00:00-01:30",
        ["2026-11-01T04:00", "2026-11-01T05:29", "2026-11-01T06:00", "2026-11-01T06:29"],
        ["2026-11-01T03:59", "2026-11-01T05:30", "2026-11-01T05:59", "2026-11-01T06:30"],
    ),
    # Lord Howe moves by half an hour: 2026-10-04 02:00 → 02:30 at 15:30Z; 2026-04-05 02:00 → 01:30 at 15:00Z
    ("Australia/Lord_Howe", "02:00-02:30", [], ["2026-10-03T15:29", "2026-10-03T15:30", "2026-10-03T15:31"]),
    (
        "Australia/Lord_Howe",
        "01:30-02:00",
        ["2026-04-04T14:30", "2026-04-04T14:59", "2026-04-04T15:00", "2026-04-04T15:29"],
        ["2026-04-04T14:29", "2026-04-04T15:30"],
    ),
    # Casablanca leaves its summer time for Ramadan: 2026-02-15 03:00 → 02:00 at 02:00Z; back 2026-03-22 02:00Z
    (
        "Africa/Casablanca",
        "02:00-03:00",
        ["2026-02-15T01:00", "2026-02-15T01:59", "2026-02-15T02:00", "2026-02-15T02:59"],
        ["2026-02-15T00:59", "2026-02-15T03:00", "2026-03-22T01:59", "2026-03-22T02:00"],
    ),
    # Dublin's winter is the one with negative daylight saving time: 2026-03-29 01:00Z, 2026-10-25 01:00Z
    ("Europe/Dublin", "01:00-02:00", [], ["2026-03-29T00:59", "2026-03-29T01:00"]),
    (
        "Europe/Dublin",
        "01:00-02:00",
        ["2026-10-25T00:00", "2026-10-25T00:59", "2026-10-25T01:00", "2026-10-25T01:59"],
        ["2026-10-24T23:59", "2026-10-25T02:00"],
    ),
    # Apia had no 2011-12-30
    ("Pacific/Apia", "09:00-17:00", ["2011-12-29T19:00", "2011-12-30T19:00"], ["2011-12-30T03:00", "2011-12-30T18:59"]),
]


@pytest.mark.parametrize(("zone", "text", "inside", "outside"), GAPS_AND_FOLDS)
def test_the_wall_clock_decides_in_gaps_and_repeated_hours(
    zone: str, text: str, inside: list[str], outside: list[str]
) -> None:
    of = calendar(zone, week(text))
    assert [instant for instant in inside if not is_open(of, at(instant))] == []
    assert [instant for instant in outside if is_open(of, at(instant))] == []
    assert [brute_force.is_open(of, at(instant)) for instant in (*inside, *outside)] == (
        [True] * len(inside) + [False] * len(outside)
    )


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [("2026-11-01T00:00-04:00", "2026-11-01T04:00-05:00", 5), ("2026-03-08T00:00-05:00", "2026-03-08T04:00-04:00", 3)],
)
def test_a_window_over_a_change_of_the_clock_is_one_interval(start: str, end: str, hours: int) -> None:
    found = open_intervals(calendar(hours=week("00:00-04:00")), Interval(at(start) - HOUR, at(end) + HOUR))
    assert found == (between(start, end),)
    assert total_seconds(found) == hours * HOUR


def test_windows_until_and_from_midnight_make_one_interval() -> None:
    of = calendar("UTC", week("22:00-24:00", "00:00-02:00"))
    assert open_intervals(of, between("2026-06-01T12:00", "2026-06-02T12:00")) == (
        between("2026-06-01T22:00", "2026-06-02T02:00"),
    )


def test_a_calendar_that_is_always_open_is_one_interval_through_every_change_of_the_clock() -> None:
    span = between("2026-01-01T00:00", "2028-01-01T00:00")
    assert open_intervals(calendar(hours=week("00:00-24:00")), span) == (span,)


def test_overlapping_and_touching_windows_merge() -> None:
    of = calendar("UTC", week("09:00-12:00", "12:00-13:00", "11:00-14:00", "15:00-16:00"))
    assert of.day(date(2026, 6, 1)).open == windows("09:00-14:00", "15:00-16:00")


def test_a_window_past_midnight_belongs_to_the_day_it_starts_on() -> None:
    of = calendar("UTC", (windows("22:00-02:00"), *CLOSED[1:]))  # Mondays
    assert open_intervals(of, between("2026-06-01T00:00", "2026-06-08T00:00")) == (
        between("2026-06-01T22:00", "2026-06-02T02:00"),
    )
    assert of.day(date(2026, 6, 1)).open == windows("22:00-24:00")
    assert of.day(date(2026, 6, 2)).open == windows("00:00-02:00")


def test_what_began_before_the_span_is_open_from_the_begin_of_the_span() -> None:
    of = calendar("UTC", week("22:00-02:00"))
    assert open_intervals(of, between("2026-06-01T00:30", "2026-06-01T23:00")) == (
        between("2026-06-01T00:30", "2026-06-01T02:00"),
        between("2026-06-01T22:00", "2026-06-01T23:00"),
    )


THURSDAY = date(2026, 12, 24)
FRIDAY = date(2026, 12, 25)


@pytest.mark.parametrize(
    ("rules", "tail"),
    [
        ({}, windows("00:00-02:00", "22:00-24:00")),
        ({"holidays": {FRIDAY: ("Christmas Day",)}}, ()),
        (
            {"years": range(2024, 2026), "dates": SpecialDates({THURSDAY: windows("20:00-03:00")}, (), {}, ())},
            (),
        ),
        ({"dates": SpecialDates({FRIDAY: ()}, (), {}, ())}, ()),
        ({"dates": SpecialDates({FRIDAY: windows("10:00-11:00")}, (), {}, ())}, windows("10:00-11:00")),
        (
            {"dates": SpecialDates({THURSDAY: windows("20:00-03:00")}, (), {}, ())},
            windows("00:00-03:00", "22:00-24:00"),
        ),
        ({"holidays": {THURSDAY: ("The day before",)}}, windows("22:00-24:00")),
        (
            {"dates": SpecialDates({}, ((THURSDAY, FRIDAY, windows("20:00-03:00")),), {}, ())},
            windows("20:00-24:00"),
        ),
    ],
)
def test_the_tail_of_a_window_is_cut_where_the_next_date_is_not_of_plain_hours(
    rules: dict[str, object], tail: tuple[Window, ...]
) -> None:
    of = calendar("UTC", week("22:00-02:00"), **rules)  # type: ignore[arg-type]
    assert of.day(FRIDAY).open == tail
    midnight = at("2026-12-25T00:00")
    found = open_intervals(of, Interval(midnight, midnight + DAY))
    assert found == tuple(Interval(midnight + 60 * start, midnight + 60 * end) for start, end in tail)


def test_a_holiday_closes_the_local_date_and_not_the_utc_date() -> None:
    of = calendar("Asia/Tokyo", week("00:00-24:00"), holidays={date(2026, 1, 1): ("New Year's Day",)})
    assert open_intervals(of, between("2025-12-31T00:00", "2026-01-02T00:00")) == (
        between("2025-12-31T00:00", "2026-01-01T00:00+09:00"),
        between("2026-01-02T00:00+09:00", "2026-01-02T00:00"),
    )


NEW_YEAR = SpecialDates({}, (), {}, ((MonthDay(12, 28), MonthDay(1, 2), ()),))
LEAP = SpecialDates({}, (), {MonthDay(2, 29): windows("08:00-09:00")}, ())
TO_LEAP = SpecialDates({}, (), {}, ((MonthDay(2, 27), MonthDay(2, 29), ()),))
SUMMER = SpecialDates({}, ((date(2026, 7, 1), date(2026, 7, 3), windows("10:00-11:00")),), {}, ())


@pytest.mark.parametrize(
    ("dates", "inside", "outside", "label"),
    [
        (
            NEW_YEAR,
            ["2026-12-28", "2026-12-31", "2027-01-01", "2027-01-02"],
            ["2026-12-27", "2027-01-03"],
            "12-28..01-02",
        ),
        (LEAP, ["2024-02-29", "2028-02-29"], ["2026-02-28", "2026-03-01", "2028-02-28"], "02-29"),
        (TO_LEAP, ["2026-02-27", "2026-02-28", "2028-02-29"], ["2026-02-26", "2026-03-01"], "02-27..02-29"),
        (SUMMER, ["2026-07-01", "2026-07-03"], ["2026-06-30", "2026-07-04", "2027-07-01"], "2026-07-01..2026-07-03"),
    ],
)
def test_an_entry_covers_its_dates_with_both_ends_and_says_how_it_is_written(
    dates: SpecialDates, inside: list[str], outside: list[str], label: str
) -> None:
    of = calendar(hours=week("09:00-17:00"), dates=dates)
    for day in map(date.fromisoformat, inside):
        entry = dates.on(day)
        assert entry is not None
        assert entry.label == label
        assert of.day(day) == Day(DayKind.DATES, label, entry.windows)
    for day in map(date.fromisoformat, outside):
        assert dates.on(day) is None
        assert of.day(day).kind is DayKind.HOURS


def test_an_exact_date_beats_a_range_beats_a_yearly_date_beats_a_yearly_range() -> None:
    whole = SpecialDates(
        {date(2026, 7, 2): windows("01:00-02:00")},
        ((date(2026, 7, 1), date(2026, 7, 3), windows("02:00-03:00")),),
        {MonthDay(7, 2): windows("03:00-04:00"), MonthDay(7, 4): windows("03:00-04:00")},
        ((MonthDay(7, 1), MonthDay(7, 5), windows("04:00-05:00")),),
    )
    labels = ["2026-07-01..2026-07-03", "2026-07-02", "2026-07-01..2026-07-03", "07-04", "07-01..07-05", None]
    starts = [120, 60, 120, 180, 240, None]
    for number, (label, start) in enumerate(zip(labels, starts, strict=True)):
        entry = whole.on(date(2026, 7, 1 + number))
        assert (entry and entry.label) == label
        assert (entry and entry.windows[0].start) == start


@pytest.mark.parametrize(
    ("day", "kind", "label", "opened"),
    [
        ("2026-06-01", DayKind.HOURS, "Monday", windows("09:00-17:00")),
        ("2026-06-07", DayKind.HOURS, "Sunday", ()),
        ("2026-07-03", DayKind.HOLIDAY, "Independence Day (observed), Company day", ()),
        ("2026-11-26", DayKind.DATES, "2026-11-26", windows("09:00-12:00")),
        ("2027-01-04", DayKind.UNKNOWN, "the holidays of 2027 are not known", ()),
        ("2027-02-01", DayKind.DATES, "2027-02-01", windows("10:00-11:00")),
    ],
)
def test_a_day_says_which_rule_speaks_of_it(day: str, kind: DayKind, label: str, opened: tuple[Window, ...]) -> None:
    of = calendar(
        hours=(*(windows("09:00-17:00"),) * 5, (), ()),
        holidays={
            date(2026, 7, 3): ("Independence Day (observed)", "Company day"),
            date(2026, 11, 26): ("Thanksgiving Day",),
        },
        years=range(2026, 2027),
        dates=SpecialDates(
            {date(2026, 11, 26): windows("09:00-12:00"), date(2027, 2, 1): windows("10:00-11:00")}, (), {}, ()
        ),
    )
    assert of.day(date.fromisoformat(day)) == Day(kind, label, opened)


def test_weekly_hours_alone_know_no_holiday_and_no_special_date() -> None:
    hours = (*(windows("09:00-12:30", "13:30-17:00"),) * 5, (), ())
    span = between("2026-02-01T00:00", "2026-04-01T00:00")
    plain = calendar(hours=hours)
    assert weekly_intervals(plain.zone, hours, span) == open_intervals(plain, span)
    assert len(weekly_intervals(plain.zone, hours, span)) == 2 * 42


@pytest.mark.parametrize("span", [Interval(5, 5), Interval(DAY, 0)])
def test_a_span_that_holds_nothing_is_never_open(span: Interval) -> None:
    assert open_intervals(calendar(hours=week("00:00-24:00")), span) == ()


def test_a_date_of_plain_hours_is_labelled_with_its_weekday() -> None:
    of = calendar()
    labels = [of.day(date(2026, 11, 23) + timedelta(days=number)).label for number in range(7)]
    assert labels == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
