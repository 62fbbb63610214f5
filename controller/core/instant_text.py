"""Instants as people and machines read them. Strings end here; the rest of the core has numbers."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from controller.core.interval import Instant


@lru_cache(maxsize=256)
def rfc3339(instant: Instant) -> str:
    """UTC with `Z`: whole seconds without a fraction, others with milliseconds."""
    moment = datetime.fromtimestamp(instant, UTC)
    spec = "seconds" if instant == int(instant) else "milliseconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def local_text(instant: Instant, zone: ZoneInfo) -> str:
    """Weekday, date and time in a zone: `Mon 2026-11-23 09:00 EST`."""
    return f"{datetime.fromtimestamp(instant, zone):%a %Y-%m-%d %H:%M %Z}"
