"""When a campaign may dial: its calendars together, and what closes it."""

import math
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from controller.core.calendar import Calendar, DayKind, open_intervals
from controller.core.campaign import Campaign
from controller.core.interval import Instant, Interval, Intervals, Timeline, intersection, shortened
from controller.core.zone import DAY, local_time, steady_date

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


# Plain tuples of floats: they are unpacked and compared twice as fast as what says more of itself.
_Standing: TypeAlias = tuple[float, float, bool, Instant | None]
"""From when to before when it holds; what `is_dialing` and `next_change` answer meanwhile."""
_ClosedBy: TypeAlias = tuple[float, float, tuple[Closed, ...]]
"""From when to before when it holds; what `closed_by` answers meanwhile."""


class CampaignHours:
    """The compiled hours of one campaign; compared by identity. Raises ValueError for a campaign without calendars.

    The last answers are kept for as long as they hold, since nearly all questions are asked of the same now.
    """

    __slots__ = ("_closed_by", "_kept", "_standing", "campaign")

    def __init__(self, campaign: Campaign) -> None:
        if not campaign.calendars:
            raise ValueError(f"campaign {campaign.name!r} has no calendar; it needs at least one")
        self.campaign = campaign
        self._kept: dict[int, _Compiled] = {}
        self._standing: _Standing = (math.inf, -math.inf, False, None)
        self._closed_by: _ClosedBy = (math.inf, -math.inf, ())

    def hours(self, now: Instant) -> Timeline:
        """Compile when all calendars are open, at least from 8 days before `now` until 400 days after it."""
        return self._around(now).hours

    def dialing(self, now: Instant) -> Timeline:
        """Compile the same with each interval shortened by `close_early`: when the jobs are to dial."""
        return self._around(now).dialing

    def is_dialing(self, now: Instant) -> bool:
        """Tell whether `dialing` is open at `now`."""
        since, until, dialing, _ = self._standing
        return dialing if since <= now < until else self._look(now)[2]

    def next_change(self, now: Instant) -> Instant | None:
        """Return when `dialing` next changes after `now`; None if not within about 400 days."""
        since, until, _, change = self._standing
        return change if since <= now < until else self._look(now)[3]

    def closed_by(self, now: Instant) -> tuple[Closed, ...]:
        """Name the calendars that do not allow `now`; () exactly where `hours` is open."""
        since, until, closed = self._closed_by
        return closed if since <= now < until else self._ask_calendars(now)[2]

    def steady_until(self, now: Instant) -> Instant:
        """Return an instant after `now` before which no answer of these hours changes."""
        self.is_dialing(now)
        self.closed_by(now)
        return min(self._standing[1], self._closed_by[1])

    def _look(self, now: Instant) -> _Standing:
        dialing, block = self.dialing(now), _block(now)
        start, end = dialing.steady_at(now)
        since, until = max(start, block * BLOCK), min(end, (block + 1) * BLOCK)  # another block has another timeline
        self._standing = (float(since), float(until), dialing.is_open(now), dialing.next_change(now))
        return self._standing

    def _ask_calendars(self, now: Instant) -> _ClosedBy:
        asked = [_asked(calendar, now) for calendar in self.campaign.calendars]
        closed = tuple(closed for each, _ in asked for closed in each)
        self._closed_by = (float(now), float(min(until for _, until in asked)), closed)
        return self._closed_by

    def _around(self, now: Instant) -> _Compiled:
        block = _block(now)
        found = self._kept.get(block)
        if found is None:
            if len(self._kept) == _KEPT:
                del self._kept[next(iter(self._kept))]
            found = self._kept[block] = _compile(self.campaign, block)
        return found


def _block(now: Instant) -> int:
    return math.floor(now / BLOCK)


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


def _asked(calendar: Calendar, now: Instant) -> tuple[tuple[Closed, ...], Instant]:
    """Whether the calendar is closed, and until when it surely stays as it is: its date ends, or one of its windows
    begins or ends.
    """
    local_date, minute = local_time(calendar.zone, now)
    day = calendar.day(local_date)
    second, until, offset = steady_date(calendar.zone, now)
    midnight = (second + offset) // DAY * DAY - offset
    edges = (midnight + edge * 60 for window in day.open for edge in window)
    until = min([until, *(edge for edge in edges if now < edge)])
    if any(window.start <= minute < window.end for window in day.open):
        return (), until
    return (Closed(calendar.name, day.kind, day.label),), until
