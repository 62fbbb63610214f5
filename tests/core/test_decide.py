from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.calendar import Calendar
from controller.core.campaign import OnDrift, Resume
from controller.core.claim import ClaimState
from controller.core.decide import apply, cautious, decide, judge
from controller.core.decision import Action, Because, Decision, Desired, Reason, withheld
from controller.core.job import Job, Status
from controller.core.situation import Situation
from tests.core.build import (
    ALWAYS,
    HOUR,
    NEVER,
    at,
    calendar,
    claim,
    drift,
    hold,
    hours,
    incident,
    job,
    situation,
)

NOON = at("2026-11-23T12:00")
OPEN, SHUT = calendar("open", hours=ALWAYS), calendar("shut", hours=NEVER)
CLAIM_STATES = (None, ClaimState.INTENDED, ClaimState.HELD, ClaimState.RESUMING)

NOTHING_FINISHED = (Action.NONE, Because.FINISHED)
START = (Action.START, Because.MAY_START)
ANY = (Action.RESUME, Because.ANY_PAUSE)
OURS = (Action.RESUME, Because.OURS)
OTHERS = (Action.NONE, Because.PAUSED_BY_OTHERS)
NEVER_RESUMED = (Action.NONE, Because.RESUME_NEVER)
UNKNOWN = (Action.NONE, Because.UNKNOWN_STATUS)

# Each table lists, for a status, the answers without a claim and with one that is INTENDED, HELD and RESUMING.
TOWARDS_PAUSE = {
    Status.INIT: [(Action.NONE, Because.NOT_STARTED)] * 3 + [(Action.PAUSE, Because.RESUME_UNPROVEN)],
    Status.ACTIVE: [
        (Action.PAUSE, Because.RUNNING),
        (Action.PAUSE, Because.RUNNING),
        (Action.PAUSE, Because.OVERRIDDEN),
        (Action.PAUSE, Because.RUNNING),
    ],
    Status.PAUSED: [
        OTHERS,
        (Action.NONE, Because.ALREADY),
        (Action.NONE, Because.ALREADY),
        (Action.PAUSE, Because.RESUME_UNPROVEN),
    ],
    Status.COMPLETE: [NOTHING_FINISHED] * 4,
    Status.CANCELLED: [NOTHING_FINISHED] * 4,
    Status.UNKNOWN: [(Action.PAUSE, Because.UNKNOWN_STATUS)] * 4,
}
TOWARDS_DIAL = {
    Resume.NEVER: [NEVER_RESUMED] * 4,
    Resume.OWN: [OTHERS, OURS, OURS, OURS],
    Resume.ANY: [ANY, OURS, OURS, OURS],
}
UNMATCHED = {
    Status.INIT: (Action.NONE, Because.UNMATCHED),
    Status.ACTIVE: (Action.NONE, Because.UNMATCHED),
    Status.COMPLETE: NOTHING_FINISHED,
    Status.CANCELLED: NOTHING_FINISHED,
    Status.UNKNOWN: UNKNOWN,
}


def decided(
    status: Status, on: Calendar, state: ClaimState | None, resume: Resume = Resume.OWN, start: bool = False
) -> Decision:
    claimed = None if state is None else claim(state)
    return decide(job(status), situation(hours(on, resume=resume, start=start), claim=claimed), NOON)


@pytest.mark.parametrize("policy", list(product(Resume, (True, False))))
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("status", Status)
def test_the_action_where_a_job_must_not_dial(status: Status, number: int, policy: tuple[Resume, bool]) -> None:
    decision = decided(status, SHUT, CLAIM_STATES[number], *policy)
    assert (decision.action, decision.because) == TOWARDS_PAUSE[status][number]
    assert decision.desired is (Desired.LEAVE if status.finished else Desired.PAUSE)


@pytest.mark.parametrize("policy", list(product(Resume, (True, False))))
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("status", Status)
def test_the_action_where_a_job_may_dial(status: Status, number: int, policy: tuple[Resume, bool]) -> None:
    resume, start = policy
    wanted = {
        Status.INIT: START if start else (Action.NONE, Because.NOT_STARTED),
        Status.ACTIVE: (Action.NONE, Because.ALREADY),
        Status.PAUSED: TOWARDS_DIAL[resume][number],
        Status.COMPLETE: NOTHING_FINISHED,
        Status.CANCELLED: NOTHING_FINISHED,
        Status.UNKNOWN: UNKNOWN,
    }
    decision = decided(status, OPEN, CLAIM_STATES[number], resume, start)
    assert (decision.action, decision.because) == wanted[status]
    assert decision.desired is (Desired.LEAVE if status.finished else Desired.DIAL)


