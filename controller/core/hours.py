"""When a campaign may dial: its calendars together, and what closes it."""

import math
from functools import lru_cache
from typing import NamedTuple

from controller.core.calendar import Calendar, DayKind, open_intervals
from controller.core.campaign import Campaign
from controller.core.interval import Instant, Interval, Intervals, Timeline, intersection, shortened
from controller.core.zone import DAY, local_time

BEHIND, AHEAD = 8 * DAY, 400 * DAY
"""Seconds around `now` that are compiled at least."""
BLOCK = 28 * DAY
"""All instants of one block share their timelines, so that what is compiled depends on `now` alone."""
_KEPT = 2


class Closed(NamedTuple):
    """A calendar that does not allow an instant: its name, and the kind and label of the local date."""

    calendar: str
    kind: DayKind
    label: str


class _Compiled(NamedTuple):
    hours: Timeline
    dialing: Timeline


class CampaignHours:
    """The compiled hours of one campaign; compared by identity. Raises ValueError for a campaign without calendars."""

    __slots__ = ("_kept", "campaign")

    def __init__(self, campaign: Campaign) -> None:
        if not campaign.calendars:
            raise ValueError(f"campaign {campaign.name!r} has no calendar; it needs at least one")
        self.campaign = campaign
        self._kept: dict[int, _Compiled] = {}

    def hours(self, now: Instant) -> Timeline:
        """Compile when all calendars are open, at least from 8 days before `now` until 400 days after it."""
        return self._around(now).hours

    def dialing(self, now: Instant) -> Timeline:
        """Compile the same with each interval shortened by `close_early`: when the jobs are to dial."""
        return self._around(now).dialing

    def closed_by(self, now: Instant) -> tuple[Closed, ...]:
        """Name the calendars that do not allow `now`; () exactly where `hours` is open."""
        return tuple(closed for calendar in self.campaign.calendars for closed in _closed(calendar, now))

    def _around(self, now: Instant) -> _Compiled:
        block = math.floor(now / BLOCK)
        found = self._kept.get(block)
        if found is None:
            if len(self._kept) == _KEPT:
                del self._kept[next(iter(self._kept))]
            found = self._kept[block] = _compile(self.campaign, block)
        return found


def _compile(campaign: Campaign, block: int) -> _Compiled:
    span = Interval(block * BLOCK - BEHIND, (block + 1) * BLOCK + AHEAD)
    # What the end of the span cuts has not closed there: look on by close_early before it is taken off.
    beyond = Interval(span.start, span.end + campaign.close_early)
    together = intersection(*(_open_intervals(calendar, beyond) for calendar in campaign.calendars))
    return _Compiled(Timeline(together, span), Timeline(shortened(together, campaign.close_early), span))


@lru_cache(maxsize=256)
def _open_intervals(calendar: Calendar, span: Interval) -> Intervals:
    """Campaigns share calendars."""
    return open_intervals(calendar, span)


def _closed(calendar: Calendar, now: Instant) -> tuple[Closed, ...]:
    local_date, minute = local_time(calendar.zone, now)
    day = calendar.day(local_date)
    if any(window.start <= minute < window.end for window in day.open):
        return ()
    return (Closed(calendar.name, day.kind, day.label),)
