"""Offsets of time zones: found by sampling, which the zone data itself must justify."""

import re
import struct
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.interval import Interval
from controller.core.zone import CHUNK, DAY, STEP, Piece, local_time, offsets, steady_date

ZONES = sorted(available_timezones())
ODD_ZONES = [
    "Africa/Casablanca",
    "Africa/Monrovia",
    "America/Caracas",
    "America/Recife",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kwajalein",
]


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def tzif(zone: str) -> tuple[list[tuple[int, int]], str]:
    """Read the changes, as (instant, offset after it), and the rule for the years behind them from the zone's file."""
    data = resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()

    def counts(at: int) -> tuple[int, ...]:
        return struct.unpack(">6l", data[at + 20 : at + 44])

    utc_flags, std_flags, leaps, times, types, letters = counts(0)
    at = 44 + times * 5 + types * 6 + letters + leaps * 8 + std_flags + utc_flags  # the second block has 64 bits
    utc_flags, std_flags, leaps, times, types, letters = counts(at)
    at += 44
    instants = struct.unpack(f">{times}q", data[at : at + 8 * times])
    at += 8 * times
    kinds = data[at : at + times]
    at += times
    known = [struct.unpack(">lbb", data[at + 6 * kind : at + 6 * kind + 6])[0] for kind in range(types)]
    at += 6 * types + letters + leaps * 12 + std_flags + utc_flags
    changes: list[tuple[int, int]] = []
    offset = known[0]
    for instant, kind in zip(instants, kinds, strict=True):
        if known[kind] != offset:
            offset = known[kind]
            changes.append((instant, offset))
    return changes, data[at:].decode().strip()