@pytest.mark.parametrize("campaigns", [(), ("gone",)])
@pytest.mark.parametrize("state", CLAIM_STATES)
@pytest.mark.parametrize("status", Status)
def test_the_action_where_no_campaign_matches(
    status: Status, state: ClaimState | None, campaigns: tuple[str, ...]
) -> None:
    claimed = None if state is None else claim(state, campaigns=campaigns)
    decision = decide(job(status), Situation((), claim=claimed), NOON)
    paused = (
        (Action.NONE, Because.UNMATCHED)
        if claimed is None
        else ((Action.NONE, Because.ORPHANED) if campaigns else OURS)
    )
    assert (decision.action, decision.because) == {**UNMATCHED, Status.PAUSED: paused}[status]
    assert decision.desired is Desired.LEAVE


def test_an_unmatched_job_that_an_incident_for_everything_paused_resumes_at_its_end() -> None:
    bare = Situation((), incidents=(incident(NOON - HOUR, NOON, everything=True),), claim=claim(campaigns=()))
    during = decide(job(Status.PAUSED), bare, NOON - 1)
    assert (during.action, during.because, during.until) == (Action.NONE, Because.ALREADY, NOON)
    after = decide(job(Status.PAUSED), bare, NOON)
    assert (after.action, after.because, after.reason) == (Action.RESUME, Because.OURS, Reason.UNMATCHED)


def test_a_persons_resume_in_closed_hours_is_paused_again_and_named() -> None:
    decision = decided(Status.ACTIVE, SHUT, ClaimState.HELD)
    assert (decision.action, decision.because, decision.reason) == (
        Action.PAUSE,
        Because.OVERRIDDEN,
        Reason.OUTSIDE_HOURS,
    )


def test_a_persons_pause_stays_in_open_hours() -> None:
    assert decided(Status.PAUSED, OPEN, None).action is Action.NONE


@pytest.mark.parametrize(("least", "action"), [(Resume.NEVER, Action.NONE), (Resume.OWN, Action.NONE)])
def test_the_least_resume_policy_of_several_campaigns_decides(least: Resume, action: Action) -> None:
    both = situation(hours(OPEN, resume=Resume.ANY), hours(OPEN, resume=least))
    assert decide(job(Status.PAUSED), both, NOON).action is action


def test_where_all_campaigns_resume_any_pause_a_persons_pause_is_undone() -> None:
    both = situation(hours(OPEN, resume=Resume.ANY), hours(OPEN, resume=Resume.ANY))
    assert decide(job(Status.PAUSED), both, NOON).because is Because.ANY_PAUSE


def test_a_hold_wins_over_resume_any() -> None:
    held = situation(hours(OPEN, resume=Resume.ANY), holds=(hold(),))
    assert decide(job(Status.PAUSED), held, NOON).action is Action.NONE


@pytest.mark.parametrize(("starts", "action"), [((True, True), Action.START), ((True, False), Action.NONE)])
def test_a_job_is_started_only_if_all_its_campaigns_say_so(starts: tuple[bool, ...], action: Action) -> None:
    both = situation(*(hours(OPEN, start=start) for start in starts))
    assert decide(job(Status.INIT), both, NOON).action is action


def test_one_judgement_serves_every_job_of_the_same_situation() -> None:
    both = situation(hours(SHUT))
    judgement = judge(both, NOON)
    for status in Status:
        assert apply(job(status), both, judgement) == decide(job(status), both, NOON)


def test_the_decision_carries_the_job_and_the_judgement() -> None:
    observed = job(Status.ACTIVE)
    both = situation(hours())
    assert decide(observed, both, NOON) == Decision(
        observed, Desired.DIAL, Action.NONE, Because.ALREADY, Reason.OPEN, "", at("2026-11-23T17:00")
    )


# ── what must never happen, over all combinations ──

jobs = st.sampled_from(Status).map(job)
claims_or_none = st.none() | st.builds(
    claim,
    st.sampled_from((ClaimState.INTENDED, ClaimState.HELD, ClaimState.RESUMING)),
    campaigns=st.sampled_from(((), ("a",))),
)
drifts = st.sampled_from(((), (drift(),)))


