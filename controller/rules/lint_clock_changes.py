"""Windows that a change of the clock cuts short or doubles."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from controller.core.calendar import Calendar, DayKind, Window
from controller.core.interval import Instant, Interval
from controller.core.zone import DAY, offsets
from controller.rules.clock_text import window_text
from controller.rules.entries import Named
from controller.rules.problem import LintWarning
from controller.rules.schema import CalendarRule

_YEAR = 366 * DAY
_EPOCH = date(1970, 1, 1).toordinal()


class _Change(NamedTuple):
    """The readings of the local clock that a change leaves out or repeats, in seconds since 1970 as it reads."""

    start: int
    end: int
    repeated: bool


class _Written(NamedTuple):
    """A window of a date and its place within the calendar."""

    window: Window
    path: tuple[str | int, ...]


def clock_changes(
    entry: Named[CalendarRule],
    rule: CalendarRule,
    calendar: Calendar,
    now: Instant,
) -> Iterator[LintWarning]:
    """Find, within a year from `now`, the windows that hold readings which a change leaves out or repeats."""
    for before, after in pairwise(offsets(calendar.zone, Interval(now, now + _YEAR))):
        old, new = int(after.start + before.offset), int(after.start + after.offset)
        change = _Change(min(old, new), max(old, new), repeated=new < old)
        for midnight in range(change.start // DAY * DAY - DAY, change.end, DAY):
            for window, path in _written(rule, calendar, midnight):
                seconds = _touched(calendar, midnight, window, change)
                if seconds:
                    yield entry.warning(*path, message=_message(calendar, midnight, window, change, seconds))


def _written(rule: CalendarRule, calendar: Calendar, midnight: int) -> Iterator[_Written]:
    """Give the windows that begin on a date, as they are written."""
    day = _date(midnight)
    said = calendar.day(day)
    if said.kind is DayKind.HOURS:
        for key, windows in rule.hours.items():
            if day.weekday() in key.weekdays:
                yield from (_Written(window, ("hours", key.text, index)) for index, window in enumerate(windows))
    elif said.kind is DayKind.DATES:
        for date_key, windows in rule.dates.items():
            if date_key.text == said.label:
                yield from (_Written(window, ("dates", date_key.text, index)) for index, window in enumerate(windows))


def _touched(calendar: Calendar, midnight: int, window: Window, change: _Change) -> int:
    """Count the seconds of the window that the change touches; a tail that the next date cuts has none."""
    cut = calendar.day(_date(midnight + DAY)).kind is not DayKind.HOURS
    end = midnight + min(window.end * 60, DAY if cut else 2 * DAY)
    return max(0, min(end, change.end) - max(midnight + window.start * 60, change.start))


def _message(calendar: Calendar, midnight: int, window: Window, change: _Change, seconds: int) -> str:
    zone, minutes = calendar.zone.key, f"{seconds // 60} minutes"
    low, high = _reading(change.start), _reading(change.end)
    moved = f"back from {high} to {low}" if change.repeated else f"forward from {low} to {high}"
    effect = f"is open twice for {minutes}" if change.repeated else f"loses {minutes}"
    right = "move the window, or give the date its own entry, if that is not meant"
    return f"{window_text(window)} of {_date(midnight)} {effect}, as the clock in {zone} goes {moved}; {right}"


def _date(midnight: int) -> date:
    return date.fromordinal(_EPOCH + midnight // DAY)


def _reading(seconds: int) -> str:
    return f"{_date(seconds // DAY * DAY)} {seconds % DAY // 3600:02}:{seconds % 3600 // 60:02}"
