"""What a campaign does on a local day, in words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.core.decision import Reason
from controller.core.forecast import Segment, State
from controller.core.interval import Instant, Interval
from controller.shown.words import reason_title

NAMED = (Reason.INCIDENT, Reason.HOLIDAY, Reason.SPECIAL_DATE)
"""The reasons that close besides the weekly hours: they are told by name."""

_OTHERS = re.compile(rf"; also ({'|'.join(Reason)}) \(.*", re.DOTALL)
"""What the detail says of the rows behind the one that decides."""


def told_once(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments with what decides alone, joined where only what stands behind it changed."""
    found: list[Segment] = []
    for segment in segments:
        bare = replace(segment, detail=_OTHERS.sub("", segment.detail))
        last = found[-1] if found else None
        if last and (last.end, last.reason, last.detail) == (bare.start, bare.reason, bare.detail):
            bare = replace(bare, start=found.pop().start)
        found.append(bare)
    return tuple(found)


def day_words(segments: Sequence[Segment], zone: ZoneInfo, day: Interval) -> str:
    """Open hours of the day, and what closes it besides its weekly hours; `segments` are those that touch it."""
    segments = told_once(segments)
    opens = " ".join(
        clock_range(Interval(max(segment.start, day.start), min(segment.end, day.end)), zone)
        for segment in segments
        if segment.state is State.OPEN
    )
    named = [segment_words(segment) for segment in segments if segment.reason in NAMED]
    hours = opens or ("" if named else "closed")
    return "; ".join(part for part in (hours, *dict.fromkeys(named), _clock_change(day, zone)) if part)


def segment_words(segment: Segment) -> str:
    """Its reason with the detail."""
    title = reason_title(segment.reason)
    return f"{title} ({segment.detail})" if segment.detail else title


def clock_range(interval: Interval, zone: ZoneInfo) -> str:
    """`09:00-17:00`, by the local clock; midnight ends a day as 24:00."""
    return f"{_time(interval.start, zone)}-{_time(interval.end, zone, end=True)}"


def _clock_change(day: Interval, zone: ZoneInfo) -> str:
    # A clock set forward at midnight skips the begin of this day.
    before, after = (datetime.fromtimestamp(instant - 1, zone) for instant in day)
    moved = (after.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    if not moved:
        return ""
    return f"clocks go {'forward' if moved > timedelta() else 'back'} {abs(int(moved.total_seconds())) // 60} min"


def _time(instant: Instant, zone: ZoneInfo, *, end: bool = False) -> str:
    text = f"{datetime.fromtimestamp(instant, zone):%H:%M}"
    return "24:00" if end and text == "00:00" else text