@st.composite
def any_situation(draw: st.DrawFn) -> Situation:
    """Every combination of policies, with campaigns that are open or closed."""
    policies: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {"resume": st.sampled_from(Resume), "start": st.booleans(), "on_drift": st.sampled_from(OnDrift)}
    )
    campaigns = [
        hours(draw(st.sampled_from((OPEN, OPEN, SHUT))), **policy) for policy in draw(st.lists(policies, max_size=3))
    ]
    incidents = draw(st.sampled_from(((), (), (incident(),))))
    holds = draw(st.sampled_from(((), (), (hold(),))))
    return Situation(tuple(campaigns), incidents, holds, draw(claims_or_none), draw(drifts))


@settings(max_examples=400)
@given(jobs, any_situation())
def test_no_combination_breaks_a_promise(observed: Job, where: Situation) -> None:
    decision = decide(observed, where, NOON)
    campaigns = [each.campaign for each in where.campaigns]
    if observed.status.finished:
        assert decision.action is Action.NONE
    if decision.action in (Action.RESUME, Action.START):
        assert not where.incidents
        assert not where.holds
        assert not any(SHUT in each.calendars for each in campaigns)
        assert decision.desired is (Desired.DIAL if campaigns else Desired.LEAVE)
    if decision.action is Action.RESUME:
        assert observed.status is Status.PAUSED
        assert where.claim is not None or (campaigns and all(each.resume is Resume.ANY for each in campaigns))
        assert not any(each.resume is Resume.NEVER for each in campaigns)
    if decision.action is Action.START:
        assert observed.status is Status.INIT
        assert campaigns
        assert all(each.start for each in campaigns)
    if decision.action is Action.PAUSE:
        assert decision.desired is Desired.PAUSE
    if observed.status in (Status.ACTIVE, Status.UNKNOWN):
        assert (decision.action is Action.PAUSE) is (decision.desired is Desired.PAUSE)


def test_a_job_that_an_unproven_start_may_set_dialing_is_paused_though_nothing_claims_it() -> None:
    unproven = situation(hours(calendar()), unproven=True)
    shut = at("2026-11-22T12:00")
    for status in (Status.INIT, Status.PAUSED):
        decision = decide(job(status), unproven, shut)
        assert (decision.desired, decision.action, decision.because) == (
            Desired.PAUSE,
            Action.PAUSE,
            Because.RESUME_UNPROVEN,
        )


def test_while_the_clock_is_not_trusted_one_reading_is_enough_to_pause_and_none_to_resume() -> None:
    shut, opened = at("2026-11-22T12:00"), at("2026-11-23T12:00")
    ours = situation(hours(calendar()), claim=claim())

    def both(status: Status, *instants: int) -> tuple[Action, Because]:
        decision = cautious([decide(job(status), ours, instant) for instant in instants])
        return decision.action, decision.because

    assert both(Status.ACTIVE, opened, shut) == (Action.PAUSE, Because.OVERRIDDEN)
    assert both(Status.ACTIVE, shut, opened) == (Action.PAUSE, Because.OVERRIDDEN)
    assert both(Status.PAUSED, opened, shut) == (Action.NONE, Because.ALREADY)
    assert both(Status.PAUSED, opened, opened + 60) == (Action.NONE, Because.CLOCK_UNTRUSTED)
    assert both(Status.ACTIVE, opened, opened + 60) == (Action.NONE, Because.ALREADY)


def test_of_readings_that_none_pauses_the_first_is_told_and_one_alone_is_enough() -> None:
    monday, tuesday = (decide(job(), situation(hours()), instant) for instant in (NOON, NOON + 24 * HOUR))
    assert monday.until != tuesday.until
    assert cautious([monday, tuesday]) == cautious([monday]) == monday
    assert cautious([tuesday, monday]) == tuesday


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.CANCELLED])
def test_a_finished_job_has_that_reason_alone_whatever_else_applies(status: Status) -> None:
    decision = decide(job(status), situation(hours(SHUT), incidents=(incident(),)), NOON)
    assert (decision.reason, decision.detail, decision.until) == (Reason.FINISHED, "", None)


@pytest.mark.parametrize("action", Action)
def test_only_what_would_set_a_job_dialing_is_withheld(action: Action) -> None:
    decision = decide(job(), situation(), NOON)._replace(action=action)
    dials = action in {Action.RESUME, Action.START}
    after = withheld(decision, Because.UNREAD)
    assert after == (decision._replace(action=Action.NONE, because=Because.UNREAD) if dials else decision)
