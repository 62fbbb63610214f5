"""Instants in a page: exact in a zone, and such that a script can tell them in the viewer's own."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.shown.moments import exact, relative

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Moments:
    """As they are told at `now`; a thousand rows share a few of them."""

    now: Instant
    utc: ZoneInfo = field(init=False, default=_UTC)
    _told: dict[tuple[Instant | str, ZoneInfo], Markup] = field(init=False, default_factory=dict)

    def at(self, moment: Instant | str, zone: ZoneInfo = _UTC) -> Markup:
        """`Mon 2026-11-23 17:00 EST`, of an instant or of an RFC 3339 text."""
        told = self._told.get((moment, zone))
        if told is None:
            instant = _instant(moment)
            told = Markup('<time datetime="{}">{}</time>').format(rfc3339(instant), exact(instant, zone))
            self._told[moment, zone] = told
        return told

    def away(self, moment: Instant | str) -> str:
        """`in 2 h 5 min`, `3 min ago`."""
        return relative(_instant(moment), self.now)

    def clock(self, moment: Instant | str) -> Markup:
        """The time of day alone, `14:02 UTC`."""
        instant = _instant(moment)
        text = f"{datetime.fromtimestamp(instant, _UTC):%H:%M:%S} UTC"
        return Markup('<time datetime="{}">{}</time>').format(rfc3339(instant), text)


def _instant(moment: Instant | str) -> Instant:
    if not isinstance(moment, str):
        return math.floor(moment)
    return datetime.fromisoformat(moment).timestamp()
