"""The local clock, asked minute by minute: the claim that compiled calendars are measured against.

Written apart from the calendar's own code, from the rules alone; slow and plain on purpose.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from controller.core.calendar import Calendar, MonthDay, Window

ONE_DAY = timedelta(days=1)


def is_open(calendar: Calendar, instant: int) -> bool:
    local = datetime.fromtimestamp(instant, UTC).astimezone(calendar.zone)
    return reads_open(calendar, local.date(), local.hour * 60 + local.minute)


@lru_cache(maxsize=100_000)
def reads_open(calendar: Calendar, day: date, minute: int) -> bool:
    for window in begins_on(calendar, day):
        if window.start <= minute < window.end:
            return True
    if entry_on(calendar, day) is not None or is_closed_as_holiday(calendar, day):
        return False
    return any(window.start <= minute + 24 * 60 < window.end for window in begins_on(calendar, day - ONE_DAY))


def begins_on(calendar: Calendar, day: date) -> tuple[Window, ...]:
    entry = entry_on(calendar, day)
    if entry is not None:
        return entry
    if is_closed_as_holiday(calendar, day):
        return ()
    return calendar.hours[day.isoweekday() - 1]


def is_closed_as_holiday(calendar: Calendar, day: date) -> bool:
    unknown = calendar.holiday_years is not None and day.year not in list(calendar.holiday_years)
    return unknown or day in list(calendar.holidays)


def entry_on(calendar: Calendar, day: date) -> tuple[Window, ...] | None:
    candidates = [windows for exact, windows in calendar.dates.exact.items() if exact == day]
    candidates += [windows for first, last, windows in calendar.dates.ranges if day in every_day(first, last)]
    candidates += [windows for key, windows in calendar.dates.yearly.items() if key == (day.month, day.day)]
    candidates += [
        windows
        for first, last, windows in calendar.dates.yearly_ranges
        if (day.month, day.day) in every_month_day(first, last)
    ]
    return candidates[0] if candidates else None


@lru_cache
def every_day(first: date, last: date) -> frozenset[date]:
    return frozenset(first + ONE_DAY * number for number in range((last - first).days + 1))


@lru_cache
def every_month_day(first: MonthDay, last: MonthDay) -> frozenset[tuple[int, int]]:
    """Walk through a leap year, and on into the next, from the first to the last."""
    day = date(2000, first.month, first.day)
    found = {(day.month, day.day)}
    while (day.month, day.day) != (last.month, last.day):
        day += ONE_DAY
        if day.year == 2001:
            day = date(2000, 1, 1)
        found.add((day.month, day.day))
    return frozenset(found)
