"""The provider's own weekly schedule of a job, read without guessing.

The shapes are those of the provider's reference: `days[].dayOfWeek` 0 (Sunday) … 6, `timeSlots[]` with `startTime` and
`endTime` as HH:MM, and one IANA `timezone`. An end of 24:00 or 00:00 is the end of the day; whatever else is odd makes
the schedule unreadable.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from controller.core.calendar import Window, weekly_intervals
from controller.core.interval import Interval, Intervals

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
"""The shape of every name of the tz database; zoneinfo makes paths and packages of whatever else it is given."""
_DAY_END = 1440


@dataclass(frozen=True, slots=True)
class ProviderSchedule:
    """`hours` has seven entries, Monday first."""

    zone: ZoneInfo
    hours: tuple[tuple[Window, ...], ...]

    def intervals(self, span: Interval) -> Intervals:
        """When the provider would let the job dial."""
        return weekly_intervals(self.zone, self.hours, span)


class UnreadableScheduleError(ValueError):
    """`field` is the place inside the schedule, `says` what stands there, `want` what would be right."""

    def __init__(self, field: str, says: Any, want: str) -> None:  # noqa: ANN401 - any JSON value may stand there
        self.field = field
        self.says = says
        self.want = want
        super().__init__(f"{field} says {json.dumps(says)[:60]}, which is not {want}")


def read_schedule(text: str) -> ProviderSchedule:
    """Read a schedule's JSON text. Raises UnreadableScheduleError at the first thing that is not as documented."""
    raw = json.loads(text)
    if not isinstance(raw, dict):
        raise UnreadableScheduleError("schedule", raw, "an object")
    zone = _zone(raw.get("timezone"))
    days = raw.get("days")
    if not isinstance(days, list):
        raise UnreadableScheduleError("schedule.days", days, "a list")
    hours: list[list[Window]] = [[] for _ in range(7)]
    for index, day in enumerate(days):
        weekday, windows = _day(f"schedule.days[{index}]", day)
        hours[weekday] += windows
    return ProviderSchedule(zone, tuple(tuple(windows) for windows in hours))


def _zone(name: Any) -> ZoneInfo:  # noqa: ANN401 - any JSON value may stand there
    if isinstance(name, str) and _ZONE.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            pass
    raise UnreadableScheduleError("schedule.timezone", name, "an IANA time zone")


def _day(field: str, day: Any) -> tuple[int, list[Window]]:  # noqa: ANN401 - any JSON value may stand there
    if not isinstance(day, dict):
        raise UnreadableScheduleError(field, day, "an object")
    number = day.get("dayOfWeek")
    if type(number) is not int or not 0 <= number <= 6:  # noqa: PLR2004 - Sunday to Saturday
        raise UnreadableScheduleError(f"{field}.dayOfWeek", number, "a number from 0 (Sunday) to 6")
    slots = day.get("timeSlots")
    if not isinstance(slots, list):
        raise UnreadableScheduleError(f"{field}.timeSlots", slots, "a list")
    return (number - 1) % 7, [_slot(f"{field}.timeSlots[{index}]", slot) for index, slot in enumerate(slots)]


def _slot(field: str, slot: Any) -> Window:  # noqa: ANN401 - any JSON value may stand there
    if not isinstance(slot, dict):
        raise UnreadableScheduleError(field, slot, "an object")
    start = _minutes(f"{field}.startTime", slot.get("startTime"))
    end_text = slot.get("endTime")
    end = _DAY_END if end_text in ("24:00", "00:00") else _minutes(f"{field}.endTime", end_text)
    if start >= end:
        raise UnreadableScheduleError(f"{field}.endTime", end_text, f"after the start {slot['startTime']}")
    return Window(start, end)


def _minutes(field: str, text: Any) -> int:  # noqa: ANN401 - any JSON value may stand there
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnreadableScheduleError(field, text, "a time as HH:MM")
    return int(match[1]) * 60 + int(match[2])
