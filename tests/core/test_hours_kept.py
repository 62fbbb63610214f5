"""The hours of a campaign keep their answers until the next transition: never longer, and for no other answer."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core import hours as compiled
from controller.core.calendar import Calendar
from controller.core.hours import BLOCK, CampaignHours
from controller.core.interval import Timeline
from tests.core.build import ALWAYS, DAY, MINUTE, NINE_TO_FIVE, at, calendar, hours
from tests.core.chance import BASE, HALF_HOURS, calendars

NEW_YORK = calendar("east", "America/New_York", NINE_TO_FIVE)


def kept(*of: Calendar, close_early: int = 60) -> CampaignHours:
    return hours(*of, close_early=close_early)


NEAR_EDGES = st.sampled_from((-1.0, -0.001, 0.0, 0.001, 1.0, 30.0, 3600.0))


@st.composite
def moments(draw: st.DrawFn) -> list[float]:
    """Instants around those at which something may change, in whatever order: clocks also go backwards."""
    edges = [BASE + number * 30 * MINUTE for number in range(-4 * HALF_HOURS, 4 * HALF_HOURS)]
    edges += [math.floor(BASE / BLOCK) * BLOCK, math.ceil(BASE / BLOCK) * BLOCK]
    around = st.tuples(st.sampled_from(edges), st.sampled_from((0, 60, 90, 3600)), NEAR_EDGES)
    return draw(st.lists(around.map(lambda each: each[0] - each[1] + each[2]), min_size=2, max_size=12))


@settings(max_examples=100)
@given(st.lists(calendars(), min_size=1, max_size=2), st.sampled_from((0, 60, 90, 3600)), moments())
def test_what_is_kept_changes_no_answer(of: list[Calendar], close_early: int, instants: list[float]) -> None:
    asked = kept(*of, close_early=close_early)
    for now in instants:
        fresh = kept(*of, close_early=close_early)
        assert asked.is_dialing(now) is fresh.dialing(now).is_open(now)
        assert asked.next_change(now) == fresh.dialing(now).next_change(now)
        assert asked.closed_by(now) == fresh.closed_by(now)


@settings(max_examples=40)
@given(
    st.lists(calendars(), min_size=1, max_size=2), moments(), st.lists(st.floats(0, 1, exclude_max=True), min_size=4)
)
def test_nothing_changes_before_the_instant_until_which_it_is_steady(
    of: list[Calendar], instants: list[float], places: list[float]
) -> None:
    for now in instants:
        steady = kept(*of)
        until = steady.steady_until(now)
        assert now < until <= now + DAY
        for place in (*places, 0.9999999):
            later, fresh = min(now + place * (until - now), math.nextafter(until, 0)), kept(*of)
            assert fresh.dialing(later).is_open(later) is steady.is_dialing(now)
            assert fresh.dialing(later).next_change(later) == steady.next_change(now)
            assert fresh.closed_by(later) == steady.closed_by(now)


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[float]:
    """When something was asked of the calendars themselves."""
    asked: list[float] = []
    whole = getattr(compiled, name)

    def counting(first: Any, now: float) -> Any:
        asked.append(now)
        return whole(first, now)

    monkeypatch.setattr(compiled, name, counting)
    return asked


def test_the_calendars_are_asked_once_until_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch, "_asked")
    east = kept(NEW_YORK)
    opening, close = at("2026-06-01T09:00-04:00"), at("2026-06-01T17:00-04:00")
    midnight = at("2026-06-02T00:00-04:00")
    for now in (opening - 1, opening, opening + 1, close - 0.5, close, midnight - 1, midnight, midnight + 1, opening):
        east.closed_by(now)
    assert asked == [opening - 1, opening, close, midnight, opening]


def test_the_timeline_is_looked_at_once_between_two_transitions(monkeypatch: pytest.MonkeyPatch) -> None:
    east = kept(NEW_YORK)
    opening, close = at("2026-06-01T09:00-04:00"), at("2026-06-01T16:59-04:00")
    looked: list[float] = []
    whole = CampaignHours.dialing

    def counting(self: CampaignHours, now: float) -> Timeline:
        looked.append(now)
        return whole(self, now)

    monkeypatch.setattr(CampaignHours, "dialing", counting)
    for now in (opening, opening + 1, close - 0.5, opening, close, close + 1, opening - 1):
        assert east.is_dialing(now) is (opening <= now < close)
        assert east.next_change(now) == (opening if now < opening else close if now < close else opening + DAY)
    assert looked == [opening, close, opening - 1]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-06-01T08:00-04:00", "2026-06-01T09:00-04:00"),
        ("2026-06-01T09:00-04:00", "2026-06-01T16:59-04:00"),
        ("2026-06-01T16:59-04:00", "2026-06-01T17:00-04:00"),
        ("2026-06-01T17:00-04:00", "2026-06-02T00:00-04:00"),
        ("2026-11-01T00:30-04:00", "2026-11-01T06:00+00:00"),
    ],
)
def test_hours_are_steady_until_the_next_edge_or_midnight_or_change_of_the_clock(now: str, until: str) -> None:
    assert kept(NEW_YORK).steady_until(at(now)) == at(until)


def test_hours_are_not_steady_past_the_block_that_they_are_compiled_for() -> None:
    edge = 735 * BLOCK
    always = kept(calendar("always", "Asia/Kolkata", ALWAYS))
    assert always.steady_until(edge - 60) == edge
