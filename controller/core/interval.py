"""Instants, half-open intervals of them, and their algebra."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, TypeAlias

Instant: TypeAlias = float
"""Seconds since the Unix epoch, UTC. Boundaries of compiled calendars are whole seconds (ints)."""


class Interval(NamedTuple):
    """`start` belongs to it, `end` does not."""

    start: Instant
    end: Instant


Intervals: TypeAlias = tuple[Interval, ...]
"""Sorted, disjoint, not touching, none empty."""

_START, _END = attrgetter("start"), attrgetter("end")


def merged(intervals: Iterable[Interval]) -> Intervals:
    """Sort and join into as few intervals as hold the same instants. What ends at or before its start holds nothing."""
    found: list[Interval] = []
    for interval in sorted(intervals):
        start, end = interval
        if start >= end:
            continue
        if not found or start > found[-1].end:
            found.append(interval)
        elif end > found[-1].end:
            found[-1] = Interval(found[-1].start, end)
    return tuple(found)


def intersection(*sets: Intervals) -> Intervals:
    """Return the instants that are in every set. Raises ValueError without any: nothing said must not mean always."""
    if not sets:
        raise ValueError("an intersection needs at least one set of intervals")
    return reduce(_both, sets)


def _both(a: Intervals, b: Intervals) -> Intervals:
    found: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start, end = max(a[i].start, b[j].start), min(a[i].end, b[j].end)
        if start < end:
            found.append(Interval(start, end))
        if a[i].end <= b[j].end:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(a: Intervals, b: Intervals) -> Intervals:
    """Return the instants that are in `a` and not in `b`."""
    found: list[Interval] = []
    j = 0
    for start, end in a:
        while j < len(b) and b[j].end <= start:
            j += 1
        rest, k = start, j
        while k < len(b) and b[k].start < end:
            if rest < b[k].start:
                found.append(Interval(rest, b[k].start))
            rest = b[k].end
            k += 1
        j = max(j, k - 1)  # the last one may reach into the next interval of a
        if rest < end:
            found.append(Interval(rest, end))
    return tuple(found)


def clipped(intervals: Intervals, span: Interval) -> Intervals:
    """Return the part that lies within the span."""
    if not span.start < span.end:
        return ()
    first = bisect_right(intervals, span.start, key=_END)
    last = bisect_left(intervals, span.end, key=_START)
    kept = list(intervals[first:last])
    if kept:
        kept[0] = Interval(max(kept[0].start, span.start), kept[0].end)
        kept[-1] = Interval(kept[-1].start, min(kept[-1].end, span.end))
    return tuple(kept)


def shortened(intervals: Intervals, seconds: float) -> Intervals:
    """Take that much real time off the end of each; one that vanishes is dropped. Raises ValueError below 0."""
    if not seconds >= 0:
        raise ValueError(f"intervals can be shortened by 0 seconds or more, not by {seconds}")
    return tuple(Interval(start, end - seconds) for start, end in intervals if start < end - seconds)


def total_seconds(intervals: Intervals) -> float:
    """Add up how long they are."""
    return sum(end - start for start, end in intervals)


@dataclass(frozen=True, slots=True)
class Timeline:
    """When something is open within a span. It knows nothing outside of the span, and so is not open there."""

    intervals: Intervals
    span: Interval
    _bounds: tuple[Instant, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        within = clipped(self.intervals, self.span)
        object.__setattr__(self, "intervals", within)
        object.__setattr__(self, "_bounds", tuple(chain.from_iterable(within)))

    def is_open(self, instant: Instant) -> bool:
        """Tell whether an interval holds this instant."""
        return bisect_right(self._bounds, instant) % 2 == 1

    def next_change(self, instant: Instant) -> Instant | None:
        """Return the first instant strictly after this one at which `is_open` changes, None if none within the span.

        The two ends of the span are no changes.
        """
        index = bisect_right(self._bounds, max(instant, self.span.start))
        if index == len(self._bounds) or self._bounds[index] >= self.span.end:
            return None
        return self._bounds[index]

    def steady_at(self, instant: Instant) -> Interval:
        """Return the longest interval around an instant of the span in which `is_open` and `next_change` stay as they
        are.
        """
        index = bisect_right(self._bounds, instant)
        start = self._bounds[index - 1] if index else self.span.start
        return Interval(start, self._bounds[index] if index < len(self._bounds) else self.span.end)

    def open_interval_at(self, instant: Instant) -> Interval | None:
        """Return the interval that holds this instant, as far as it lies within the span."""
        index = bisect_right(self._bounds, instant)
        return self.intervals[index // 2] if index % 2 else None
