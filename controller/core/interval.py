"""Instants, half-open intervals of them, and their algebra."""

from typing import NamedTuple, TypeAlias

Instant: TypeAlias = float
"""Seconds since the Unix epoch, UTC. Boundaries of compiled calendars are whole seconds (ints)."""


class Interval(NamedTuple):
    """`start` belongs to it, `end` does not."""

    start: Instant
    end: Instant


Intervals: TypeAlias = tuple[Interval, ...]
"""Sorted, disjoint, not touching, none empty."""
