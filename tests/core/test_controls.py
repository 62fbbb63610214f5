"""Incidents and holds beside the rules, as decisions meet them."""

import math

import pytest

from controller.core.campaign import Hold, Incident, Selector
from controller.core.controls import Controls, OpenedIncident, PlacedHold
from controller.core.decide import decide
from controller.core.decision import Action, Desired, Reason
from controller.core.interval import Instant
from controller.core.job import JobKey, Status
from controller.core.situation import Situation
from tests.core.build import KEY, at, hours, job

NOON = at("2026-11-23T12:00")
OTHER = JobKey("main", "job-2")


def incident(since: Instant = NOON, until: Instant = math.inf, **more: object) -> Incident:
    return Incident("storm", "wires are down", since, until, author="ann", **more)  # type: ignore[arg-type]


def hold(key: JobKey = KEY, since: Instant = NOON, until: Instant = math.inf) -> Hold:
    return Hold(key, "ben", "a complaint", since, until)


def controls(incidents: tuple[Incident, ...] = (), holds: tuple[Hold, ...] = ()) -> Controls:
    opened = [OpenedIncident(str(n), each) for n, each in enumerate(incidents)]
    return Controls.of(opened, [PlacedHold(str(n), each, "a job") for n, each in enumerate(holds)])


def test_a_hold_speaks_of_its_job_alone_and_a_job_may_bear_several() -> None:
    first, second, other = hold(), hold(until=NOON + 60), hold(OTHER)
    found = controls(holds=(first, other, second))
    assert found.holds_on(KEY) == (first, second)
    assert found.holds_on(OTHER) == (other,)
    assert found.holds_on(JobKey("elsewhere", "job-1")) == ()


@pytest.mark.parametrize(
    ("match", "everything", "campaigns", "covered"),
    [
        (None, False, ("renewals",), True),
        (None, False, (), False),
        (None, True, (), True),
        (Selector(names=("US *",)), False, (), True),
        (Selector(campaigns=("renewals",)), False, ("renewals",), True),
        (Selector(campaigns=("renewals",)), False, ("others",), False),
    ],
)
def test_an_incident_covers_what_it_says(
    match: Selector | None, everything: bool, campaigns: tuple[str, ...], covered: bool
) -> None:
    found = controls((incident(match=match, everything=everything),))
    assert bool(found.incidents_of(job(), campaigns)) is covered


def test_what_was_opened_acts_at_once_where_the_clock_was_set_back_since() -> None:
    opened = controls((incident(),), (hold(),))
    earlier = NOON - 3600
    begun = opened.begun_by(earlier)
    assert [each.since for each in (*begun.incidents, *begun.holds_on(KEY))] == [earlier, earlier]
    assert opened.begun_by(NOON) is opened
    assert controls().begun_by(earlier).incidents == ()


def test_what_had_begun_before_the_clock_was_set_back_keeps_its_begin() -> None:
    earlier = NOON - 3600
    old, new = incident(NOON - 7200), incident()
    begun = controls((old, new), (hold(since=NOON - 5000),)).begun_by(earlier)
    assert [each.since for each in (*begun.incidents, *begun.holds_on(KEY))] == [NOON - 7200, earlier, NOON - 5000]


def test_the_next_end_is_the_first_that_is_yet_to_come() -> None:
    found = controls((incident(until=NOON + 300), incident()), (hold(until=NOON + 100), hold(until=NOON + 200)))
    assert found.next_end(NOON) == NOON + 100
    assert found.next_end(NOON + 100) == NOON + 200
    assert found.next_end(NOON + 299) == NOON + 300
    assert found.next_end(NOON + 300) is None


def test_who_opened_an_incident_is_told_with_the_reason() -> None:
    decision = decide(job(status=Status.ACTIVE), Situation((hours(),), (incident(),)), NOON)
    assert (decision.desired, decision.action, decision.reason) == (Desired.PAUSE, Action.PAUSE, Reason.INCIDENT)
    assert decision.detail == "storm: wires are down (opened by ann)"


def test_a_held_job_is_paused_though_no_campaign_matches_it_until_the_hold_ends() -> None:
    decision = decide(job(status=Status.ACTIVE), Situation((), holds=(hold(until=NOON + 60),)), NOON)
    assert (decision.action, decision.reason, decision.until) == (Action.PAUSE, Reason.HOLD, NOON + 60)
    assert decision.detail == "ben: a complaint"
