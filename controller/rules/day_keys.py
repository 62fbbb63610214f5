"""Keys that stand for days: weekdays in `hours`, dates in `dates`."""

import re
from datetime import date
from typing import NamedTuple

from controller.core.calendar import MonthDay
from controller.rules.clock_text import FIRST_YEAR, LAST_YEAR
from controller.rules.wording import nearest, shown

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARLY = re.compile(r"[0-9]{2}-[0-9]{2}")
_LEAP_YEAR = 2000


class DayKey(NamedTuple):
    """A key of `hours` and its weekdays, Monday 0."""

    text: str
    weekdays: tuple[int, ...]


class DateKey(NamedTuple):
    """A key of `dates`. Both ends are written alike: as 2026-12-24, or as 12-24 where it speaks of every year."""

    text: str
    first: str
    last: str

    @property
    def yearly(self) -> bool:
        """Whether it speaks of every year."""
        return len(self.first) == len("12-24")

    @property
    def exact(self) -> bool:
        """Whether it is one date and no range."""
        return self.text == self.first

    @property
    def month_days(self) -> tuple[MonthDay, MonthDay]:
        """Give the ends of a key that speaks of every year."""
        return _month_day(self.first), _month_day(self.last)

    @property
    def dates(self) -> tuple[date, date]:
        """Give the ends of a key that does not."""
        return date.fromisoformat(self.first), date.fromisoformat(self.last)

    def spans(self) -> tuple[tuple[str, str], ...]:
        """Give its dates as ranges that do not wrap."""
        if self.first <= self.last:
            return ((self.first, self.last),)
        return (("01-01", self.last), (self.first, "12-31"))

    def shared_with(self, other: "DateKey") -> str:
        """Name a date of two keys of one kind that share some."""
        return self.first if other.holds(self.first) else other.first

    def holds(self, day: str) -> bool:
        """Whether a date, written like the ends, belongs to it."""
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


def parse_day_key(value: object) -> DayKey:
    """Read `mon`, `mon-fri`, `fri-mon` (it wraps) or `mon,wed`. Raises ValueError."""
    written = str(value)
    weekdays = [day for part in written.split(",") for day in _days(part.strip())]
    twice = next((day for day in weekdays if weekdays.count(day) > 1), None)
    if twice is not None:
        raise ValueError(f"{WEEKDAYS[twice]} is given twice in this key, name each weekday once")
    return DayKey(written, tuple(sorted(weekdays)))


def _days(part: str) -> list[int]:
    ends = [_weekday(name) for name in part.split("-", 2)]
    if len(ends) == 1:
        return ends
    if len(ends) > 2 or ends[0] == ends[1]:  # noqa: PLR2004 - a range has two ends
        raise ValueError(f"{shown(part)} is not a range of weekdays, write two different ones such as mon-fri")
    first, last = ends
    return [(first + number) % 7 for number in range((last - first) % 7 + 1)]


def _weekday(name: str) -> int:
    if name not in WEEKDAYS:
        near = nearest(name[:3], WEEKDAYS)
        raise ValueError(f"{shown(name)} is not a weekday, {near}")
    return WEEKDAYS.index(name)


def parse_date_key(value: object) -> DateKey:
    """Read `2026-12-24`, `2026-12-28..2027-01-01`, `12-24` or `12-28..01-02` (it wraps). Raises ValueError."""
    written = str(value)
    first, dots, last = written.partition("..")
    ends = (first, last) if dots else (first,)
    for end in ends:
        _check_date(written, end)
    if len(first) != len(ends[-1]):
        raise ValueError(f"{written} mixes a date and a date of every year, write both ends alike")
    if len(first) == len("2026-12-24") and first > ends[-1]:
        raise ValueError(f"{written} ends before it begins, write {last}..{first}")
    return DateKey(written, first, ends[-1])


def _check_date(written: str, part: str) -> None:
    yearly = _YEARLY.fullmatch(part)
    if not yearly and not _FULL.fullmatch(part):
        forms = "2026-12-24, 2026-12-28..2027-01-01, 12-24 or 12-28..01-02"
        raise ValueError(f"{shown(written)} is not a date, write it as {forms}")
    try:
        year = date.fromisoformat(f"{_LEAP_YEAR}-{part}" if yearly else part).year
    except ValueError:
        raise ValueError(f"there is no {part}, check the month and the day") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"{part} is outside the years {FIRST_YEAR} to {LAST_YEAR}, check the year")


def _month_day(written: str) -> MonthDay:
    return MonthDay(int(written[:2]), int(written[3:]))
