"""Calendars: time zone, weekly hours, holidays and special dates; compiled into UTC intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Window(NamedTuple):
    """Recurring local time of day, half-open, in minutes. `start` 0…1439; `end` up to 1440, or beyond it (up to 2879)
    where the window goes on after midnight: 22:00-02:00 is (1320, 1560)."""

    start: int
    end: int


class MonthDay(NamedTuple):
    """A date of every year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class SpecialDates:
    """The `dates` entries of a calendar by kind; windows of () mean closed. Ranges include both ends."""

    exact: Mapping[date, tuple[Window, ...]]
    ranges: tuple[tuple[date, date, tuple[Window, ...]], ...]
    yearly: Mapping[MonthDay, tuple[Window, ...]]
    yearly_ranges: tuple[tuple[MonthDay, MonthDay, tuple[Window, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """`hours` has seven entries, Monday first. `holidays` maps dates to the names that fall on them; `holiday_years`
    are the years it covers (None: the calendar observes no holidays, so that every year is known)."""

    name: str
    zone: ZoneInfo
    hours: tuple[tuple[Window, ...], ...]
    holidays: Mapping[date, tuple[str, ...]]
    holiday_years: range | None
    dates: SpecialDates