def offset_at(zone: ZoneInfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def test_no_zone_ever_changed_its_offset_twice_within_two_steps() -> None:
    """At most one change between two samples is all that sampling needs; the factor of two is for data to come."""
    gaps = [b - a for zone in ZONES for (a, _), (b, _) in pairwise(tzif(zone)[0])]
    assert len(gaps) > 10_000
    assert min(gaps) > 2 * STEP


def test_no_rule_for_the_years_behind_the_data_changes_the_offset_twice_within_two_steps() -> None:
    rules = {tzif(zone)[1]: zone for zone in ZONES}
    assert len(rules) > 50
    start, end = epoch("2088-01-01"), epoch("2090-01-01")
    for zone in map(ZoneInfo, rules.values()):
        hours = range(start, end, 6 * 3600)
        changes = [b for a, b in pairwise(hours) if offset_at(zone, a) != offset_at(zone, b)]
        assert all(b - a > 2 * STEP for a, b in pairwise(changes))


def test_every_change_in_the_data_since_1900_is_found_to_the_second() -> None:
    span = Interval(epoch("1900-01-01"), epoch("2038-01-01"))
    for zone in ZONES[::25] + ODD_ZONES:
        changes = [change for change in tzif(zone)[0] if span.start < change[0] < span.end]
        pieces = offsets(ZoneInfo(zone), span)
        found = [(piece.start, piece.offset) for piece in pieces[1:]]
        ruled = [change for change in found if change not in changes]  # by the rule behind the data
        assert set(changes) <= set(found), zone
        assert all(start > max((at for at, _ in changes), default=0) for start, _ in ruled), zone


@given(st.sampled_from(ODD_ZONES), st.integers(0, epoch("2037-01-01")), st.integers(1, 900 * 86_400))
def test_the_pieces_are_gapless_in_order_and_true(key: str, start: int, length: int) -> None:
    zone, span = ZoneInfo(key), Interval(start, start + length)
    pieces = offsets(zone, span)
    assert (pieces[0].start, pieces[-1].end) == span
    for a, b in pairwise(pieces):
        assert a.end == b.start
        assert a.offset != b.offset
    for piece in pieces:
        assert piece.start < piece.end
        for instant in (piece.start, (piece.start + piece.end) // 2, piece.end - 1):
            assert offset_at(zone, int(instant)) == piece.offset


def test_a_change_at_the_border_of_two_chunks_is_found_once() -> None:
    span = Interval(epoch("2020-01-01"), epoch("2030-01-01"))
    assert span.end - span.start > 9 * CHUNK
    assert len(offsets(ZoneInfo("America/New_York"), span)) == 21
    assert len(offsets(ZoneInfo("Asia/Tokyo"), span)) == 1


def test_a_span_may_begin_between_two_seconds() -> None:
    pieces = offsets(ZoneInfo("Asia/Tokyo"), Interval(0.25, 7.5))
    assert pieces == ((0.25, 7.5, 9 * 3600),)


@pytest.mark.parametrize("span", [Interval(5, 5), Interval(7, 5)])
def test_a_span_that_holds_nothing_has_no_pieces(span: Interval) -> None:
    assert offsets(ZoneInfo("Europe/Dublin"), span) == ()


@pytest.mark.parametrize(
    "span",
    [
        Interval(float("-inf"), 0),
        Interval(0, float("inf")),
        Interval(float("nan"), 0),
        Interval(epoch("0004-01-01") - 1, 0),
        Interval(0, epoch("9998-01-01") + 1),
    ],
)
def test_instants_that_no_calendar_can_hold_are_refused(span: Interval) -> None:
    said = f"instants must lie in the years 4 to 9997; the span is {span.start} to {span.end} epoch seconds"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        offsets(ZoneInfo("Europe/Dublin"), span)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Casablanca"])
@pytest.mark.parametrize("instant", [epoch("0004-01-01"), epoch("9998-01-01")])
def test_the_outermost_instants_still_have_an_offset(zone: str, instant: int) -> None:
    for span in (Interval(instant, instant + 1), Interval(instant - 1, instant)):
        if epoch("0004-01-01") <= span.start and span.end <= epoch("9998-01-01"):
            assert len(offsets(ZoneInfo(zone), span)) == 1


@pytest.mark.parametrize(
    ("zone", "instant", "local"),
    [
        ("America/New_York", "2026-03-08T06:59:59", (date(2026, 3, 8), 119)),
        ("America/New_York", "2026-03-08T07:00:00", (date(2026, 3, 8), 180)),
        ("America/New_York", "2026-11-01T05:30:00", (date(2026, 11, 1), 90)),
        ("America/New_York", "2026-11-01T06:30:00", (date(2026, 11, 1), 90)),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00", (date(2026, 10, 4), 150)),
        ("Asia/Kathmandu", "2026-01-01T18:14:59", (date(2026, 1, 1), 1439)),
        ("Asia/Kathmandu", "2026-01-01T18:15:00", (date(2026, 1, 2), 0)),
        ("Africa/Monrovia", "1971-06-01T00:44:29", (date(1971, 5, 31), 1439)),
        ("Africa/Monrovia", "1971-06-01T00:44:30", (date(1971, 6, 1), 0)),
    ],
)
def test_the_local_clock_reads(zone: str, instant: str, local: tuple[date, int]) -> None:
    assert local_time(ZoneInfo(zone), epoch(instant)) == local


def test_a_clock_reads_a_minute_until_its_very_end() -> None:
    almost = epoch("2026-01-01T12:01:00") - 2e-7  # the float that datetime would round up
    assert local_time(ZoneInfo("UTC"), almost) == (date(2026, 1, 1), 12 * 60)


def test_a_date_that_the_date_line_took_away_is_never_read() -> None:
    apia = ZoneInfo("Pacific/Apia")
    start = epoch("2011-12-29T00:00:00")
    read = {local_time(apia, start + hour * 3600)[0] for hour in range(72)}
    assert date(2011, 12, 29) in read
    assert date(2011, 12, 30) not in read
    assert date(2011, 12, 30) + timedelta(days=1) in read


@pytest.mark.parametrize(
    ("zone", "instant", "end", "offset"),
    [
        ("UTC", "2026-06-01T10:00", "2026-06-02T00:00", 0),
        ("UTC", "2026-06-01T00:00", "2026-06-02T00:00", 0),
        ("America/New_York", "2026-06-02T03:59:59", "2026-06-02T04:00", -4 * 3600),
        ("America/New_York", "2026-11-01T05:30", "2026-11-01T06:00", -4 * 3600),
        ("America/New_York", "2026-11-01T06:00", "2026-11-02T05:00", -5 * 3600),
        ("Asia/Kathmandu", "2026-06-01T18:14", "2026-06-01T18:15", 20_700),
    ],
)
def test_a_date_is_steady_until_its_midnight_or_a_change_of_the_clock(
    zone: str, instant: str, end: str, offset: int
) -> None:
    second = epoch(instant)
    assert steady_date(ZoneInfo(zone), second + 0.75) == Piece(second, epoch(end), offset)


@given(st.sampled_from(ODD_ZONES), st.integers(0, 2_000_000_000))
def test_the_local_date_stays_while_it_is_steady(zone: str, instant: int) -> None:
    start, end, offset = steady_date(ZoneInfo(zone), instant)
    assert start == instant < end <= instant + DAY
    assert local_time(ZoneInfo(zone), end - 0.001)[0] == local_time(ZoneInfo(zone), instant)[0]
    assert (instant + offset) // DAY == (end - 1 + offset) // DAY
