"""Local days as a clock on the wall shows them: 24 hours wide, also where one is skipped or comes twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from controller.core.interval import Instant, Interval
from controller.core.zone import DAY, Pieces, offsets


class Place(NamedTuple):
    """A box in a day's strip, in fractions of the strip: `left` and `width` along its 24 hours, `top` and `height`
    across. It is lower than the strip in an hour that comes twice: the first time is above, the second below.
    """

    left: float
    width: float
    top: float = 0.0
    height: float = 1.0


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A local date, from its first instant to that of the next one; `pieces` are of constant offset, within it."""

    date: date
    start: Instant
    end: Instant
    pieces: Pieces

    @property
    def hours(self) -> float:
        """How long it is: 23 or 25 hours where clocks change by one."""
        return (self.end - self.start) / 3600

    def places(self, interval: Interval) -> Iterator[Place]:
        """Where that part of the interval stands that lies within the day."""
        twice = self._twice()
        for piece, stretch in zip(self.pieces, self._stretches(), strict=True):
            low, high = max(interval.start, piece.start), min(interval.end, piece.end)
            if low < high:
                shift = stretch.start - piece.start
                yield from _placed(Interval(low + shift, high + shift), twice, first=piece is self.pieces[0])

    def skipped(self) -> Iterator[Place]:
        """The local times that there are not."""
        reached = 0.0
        for stretch in (*self._stretches(), Interval(DAY, DAY)):
            if reached < stretch.start:
                yield Place(reached / DAY, (stretch.start - reached) / DAY)
            reached = max(reached, stretch.end)

    def _stretches(self) -> list[Interval]:
        """The pieces in seconds of the local clock since its midnight."""
        midnight = (self.date - date(1970, 1, 1)).days * DAY
        return [Interval(start + offset - midnight, end + offset - midnight) for start, end, offset in self.pieces]

    def _twice(self) -> Interval:
        """The local times that come twice; an empty interval where none do."""
        for before, after in pairwise(self._stretches()):
            if after.start < before.end:
                return Interval(after.start, before.end)
        return Interval(0, 0)


def local_days(zone: ZoneInfo, now: Instant, count: int) -> tuple[LocalDay, ...]:
    """So many days, from the one that `now` is in. Raises ValueError as `zone.offsets` does."""
    today = datetime.fromtimestamp(now, zone).date()
    dates = [today + timedelta(days=number) for number in range(count + 1)]
    edges = [_begin(day, zone) for day in dates]
    return tuple(
        LocalDay(day, start, end, offsets(zone, Interval(start, end)))
        for day, (start, end) in zip(dates, pairwise(edges), strict=False)
        if start < end  # Samoa once skipped a whole one
    )


def _begin(day: date, zone: ZoneInfo) -> Instant:
    """The first instant of a date. Where clocks skip its midnight, Python reads that by the offset before the change,
    which gives the instant of the change.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def _placed(stretch: Interval, twice: Interval, *, first: bool) -> Iterator[Place]:
    """Cut at the edges of what comes twice, and put the parts in their halves."""
    edges = sorted({stretch.start, stretch.end, *(edge for edge in twice if stretch.start < edge < stretch.end)})
    for start, end in pairwise(edges):
        left, width = start / DAY, (end - start) / DAY
        if twice.start <= start < twice.end:
            yield Place(left, width, 0.0 if first else 0.5, 0.5)
        else:
            yield Place(left, width)
