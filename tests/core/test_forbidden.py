"""How long a job dialed when it must not."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.forbidden import forbidden_seconds
from controller.core.interval import Interval
from tests.core.build import HOUR, at, calendar, hours, incident

MONDAY = at("2026-11-23T00:00")
FLOOR = hours(calendar(), close_early=600)
"""Open from 9 to 17 UTC; what counts is the true close, not the early one."""


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        (10, 11, 0),
        (16, 18, HOUR),
        (16.9, 17, 0),
        (8, 10, HOUR),
        (18, 20, 2 * HOUR),
        (8, 18, 2 * HOUR),
        (16, 24 + 10, 16 * HOUR),
        (12, 12, 0),
    ],
)
def test_what_lies_outside_of_the_hours_is_forbidden(start: float, end: float, seconds: float) -> None:
    span = Interval(MONDAY + start * HOUR, MONDAY + end * HOUR)
    assert forbidden_seconds([FLOOR], [], span) == pytest.approx(seconds)


def test_what_an_incident_covers_is_forbidden_and_counted_once() -> None:
    open_end = incident(MONDAY + 16 * HOUR, math.inf)
    short = incident(MONDAY + 10 * HOUR, MONDAY + 11 * HOUR)
    overlapping = incident(MONDAY + 10.5 * HOUR, MONDAY + 11.5 * HOUR)
    span = Interval(MONDAY + 9 * HOUR, MONDAY + 18 * HOUR)
    assert forbidden_seconds([FLOOR], [open_end, short, overlapping], span) == 3.5 * HOUR


def test_a_job_of_no_campaign_is_forbidden_only_what_covers_it() -> None:
    span = Interval(MONDAY, MONDAY + HOUR)
    assert forbidden_seconds([], [], span) == 0
    assert forbidden_seconds([], [incident(MONDAY + 1800)], span) == 1800


def test_every_campaign_must_allow() -> None:
    late = hours(calendar("coast", zone="America/Los_Angeles"))
    span = Interval(MONDAY + 9 * HOUR, MONDAY + 18 * HOUR)
    assert forbidden_seconds([FLOOR, late], [], span) == 9 * HOUR


def test_one_campaign_that_allows_all_of_it_is_not_enough() -> None:
    late = hours(calendar("coast", zone="America/Los_Angeles"))
    span = Interval(MONDAY + 10 * HOUR, MONDAY + 11 * HOUR)
    assert forbidden_seconds([FLOOR, late], [], span) == HOUR
    assert forbidden_seconds([late, FLOOR], [], span) == HOUR


def test_one_stop_beside_others_that_are_over_or_to_come_is_enough() -> None:
    stops = [
        incident(MONDAY, MONDAY + HOUR),
        incident(MONDAY + 10 * HOUR, MONDAY + 10.5 * HOUR),
        incident(MONDAY + 20 * HOUR),
    ]
    span = Interval(MONDAY + 10 * HOUR, MONDAY + 11 * HOUR)
    assert forbidden_seconds([FLOOR], stops, span) == HOUR / 2


@given(st.lists(st.integers(0, 3 * 24 * 3600), min_size=2, max_size=12))
def test_measured_in_parts_or_at_once_it_is_the_same(offsets: list[int]) -> None:
    cuts = sorted(MONDAY + offset for offset in offsets)
    parts = sum(forbidden_seconds([FLOOR], [], Interval(a, b)) for a, b in pairwise(cuts))
    assert parts == forbidden_seconds([FLOOR], [], Interval(cuts[0], cuts[-1]))
