"""Hypothesis strategies of calendars, incidents, holds and situations, around weeks in which clocks are changed."""

import math
from datetime import date, timedelta

from hypothesis import strategies as st

from controller.core.calendar import Calendar, Window
from controller.core.campaign import OnDrift
from controller.core.situation import Situation
from tests.core.build import DAY, HOUR, MINUTE, at, calendar, drift, hold, hours, incident

ZONES = ("UTC", "America/New_York", "America/Santiago", "Asia/Beirut", "Africa/Cairo", "Asia/Kolkata")
BASE = at("2026-03-27T00:00")  # within days of it Beirut changes its clock; Santiago, Cairo and New York within weeks
HALF_HOURS = 48


@st.composite
def window_sets(draw: st.DrawFn) -> tuple[Window, ...]:
    pairs = draw(st.lists(st.tuples(st.integers(0, 47), st.integers(1, 40)), max_size=2))
    return tuple(Window(start * 30, (start + length) * 30) for start, length in pairs)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = st.integers(0, 12).map(lambda number: date(2026, 3, 24) + timedelta(days=number))
    return calendar(
        draw(st.sampled_from(("a", "b"))),
        draw(st.sampled_from(ZONES)),
        tuple(draw(st.lists(window_sets(), min_size=7, max_size=7))),
        holidays=dict.fromkeys(draw(st.lists(days, max_size=2)), ("Feast",)),
        years=draw(st.sampled_from((range(2025, 2029), range(2026, 2027)))),
        dates=draw(st.dictionaries(days, window_sets(), max_size=2)),
    )


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, float]:
    start = BASE + draw(st.integers(-4 * 24, 8 * 24)) * HOUR
    length = draw(st.integers(0, 80) | st.just(math.inf))
    return start, start + length * HOUR


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    campaigns = draw(st.lists(st.lists(calendars(), min_size=1, max_size=2), max_size=2))
    return Situation(
        tuple(
            hours(
                *each,
                close_early=draw(st.sampled_from((0, 60, 90, HOUR))),
                on_drift=draw(st.sampled_from((OnDrift.REPORT, OnDrift.PAUSE))),
            )
            for each in campaigns
        ),
        incidents=tuple(incident(*span) for span in draw(st.lists(spans(), max_size=2))),
        holds=tuple(hold(*span) for span in draw(st.lists(spans(), max_size=2))),
        drift=draw(st.sampled_from(((), (), (drift(),)))),
    )


instants = st.integers(-2 * DAY, 8 * DAY).map(lambda offset: BASE + offset) | st.integers(0, 6 * HALF_HOURS).map(
    lambda number: BASE + number * 30 * MINUTE
)
