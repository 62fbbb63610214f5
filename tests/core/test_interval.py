import dataclasses
import math
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.interval import (
    Interval,
    Intervals,
    Timeline,
    clipped,
    difference,
    intersection,
    merged,
    shortened,
    total_seconds,
)

LAST = 60
SPAN = Interval(10, 50)

raw_intervals = st.lists(st.builds(Interval, st.integers(0, LAST), st.integers(0, LAST)), max_size=12)
interval_sets = raw_intervals.map(merged)
spans = st.builds(Interval, st.integers(0, LAST), st.integers(0, LAST))


def minutes(intervals: Iterable[Interval]) -> set[int]:
    return {minute for start, end in intervals for minute in range(int(start), int(end))}


def assert_normal(intervals: Intervals) -> None:
    assert all(isinstance(interval, Interval) for interval in intervals)
    assert all(start < end for start, end in intervals)
    assert all(a.end < b.start for a, b in pairwise(intervals))


@given(raw_intervals)
def test_merging_keeps_the_minutes_and_leaves_nothing_that_touches(intervals: list[Interval]) -> None:
    found = merged(intervals)
    assert_normal(found)
    assert minutes(found) == minutes(intervals)
    assert merged(found) == found


@given(st.lists(interval_sets, min_size=1, max_size=4))
def test_an_intersection_holds_what_every_set_holds(sets: list[Intervals]) -> None:
    found = intersection(*sets)
    assert_normal(found)
    assert minutes(found) == set.intersection(*map(minutes, sets))


def test_an_intersection_of_nothing_is_refused_instead_of_meaning_always() -> None:
    with pytest.raises(ValueError, match=r"^an intersection needs at least one set of intervals$"):
        intersection()


@given(interval_sets, interval_sets)
def test_a_difference_holds_what_the_second_set_does_not(a: Intervals, b: Intervals) -> None:
    found = difference(a, b)
    assert_normal(found)
    assert minutes(found) == minutes(a) - minutes(b)


@given(interval_sets, interval_sets)
def test_intersection_and_difference_make_up_the_whole(a: Intervals, b: Intervals) -> None:
    assert merged(intersection(a, b) + difference(a, b)) == a


@given(interval_sets, spans)
def test_clipping_keeps_what_lies_in_the_span(intervals: Intervals, span: Interval) -> None:
    found = clipped(intervals, span)
    assert_normal(found)
    assert minutes(found) == minutes(intervals) & minutes([span])


def test_clipping_works_for_ends_that_are_open_for_ever() -> None:
    always = (Interval(-math.inf, math.inf),)
    assert clipped(always, Interval(3, 5)) == (Interval(3, 5),)
    assert difference(always, (Interval(3, 5),)) == (Interval(-math.inf, 3), Interval(5, math.inf))
    assert clipped((Interval(3, 5),), always[0]) == (Interval(3, 5),)


def test_a_span_of_no_length_holds_nothing_and_what_ends_at_its_begin_is_not_kept() -> None:
    assert clipped((Interval(0, 20),), Interval(10, 10)) == ()
    assert clipped((Interval(0, 10), Interval(12, 20)), Interval(10, 15)) == (Interval(12, 15),)
    assert clipped((Interval(0, 10),), Interval(10, 15)) == ()
    assert clipped((Interval(15, 20),), Interval(10, 15)) == ()


@given(interval_sets, st.integers(0, LAST))
def test_shortening_takes_the_seconds_off_each_end(intervals: Intervals, seconds: int) -> None:
    found = shortened(intervals, seconds)
    assert_normal(found)
    expected = {
        minute for start, end in intervals for minute in range(int(start), int(end)) if minute + seconds < int(end)
    }
    assert minutes(found) == expected


def test_an_interval_no_longer_than_what_is_taken_off_vanishes() -> None:
    assert shortened((Interval(0, 60), Interval(100, 161)), 60) == (Interval(100, 101),)


@pytest.mark.parametrize("seconds", [-1, math.nan])
def test_intervals_are_never_lengthened_by_shortening(seconds: float) -> None:
    with pytest.raises(ValueError, match=rf"^intervals can be shortened by 0 seconds or more, not by {seconds}$"):
        shortened((Interval(0, 60),), seconds)


@given(interval_sets)
def test_the_total_counts_every_second_once(intervals: Intervals) -> None:
    assert total_seconds(intervals) == len(minutes(intervals))


@given(interval_sets, spans)
def test_a_timeline_is_open_exactly_where_an_interval_lies_in_its_span(intervals: Intervals, span: Interval) -> None:
    timeline = Timeline(intervals, span)
    held = minutes(intervals) & minutes([span])
    assert timeline.intervals == clipped(intervals, span)
    for minute in range(-1, LAST + 2):
        assert timeline.is_open(minute) == (minute in held)
        assert timeline.is_open(minute + 0.5) == (minute in held)


@given(interval_sets, spans)
def test_the_next_change_is_where_being_open_next_differs(intervals: Intervals, span: Interval) -> None:
    timeline = Timeline(intervals, span)
    inside = range(int(span.start), int(span.end))
    changes = [at for at in inside[1:] if timeline.is_open(at) != timeline.is_open(at - 1)]
    for minute in range(-1, LAST + 2):
        expected = next((change for change in changes if change > minute), None)
        assert timeline.next_change(minute) == expected
        assert timeline.next_change(minute - 0.5) == next((change for change in changes if change > minute - 0.5), None)


@given(interval_sets, spans)
def test_the_open_interval_is_the_one_that_holds_the_instant(intervals: Intervals, span: Interval) -> None:
    timeline = Timeline(intervals, span)
    for minute in range(-1, LAST + 2):
        holding = [interval for interval in timeline.intervals if interval.start <= minute < interval.end]
        assert timeline.open_interval_at(minute) == (holding[0] if holding else None)


@given(interval_sets, spans.filter(lambda span: span.start < span.end))
def test_the_steady_interval_is_the_longest_in_which_both_answers_stay(intervals: Intervals, span: Interval) -> None:
    timeline = Timeline(intervals, span)
    edges = [
        span.start,
        *(edge for each in timeline.intervals for edge in each if span.start < edge < span.end),
        span.end,
    ]
    for minute in range(int(span.start), int(span.end)):
        start = max(edge for edge in edges if edge <= minute)
        wanted = Interval(start, min(edge for edge in edges if edge > minute))
        assert timeline.steady_at(minute) == timeline.steady_at(minute + 0.5) == wanted


def test_the_ends_of_the_span_are_no_changes() -> None:
    timeline = Timeline((Interval(0, 20), Interval(30, 60)), SPAN)
    assert [timeline.next_change(at) for at in (0, 10, 19.5, 20, 30, 50)] == [20, 20, 20, 30, None, None]


def test_a_timeline_is_not_open_outside_of_its_span() -> None:
    timeline = Timeline((Interval(0, 60),), SPAN)
    assert [timeline.is_open(at) for at in (9, 10, 49, 50)] == [False, True, True, False]
    assert timeline.open_interval_at(5) is None
    assert timeline.open_interval_at(10) == SPAN


def test_a_timeline_cannot_be_changed() -> None:
    timeline = Timeline((), SPAN)
    with pytest.raises(dataclasses.FrozenInstanceError):
        timeline.span = Interval(0, 1)  # type: ignore[misc]
    assert not hasattr(timeline, "__dict__")


def test_timelines_of_the_same_intervals_and_span_are_equal() -> None:
    assert Timeline((Interval(0, 20),), SPAN) == Timeline((Interval(10, 20),), SPAN)
    assert Timeline((), SPAN) != Timeline((Interval(10, 20),), SPAN)
