"""Instants for people: relative to now, and exact in a zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from controller.core.interval import Instant

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


def exact(instant: Instant | None, zone: ZoneInfo) -> str:
    """`Mon 2026-11-23 17:00 EST`, or a dash for none."""
    if instant is None:
        return "-"
    return f"{datetime.fromtimestamp(instant, zone):%a %Y-%m-%d %H:%M %Z}"


def relative(instant: Instant, now: Instant) -> str:
    """`in 2 h 5 min`, `3 min ago`."""
    seconds = abs(instant - now)
    days, hours, minutes = int(seconds // _DAY), int(seconds % _DAY // _HOUR), int(seconds % _HOUR // _MINUTE)
    if days:
        text = f"{days} d {hours} h"
    elif hours:
        text = f"{hours} h {minutes} min"
    elif minutes:
        text = f"{minutes} min"
    else:
        text = f"{int(seconds)} s"
    return f"in {text}" if instant > now else f"{text} ago"
