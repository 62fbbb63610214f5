"""Drift against both local clocks, asked quarter hour by quarter hour (all their boundaries lie on quarters)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.calendar import Calendar, Window
from controller.core.drift import find_drift
from controller.core.finding import Finding, FindingKind
from tests.core import brute_force
from tests.core.build import (
    ALWAYS,
    DAY,
    HOUR,
    KEY,
    NEVER,
    NINE_TO_FIVE,
    WEEK,
    at,
    calendar,
    campaign,
    every_day,
    provider,
)

QUARTER = 900
ZONES = ("UTC", "America/New_York", "America/Los_Angeles", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe")


@st.composite
def days(draw: st.DrawFn) -> tuple[Window, ...]:
    pairs = draw(st.lists(st.tuples(st.integers(0, 95), st.integers(1, 40)), max_size=2))
    return tuple(Window(start * 15, min((start + length) * 15, 1440)) for start, length in pairs)


@st.composite
def weeks(draw: st.DrawFn) -> tuple[tuple[Window, ...], ...]:
    mostly = draw(st.sampled_from((NINE_TO_FIVE, ALWAYS, NEVER, every_day("09:00-17:00"))))
    changed = draw(st.dictionaries(st.integers(0, 6), days(), max_size=2))
    return tuple(changed.get(number, mostly[number]) for number in range(7))


@st.composite
def provider_weeks(draw: st.DrawFn) -> tuple[str, Calendar]:
    """A provider schedule as JSON text, and the same as a calendar."""
    zone, hours = draw(st.sampled_from(ZONES)), draw(weeks())
    slots = {
        (number + 1) % 7: [(_text(window.start), _text(window.end)) for window in day]
        for number, day in enumerate(hours)
        if day
    }
    return provider(slots, zone), calendar("provider", zone, hours)


def _text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def shifts(zone: ZoneInfo, start: int, end: int) -> bool:
    return (
        len({datetime.fromtimestamp(each, UTC).astimezone(zone).utcoffset() for each in range(start, end, 6 * HOUR)})
        > 1
    )


@settings(max_examples=40)
@given(
    provider_weeks(),
    st.lists(st.builds(calendar, st.just("rules"), st.sampled_from(ZONES), weeks()), min_size=1, max_size=2),
    st.integers(0, 60 * 96).map(lambda number: at("2026-02-20T00:00") + number * QUARTER),
)
def test_drift_is_what_both_local_clocks_say(
    given_week: tuple[str, Calendar], calendars: list[Calendar], now: int
) -> None:
    text, there = given_week
    span = range(now - now % DAY - 8 * DAY, now + 36 * DAY, QUARTER)
    given_at = {each for each in span if brute_force.is_open(there, each)}
    allowed_at = {each for each in span if all(brute_force.is_open(here, each) for here in calendars)}
    coming = range(now, now + 28 * DAY, QUARTER)

    campaigns = tuple(campaign(each, name=str(number)) for number, each in enumerate(calendars))
    findings = {finding.kind: finding for finding in find_drift(KEY, text, campaigns, now)}

    forbidden, lost, common = (
        any(each in quarters for each in coming)
        for quarters in (given_at - allowed_at, allowed_at - given_at, given_at & allowed_at)
    )
    expected = {FindingKind.SCHEDULE_WIDER} if forbidden else set()
    if lost:
        expected.add(FindingKind.SCHEDULE_NARROWER if common else FindingKind.SCHEDULE_DISJOINT)
    assert set(findings) == expected
    zones = [each.zone for each in (there, *calendars)]
    for kind, key, quarters in (
        (FindingKind.SCHEDULE_WIDER, "forbidden", given_at - allowed_at),
        (FindingKind.SCHEDULE_NARROWER, "lost", allowed_at - given_at),
    ):
        if kind in findings:
            _agrees(findings[kind], key, quarters, now, zones)


def _agrees(finding: Finding, key: str, quarters: set[int], now: int, zones: list[ZoneInfo]) -> None:
    listed = [(at(each["from"]), at(each["until"])) for each in finding.facts[key]]
    told = [each for start, end in listed for each in range(start, end, QUARTER)]
    assert quarters.issuperset(told)
    assert finding.facts["minutes_a_week"] == len(told) * 15
    assert len(told) * QUARTER <= WEEK + HOUR
    first, end = listed[0]
    soonest = min(each for each in quarters if each >= now)
    assert first <= soonest
    assert soonest < end
    if not any(shifts(zone, first, first + WEEK + DAY) for zone in zones):
        assert told == sorted(each for each in quarters if first <= each < first + WEEK)
