from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.campaign import OnDrift
from controller.core.decide import judge
from controller.core.decision import Desired
from controller.core.hours import CampaignHours
from controller.core.interval import Timeline
from controller.core.situation import Situation
from tests.core import brute_force
from tests.core.build import (
    ALWAYS,
    DAY,
    HOUR,
    NEVER,
    at,
    calendar,
    drift,
    every_day,
    hold,
    hours,
    incident,
    situation,
    windows,
)
from tests.core.chance import instants, situations

HORIZON = 400 * 86_400
NOON = at("2026-11-23T12:00")
OPEN, SHUT = calendar("open", hours=ALWAYS), calendar("shut", hours=NEVER)

UNTIL: list[tuple[str, Situation, float | None]] = [
    ("the close, less close_early", situation(hours(close_early=60)), at("2026-11-23T16:59")),
    ("the opening", situation(hours(calendar(hours=every_day("13:00-14:00")))), at("2026-11-23T13:00")),
    (
        "the begin of an incident, less the greatest close_early",
        situation(
            hours(OPEN, close_early=60), hours(OPEN, close_early=600), incidents=(incident(NOON + HOUR, NOON + DAY),)
        ),
        NOON + HOUR - 600,
    ),
    ("the begin of a hold", situation(hours(OPEN, close_early=60), holds=(hold(NOON + HOUR),)), NOON + HOUR),
    (
        "the opening that follows the end of an incident in the night",
        situation(hours(), incidents=(incident(NOON - HOUR, at("2026-11-24T02:00")),)),
        at("2026-11-24T09:00"),
    ),
    (
        "the last end of what overlaps",
        situation(
            hours(OPEN),
            incidents=(incident(NOON - HOUR, NOON + HOUR), incident(NOON + HOUR, NOON + 2 * HOUR)),
            holds=(hold(NOON, NOON + 3 * HOUR),),
        ),
        NOON + 3 * HOUR,
    ),
    ("never: always open", situation(hours(OPEN)), None),
    ("never: never open", situation(hours(SHUT)), None),
    ("never: an incident without an end", situation(hours(), incidents=(incident(NOON - HOUR),)), None),
    ("never: no campaign", Situation(()), None),
    ("at 400 days", situation(hours(OPEN), incidents=(incident(NOON + HORIZON),)), NOON + HORIZON),
    ("past 400 days", situation(hours(OPEN), incidents=(incident(NOON + HORIZON + 1),)), None),
    (
        "past 400 days, behind a nearer boundary that changes nothing",
        situation(hours(), incidents=(incident(NOON - HOUR, NOON + HORIZON + 9 * DAY),)),
        None,
    ),
    ("drift is over when somebody repairs it", situation(hours(on_drift=OnDrift.PAUSE), drift=(drift(),)), None),
    (
        "an incident whose end does not end the drift",
        situation(
            hours(OPEN, on_drift=OnDrift.PAUSE), drift=(drift(),), incidents=(incident(NOON - HOUR, NOON + HOUR),)
        ),
        None,
    ),
    (
        "an unmatched job is left again",
        Situation((), incidents=(incident(NOON - HOUR, NOON + HOUR, everything=True),)),
        NOON + HOUR,
    ),
    ("a window that close_early takes whole", situation(hours(close_early=8 * HOUR)), None),
]


@pytest.mark.parametrize(("where", "until"), [row[1:] for row in UNTIL], ids=[row[0] for row in UNTIL])
def test_until_is_when_the_desired_state_next_changes(where: Situation, until: float | None) -> None:
    assert judge(where, NOON).until == until


def test_a_holiday_of_one_date_closes_only_the_local_date() -> None:
    feast = calendar(zone="America/Santiago", hours=ALWAYS, holidays={date(2026, 9, 6): ("Feast",)})
    # Santiago's clock goes from 2026-09-05 24:00 to 01:00: the date has 23 hours, and no midnight
    begin = at("2026-09-06T04:00")
    assert judge(situation(hours(feast)), begin - 1).until == begin
    assert judge(situation(hours(feast)), begin).until == at("2026-09-07T03:00")


def test_a_dates_entry_that_opens_a_closed_week_is_found() -> None:
    once = calendar(hours=NEVER, dates={date(2027, 11, 1): windows("10:00-11:00")})
    assert judge(situation(hours(once)), NOON).until == at("2027-11-01T10:00")


def minutes(now: int, until: int) -> Iterator[int]:
    """`now`, and each instant up to `until` at which a clock's minute begins."""
    yield now
    yield from range(now - now % 60 + 60, until + 1, 60)


def plainly_desired(where: Situation, now: int) -> Desired:
    """What the design says, asked of the local clocks themselves."""
    lead = max((each.campaign.close_early for each in where.campaigns), default=0)
    covered = any(one.since - lead <= now < one.until for one in where.incidents)
    held = any(one.since <= now < one.until for one in where.holds)
    if covered or held:
        return Desired.PAUSE
    if not where.campaigns:
        return Desired.LEAVE
    may_dial = all(
        brute_force.is_open(each_calendar, instant)
        for each in where.campaigns
        for instant in minutes(now, now + each.campaign.close_early)
        for each_calendar in each.campaign.calendars
    )
    drifts = bool(where.drift) and any(each.campaign.on_drift is OnDrift.PAUSE for each in where.campaigns)
    return Desired.DIAL if may_dial and not drifts else Desired.PAUSE


@settings(max_examples=150)
@given(situations(), instants)
def test_desired_is_what_the_local_clocks_say(where: Situation, now: int) -> None:
    assert judge(where, now).desired is plainly_desired(where, now)


@settings(max_examples=150)
@given(situations(), instants, st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8))
def test_desired_stays_until_until_and_differs_then(where: Situation, now: int, places: list[float]) -> None:
    first = judge(where, now)
    end = now + HORIZON if first.until is None else first.until
    assert now < end <= now + HORIZON
    near = [now + place * min(end - now, 3 * DAY) for place in places[:4]]
    for instant in [*near, *(now + place * (end - now) for place in places[4:]), end - 1]:
        assert judge(where, max(now, min(instant, end - 0.001))).desired is first.desired
    if first.until is not None:
        assert judge(where, first.until).desired is not first.desired


STOPS: list[tuple[str, dict[str, Any]]] = [
    ("an incident without an end", {"incidents": (incident(NOON),)}),
    ("an incident of months", {"incidents": (incident(NOON, NOON + 300 * DAY),)}),
    ("an incident that close_early anticipates", {"incidents": (incident(NOON + 30, NOON + 300 * DAY),)}),
    ("a hold without an end", {"holds": (hold(NOON),)}),
    ("a hold that goes on where an incident ends", {"incidents": (incident(NOON, NOON + 1),), "holds": (hold(NOON),)}),
    ("drift that pauses", {"drift": (drift(),)}),
]


@pytest.mark.parametrize("stop", [row[1] for row in STOPS], ids=[row[0] for row in STOPS])
def test_the_hours_within_a_long_stop_are_not_walked_through(
    stop: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    whole = CampaignHours.dialing

    def counted(self: CampaignHours, now: float) -> Timeline:
        nonlocal asked
        asked += 1
        return whole(self, now)

    monkeypatch.setattr(CampaignHours, "dialing", counted)
    twice_a_day = calendar(hours=every_day("09:00-12:30", "13:00-17:00"))
    judgement = judge(situation(hours(twice_a_day, close_early=60, on_drift=OnDrift.PAUSE), **stop), NOON)
    assert judgement.desired is Desired.PAUSE
    assert asked < 10
