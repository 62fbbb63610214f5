"""Time zones as piecewise constant offsets from UTC: all that the core knows of daylight saving."""

import math
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from controller.core.interval import Instant, Interval

DAY = 86_400
STEP = 3 * DAY
"""Seconds between two samples. No zone of the tz database ever changed its offset twice within 6.9 days (Recife 2000
and Gaza 2040 come nearest), so that at most one change lies between two samples."""
CHUNK = 122 * STEP
"""Seconds that are sampled and kept together: 366 days."""

_EARLIEST, _LATEST = -62_040_988_800, 253_339_228_800
"""The begins of the years 4 and 9998: datetime has room for a chunk and for any offset on either side."""


class Piece(NamedTuple):
    """From `start` to before `end` the local clock is `offset` seconds ahead of UTC."""

    start: Instant
    end: Instant
    offset: int


Pieces: TypeAlias = tuple[Piece, ...]


def offsets(zone: ZoneInfo, span: Interval) -> Pieces:
    """Split the span into pieces of constant offset: gapless, in order, neighbours differing in offset.

    Raises ValueError for a span that datetime cannot express: its ends must lie in the years 4 to 9997.
    """
    start, end = span
    if not (start >= _EARLIEST and end <= _LATEST):
        raise ValueError(f"instants must lie in the years 4 to 9997; the span is {start} to {end} epoch seconds")
    found: list[Piece] = []
    chunk = math.floor(start / CHUNK)
    while chunk * CHUNK < end:
        for piece in _chunk(zone, chunk):
            low, high = max(piece.start, start), min(piece.end, end)
            if low < high:
                _append(found, Piece(low, high, piece.offset))
        chunk += 1
    return tuple(found)


def local_time(zone: ZoneInfo, instant: Instant) -> tuple[date, int]:
    """Return the local date and minute of day (0…1439); the clock reads a minute for the whole of it."""
    local = _local(zone, math.floor(instant))
    return local.date(), local.hour * 60 + local.minute


def steady_date(zone: ZoneInfo, instant: Instant) -> Piece:
    """Return the rest of the local date from this instant's second on, as far as the clock runs through it unchanged.

    Raises ValueError as `offsets` does.
    """
    second = math.floor(instant)
    piece = offsets(zone, Interval(second, second + DAY))[0]
    midnight = (second + piece.offset) // DAY * DAY + DAY - piece.offset
    return Piece(second, min(piece.end, midnight), piece.offset)


@lru_cache(maxsize=1024)
def _chunk(zone: ZoneInfo, chunk: int) -> Pieces:
    start = chunk * CHUNK
    found: list[Piece] = []
    begin, offset = start, _offset(zone, start)
    for low in range(start, start + CHUNK, STEP):
        after = _offset(zone, low + STEP)
        if after != offset:
            change = _first_other(zone, low, low + STEP, offset)
            found.append(Piece(begin, change, offset))
            begin, offset = change, after
    return (*found, Piece(begin, start + CHUNK, offset))


def _first_other(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """Bisect to the second at which the offset stops being the one at `low`; at `high` it is another."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _append(pieces: list[Piece], piece: Piece) -> None:
    if pieces and pieces[-1].offset == piece.offset:
        pieces[-1] = Piece(pieces[-1].start, piece.end, piece.offset)
    else:
        pieces.append(piece)


def _local(zone: ZoneInfo, instant: int) -> datetime:
    return datetime.fromtimestamp(instant, zone)


def _offset(zone: ZoneInfo, instant: int) -> int:
    offset = _local(zone, instant).utcoffset() or timedelta()
    return offset.days * DAY + offset.seconds
