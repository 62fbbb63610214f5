"""Times of day, windows, durations and instants as they are written."""

import re
from datetime import UTC, datetime

from controller.core.calendar import Window
from controller.core.interval import Instant
from controller.rules.wording import shown, text

_DAY = 1440
_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_DURATION = re.compile(r"([0-9]{1,9})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LONGEST = 86_400
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?",
)
FIRST_YEAR, LAST_YEAR = 1970, 2999
"""Years outside are taken for slips."""


def parse_window(value: object) -> Window:
    """Read "09:00-12:30"; an end before its start goes on after midnight. Raises ValueError."""
    written = text(value)
    match = _WINDOW.fullmatch(written)
    if match is None:
        raise ValueError(f'{shown(written)} is not a window, write it as "09:00-17:00" with two digits each')
    hours, minutes, end_hours, end_minutes = map(int, match.groups())
    start = _minute_of_day(hours, minutes)
    end = _DAY if (end_hours, end_minutes) == (24, 0) else _minute_of_day(end_hours, end_minutes)
    if start == end:
        raise ValueError(f"{shown(written)} ends as it starts, write 00:00-24:00 for a whole day or [] for none")
    return Window(start, end if end > start else end + _DAY)


def _minute_of_day(hours: int, minutes: int) -> int:
    if (hours, minutes) == (24, 0):
        raise ValueError("24:00 is an end only, start the window at 00:00 of the next day")
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - a clock's numbers
        raise ValueError(f"there is no {hours:02}:{minutes:02}, times go from 00:00 to 23:59, and 24:00 as an end")
    return hours * 60 + minutes


def window_text(window: Window) -> str:
    """The window as it is written."""
    end = window.end if window.end <= _DAY else window.end - _DAY
    return f"{window.start // 60:02}:{window.start % 60:02}-{end // 60:02}:{end % 60:02}"


def parse_duration(value: object) -> int:
    """Read "90s", "2m" or "1h", at most a day, into seconds. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit, write {value}s, {value}m or {value}h")  # noqa: TRY004 - see wording.text
    written = text(value)
    match = _DURATION.fullmatch(written)
    if match is None:
        raise ValueError(f"{shown(written)} is not a duration, write a whole number and s, m or h, such as 90s or 2m")
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"{written} is longer than a day, write at most 24h")
    return seconds


def parse_positive_duration(value: object) -> int:
    """Read a duration of at least a second. Raises ValueError."""
    seconds = parse_duration(value)
    if seconds == 0:
        raise ValueError(f"{value} is no time at all, write at least 1s")
    return seconds


def parse_instant(value: object) -> Instant:
    """Read RFC 3339 with an offset, the seconds may be left out. Raises ValueError."""
    written = text(value)
    match = _INSTANT.fullmatch(written)
    if match is None:
        raise ValueError(f"{shown(written)} is not an instant, write it as 2026-11-23T14:05:00-05:00")
    if match[1] is None:
        raise ValueError(
            f"{written} has no offset, so it is not one instant; write it as {written}-05:00 or {written}Z"
        )
    try:
        instant = datetime.fromisoformat(written.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{written} does not exist, check the month, the day, the time and the offset") from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"{written} is outside the years {FIRST_YEAR} to {LAST_YEAR}; for an open end, leave it out")
    return instant.timestamp()
