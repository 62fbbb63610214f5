"""Calendars: time zone, weekly hours, holidays and special dates; compiled into UTC intervals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from controller.core.interval import Instant, Interval, Intervals, clipped, merged
from controller.core.zone import DAY, offsets

_MINUTES = 1440
_EPOCH = date(1970, 1, 1).toordinal()
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Window(NamedTuple):
    """Recurring local time of day, half-open, in minutes.

    `start` is 0…1439; `end` is up to 1440, or beyond it (up to 2879) where the window goes on after midnight:
    22:00-02:00 is (1320, 1560).
    """

    start: int
    end: int


Windows: TypeAlias = tuple[Window, ...]


class MonthDay(NamedTuple):
    """A date of every year."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


class DateEntry(NamedTuple):
    """One entry of `dates`; `label` is its key as it is written, such as 2026-12-28..2027-01-01 or 12-24."""

    windows: Windows
    label: str


@dataclass(frozen=True, slots=True)
class SpecialDates:
    """The `dates` entries of a calendar by kind; windows of () mean closed. Ranges include both ends."""

    exact: Mapping[date, tuple[Window, ...]]
    ranges: tuple[tuple[date, date, tuple[Window, ...]], ...]
    yearly: Mapping[MonthDay, tuple[Window, ...]]
    yearly_ranges: tuple[tuple[MonthDay, MonthDay, tuple[Window, ...]], ...]

    def on(self, day: date) -> DateEntry | None:
        """Find the entry for a date: an exact date beats a range beats MM-DD beats a range of MM-DD."""
        windows = self.exact.get(day)
        if windows is not None:
            return DateEntry(windows, day.isoformat())
        for first, last, windows in self.ranges:
            if first <= day <= last:
                return DateEntry(windows, f"{first}..{last}")
        return self._every_year(MonthDay(day.month, day.day)) if self.yearly or self.yearly_ranges else None

    def _every_year(self, day: MonthDay) -> DateEntry | None:
        windows = self.yearly.get(day)
        if windows is not None:
            return DateEntry(windows, str(day))
        for first, last, windows in self.yearly_ranges:
            wraps = first > last  # 12-28..01-02 goes on in the next year
            if (first <= day or day <= last) if wraps else (first <= day <= last):
                return DateEntry(windows, f"{first}..{last}")
        return None


class DayKind(StrEnum):
    """Which rule gives a local date its windows. UNKNOWN is a date of a year whose holidays are not known."""

    HOURS = "hours"
    DATES = "dates"
    HOLIDAY = "holiday"
    UNKNOWN = "unknown"


class Day(NamedTuple):
    """What a calendar says of one local date.

    `label` is the weekday, the key of the `dates` entry, the names of the holidays, or which year is unknown. `open`
    are the minutes 0…1440 in which the date is open, sorted and merged, with what the date before left over.
    """

    kind: DayKind
    label: str
    open: Windows


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """A time zone and the local dates and times at which it is open.

    `hours` has seven entries, Monday first. `holidays` maps dates to the names that fall on them; `holiday_years` are
    the years it covers (None: the calendar observes no holidays, so that every year is known).
    """

    name: str
    zone: ZoneInfo
    hours: tuple[tuple[Window, ...], ...]
    holidays: Mapping[date, tuple[str, ...]]
    holiday_years: range | None
    dates: SpecialDates

    def day(self, local_date: date) -> Day:
        """Give the date's kind and its open minutes."""
        plan = _plan(self, local_date)
        return Day(plan.kind, plan.label, _open(plan, _plan(self, local_date - timedelta(days=1))))


class _Plan(NamedTuple):
    """The windows that begin on a date, and the rule that gives them."""

    kind: DayKind
    label: str
    windows: Windows


@lru_cache(maxsize=8192)
def _plan(calendar: Calendar, day: date) -> _Plan:
    """Decide which rule speaks of a date. What is unknown does not allow."""
    entry = calendar.dates.on(day)
    if entry is not None:
        return _Plan(DayKind.DATES, entry.label, entry.windows)
    if calendar.holiday_years is not None and day.year not in calendar.holiday_years:
        return _Plan(DayKind.UNKNOWN, f"the holidays of {day.year} are not known", ())
    names = calendar.holidays.get(day)
    if names is not None:
        return _Plan(DayKind.HOLIDAY, ", ".join(names), ())
    weekday = day.weekday()
    return _Plan(DayKind.HOURS, _WEEKDAYS[weekday], calendar.hours[weekday])


def _open(plan: _Plan, before: _Plan) -> Windows:
    """Open minutes of a date. Only a date of plain hours is open past the midnight at which it begins."""
    return _minutes(before.windows if plan.kind is DayKind.HOURS else (), plan.windows)


@lru_cache(maxsize=4096)
def _minutes(before: Windows, windows: Windows) -> Windows:
    """Merge what the windows of the date before left over with a date's own windows, cut at midnight."""
    left_over = [Interval(0, window.end - _MINUTES) for window in before]
    own = [Interval(window.start, min(window.end, _MINUTES)) for window in windows]
    return tuple(Window(int(start), int(end)) for start, end in merged(left_over + own))


def open_intervals(calendar: Calendar, span: Interval) -> Intervals:
    """Compile when the calendar is open within the span: in UTC, merged across midnights and changes of the clock.

    While the offset is constant, the local clock runs like UTC: open is (local open ranges ∩ [start + o, end + o)) - o
    for each piece of constant offset o. So gaps hold nothing and repeated hours are open twice, without a rule of their
    own. Raises ValueError as `zone.offsets` does.
    """
    pieces = offsets(calendar.zone, span)
    if not pieces:
        return ()
    local = _local_ranges(
        calendar,
        min(piece.start + piece.offset for piece in pieces),
        max(piece.end + piece.offset for piece in pieces),
    )
    found: list[Interval] = []
    for start, end, offset in pieces:
        reads = Interval(start + offset, end + offset)
        found += [Interval(low - offset, high - offset) for low, high in clipped(local, reads)]
    return merged(found)


def weekly_intervals(zone: ZoneInfo, hours: tuple[Windows, ...], span: Interval) -> Intervals:
    """Compile the hours of seven weekdays alone, Monday first, without holidays and special dates."""
    return open_intervals(Calendar("weekly hours", zone, hours, {}, None, SpecialDates({}, (), {}, ())), span)


def _local_ranges(calendar: Calendar, start: Instant, end: Instant) -> Intervals:
    """List the open ranges of all dates that the local clock reads, in seconds of a clock that is never changed."""
    first, last = math.floor(start / DAY), math.ceil(end / DAY)
    found: list[Interval] = []
    before = _plan(calendar, date.fromordinal(_EPOCH + first - 1))
    for number in range(first, last):
        plan = _plan(calendar, date.fromordinal(_EPOCH + number))
        midnight = number * DAY
        found += [Interval(midnight + start * 60, midnight + end * 60) for start, end in _open(plan, before)]
        before = plan
    return merged(found)
