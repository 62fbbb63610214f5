"""The provider's weekly schedule of a job, asked of the local clock."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from controller.core.interval import Instant

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_END_OF_DAY = ("24:00", "00:00")


class WeeklySlots(NamedTuple):
    """`days` has seven entries, Sunday first, of half-open slots in minutes of the local day."""

    zone: ZoneInfo
    days: tuple[tuple[tuple[int, int], ...], ...]


def weekly_slots(schedule: Mapping[str, Any]) -> WeeklySlots:
    """Read a schedule as the reference writes it.

    Raises ValueError where a zone, a day or a slot cannot be read: overnight slots cannot, but "24:00" or "00:00" as
    an end is the end of the day.
    """
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    try:
        for day in schedule["days"]:
            number = day["dayOfWeek"]
            if number not in range(7):
                raise ValueError(f"dayOfWeek {number!r} is none of 0 (Sunday) to 6 (Saturday)")
            days[number].extend(_slot(slot) for slot in day["timeSlots"])
        zone = _zone(schedule["timezone"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"days, dayOfWeek, timeSlots, startTime, endTime and timezone are wanted: {error}") from error
    return WeeklySlots(zone, tuple(tuple(slots) for slots in days))


def open_at(schedule: str | None, at: Instant) -> bool:
    """Whether the schedule (JSON text) lets a call begin.

    None limits nothing, and neither does one that cannot be read: nobody knows what the provider makes of it, so this
    does the worst.
    """
    slots = _compiled(schedule) if schedule is not None else None
    if slots is None:
        return True
    local = datetime.fromtimestamp(int(at // 1), slots.zone)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in slots.days[local.isoweekday() % 7])


@lru_cache(maxsize=4096)
def _compiled(schedule: str) -> WeeklySlots | None:
    try:
        return weekly_slots(json.loads(schedule))
    except ValueError:
        return None


def _slot(slot: Mapping[str, str]) -> tuple[int, int]:
    start_text, end_text = slot["startTime"], slot["endTime"]
    start, end = _minute(start_text), 1440 if end_text in _END_OF_DAY else _minute(end_text)
    if start >= end:
        raise ValueError(f"the slot {start_text}-{end_text} does not end after its start on the same day")
    return start, end


def _minute(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of day such as 09:00")
    return int(found[1]) * 60 + int(found[2])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone such as America/New_York") from error
