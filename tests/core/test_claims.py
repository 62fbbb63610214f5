from collections.abc import Callable

import pytest

from controller.core.claim import (
    ADOPTED,
    Claim,
    ClaimState,
    adopt,
    gone,
    intend,
    observe,
    paused,
    released,
    resumed,
    resuming,
)
from controller.core.decide import decide
from controller.core.decision import Because, Decision, Reason
from controller.core.job import JobKey, Status
from controller.core.situation import Situation
from tests.core.build import ALWAYS, NEVER, at, calendar, claim, hours, incident, job, situation

NOON = at("2026-11-23T12:00")
OPEN, SHUT = hours(calendar("open", hours=ALWAYS)), hours(calendar("shut", hours=NEVER))
OPEN_STATES = (ClaimState.INTENDED, ClaimState.HELD, ClaimState.RESUMING)
CLOSED_STATES = tuple(state for state in ClaimState if state not in OPEN_STATES)


def to_pause(status: Status, claimed: Claim | None = None) -> Decision:
    return decide(job(status), situation(SHUT, claim=claimed), NOON)


def to_dial(status: Status, claimed: Claim | None = None) -> Decision:
    return decide(job(status), situation(OPEN, claim=claimed), NOON)


def to_leave(status: Status, claimed: Claim | None = None) -> Decision:
    return decide(job(status), Situation((), claim=claimed), NOON)


def test_only_the_states_before_the_close_are_open() -> None:
    assert all(state.open for state in OPEN_STATES)
    assert not any(state.open for state in CLOSED_STATES)


def test_the_intent_to_pause_records_why_for_whom_and_when() -> None:
    intent = intend(job(), to_pause(Status.ACTIVE), ("renewals",), None, NOON, "c7")
    assert intent == Claim(
        id="c7",
        workspace="main",
        job_id="job-1",
        job_name="US renewals 7",
        state=ClaimState.INTENDED,
        reason="outside_hours",
        detail="shut: no window is open",
        since=NOON,
        changed=NOON,
        campaigns=("renewals",),
        author="controller",
    )
    assert intent.key == JobKey("main", "job-1")


def test_the_whole_life_of_a_claim() -> None:
    intent = intend(job(), to_pause(Status.ACTIVE), ("renewals",), None, NOON, "c7")
    held = paused(intent, NOON + 1)
    assert (held.state, held.since, held.changed) == (ClaimState.HELD, NOON, NOON + 1)
    on_the_way = resuming(held, NOON + 2)
    assert (on_the_way.state, on_the_way.changed) == (ClaimState.RESUMING, NOON + 2)
    ended = resumed(on_the_way, NOON + 3)
    assert (ended.state, ended.id, ended.since, ended.changed) == (ClaimState.RESUMED, "c7", NOON, NOON + 3)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_job_that_vanished_and_a_claim_that_was_released_are_closed(state: ClaimState) -> None:
    assert gone(claim(state), NOON) == claim(ClaimState.GONE, changed=NOON)
    assert released(claim(state), NOON) == claim(ClaimState.RELEASED, changed=NOON)


def test_what_is_in_a_state_already_is_the_same_object() -> None:
    held = claim(ClaimState.HELD)
    assert paused(held, NOON) is held
    assert resuming(claim(ClaimState.RESUMING, changed=1.0), NOON).changed == 1.0


def test_pausing_again_keeps_the_claim_and_takes_the_new_reason() -> None:
    standing = claim(ClaimState.INTENDED, reason="incident", detail="one-way: one-way audio")
    again = intend(job(), to_pause(Status.ACTIVE, standing), ("others",), standing, NOON, "unused")
    assert (again.id, again.since, again.campaigns) == ("c1", 100.0, ("renewals",))
    assert (again.state, again.reason, again.detail) == (
        ClaimState.INTENDED,
        "outside_hours",
        "shut: no window is open",
    )
    assert again.changed == NOON


def test_an_intent_that_says_nothing_new_is_the_same_object() -> None:
    standing = intend(job(), to_pause(Status.ACTIVE), ("renewals",), None, NOON, "c7")
    assert intend(job(), to_pause(Status.ACTIVE, standing), (), standing, NOON + 9, "c8") is standing


def test_a_pause_on_top_of_an_unproven_resume_is_an_intent_again() -> None:
    standing = claim(ClaimState.RESUMING)
    decision = to_pause(Status.PAUSED, standing)
    assert decision.because is Because.RESUME_UNPROVEN
    assert intend(job(), decision, (), standing, NOON, "unused").state is ClaimState.INTENDED


def test_an_override_is_told_once_until_the_new_pause_is_verified() -> None:
    """A provider that is slow to pause is no second person who resumes."""
    held = claim(ClaimState.HELD)
    decision = to_pause(Status.ACTIVE, held)
    assert decision.because is Because.OVERRIDDEN
    again = intend(job(), decision, (), held, NOON, "unused")
    assert (again.id, again.state) == ("c1", ClaimState.INTENDED)
    assert to_pause(Status.ACTIVE, again).because is Because.RUNNING
    assert to_pause(Status.ACTIVE, paused(again, NOON + 1)).because is Because.OVERRIDDEN


def test_a_pause_that_is_repeated_for_an_unknown_status_leaves_the_verified_claim_as_it_is() -> None:
    held = claim(ClaimState.HELD, detail="shut: no window is open")
    assert intend(job(Status.UNKNOWN), to_pause(Status.UNKNOWN, held), (), held, NOON, "unused") is held


FINISHED = (ClaimState.FINISHED,) * 3
SAME = OPEN_STATES
BY_OTHERS = (ClaimState.RESUMED_BY_OTHERS, ClaimState.RESUMED_BY_OTHERS, ClaimState.RESUMED)
NEVER_STARTED = (ClaimState.RELEASED, ClaimState.RELEASED, ClaimState.RESUMING)
PROVEN = (ClaimState.HELD, ClaimState.HELD, ClaimState.RESUMING)
# What an INTENDED, a HELD and a RESUMING claim become when the job is seen so and the rules want that.
OBSERVED = {
    (Status.INIT, to_pause): NEVER_STARTED,
    (Status.INIT, to_dial): NEVER_STARTED,
    (Status.INIT, to_leave): NEVER_STARTED,
    (Status.ACTIVE, to_pause): SAME,
    (Status.ACTIVE, to_dial): BY_OTHERS,
    (Status.ACTIVE, to_leave): BY_OTHERS,
    (Status.PAUSED, to_pause): PROVEN,
    (Status.PAUSED, to_dial): PROVEN,
    (Status.PAUSED, to_leave): PROVEN,
    (Status.COMPLETE, to_pause): FINISHED,
    (Status.COMPLETE, to_dial): FINISHED,
    (Status.COMPLETE, to_leave): FINISHED,
    (Status.CANCELLED, to_pause): FINISHED,
    (Status.CANCELLED, to_dial): FINISHED,
    (Status.CANCELLED, to_leave): FINISHED,
    (Status.UNKNOWN, to_pause): SAME,
    (Status.UNKNOWN, to_dial): SAME,
    (Status.UNKNOWN, to_leave): SAME,
}


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(("status", "wanted"), OBSERVED)
def test_what_an_observation_makes_of_a_claim(
    status: Status, wanted: Callable[[Status, Claim], Decision], number: int
) -> None:
    before = claim(OPEN_STATES[number], detail="shut: no window is open")
    after = observe(before, wanted(status, before), (), NOON)
    assert after.state is OBSERVED[status, wanted][number]
    assert (after.id, after.since, after.campaigns) == (before.id, before.since, before.campaigns)
    assert (after is before) is (after.state is before.state)
    assert after.changed == (before.changed if after is before else NOON)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_new_reason_updates_the_claim_and_sends_nothing(state: ClaimState) -> None:
    """An incident ended after the close."""
    before = claim(state, reason="incident", detail="one-way: one-way audio")
    decision = to_pause(Status.PAUSED, before)
    after = observe(before, decision, (), NOON)
    assert (after.reason, after.detail, after.changed) == ("outside_hours", "shut: no window is open", NOON)
    if state is not ClaimState.RESUMING:
        assert decision.because is Because.ALREADY


def test_a_reason_stays_while_the_job_may_dial() -> None:
    before = claim(ClaimState.HELD)
    assert observe(before, to_dial(Status.PAUSED, before), (), NOON) is before


def test_a_stale_claim_never_undoes_a_later_pause_by_a_person() -> None:
    held = claim(ClaimState.HELD)
    closed = observe(held, to_dial(Status.ACTIVE, held), (), NOON)
    assert not closed.state.open
    assert to_dial(Status.PAUSED, None).because is Because.PAUSED_BY_OTHERS


def test_a_pause_that_was_interrupted_before_its_answer_is_ours_once_it_is_seen() -> None:
    intent = intend(job(), to_pause(Status.ACTIVE), ("renewals",), None, NOON, "c7")
    seen = observe(intent, to_pause(Status.PAUSED, intent), (), NOON + 1)
    assert seen.state is ClaimState.HELD
    assert to_dial(Status.PAUSED, seen).because is Because.OURS


def test_a_resume_that_was_interrupted_is_sent_again_while_the_job_may_dial() -> None:
    standing = claim(ClaimState.RESUMING)
    decision = to_dial(Status.PAUSED, standing)
    assert decision.because is Because.OURS
    assert observe(standing, decision, (), NOON) is standing


def test_an_adopted_pause_is_ours_with_its_author_and_resumes_when_open() -> None:
    adopted = adopt(job(Status.PAUSED), ("renewals",), "ada", "left over from Friday", NOON, "c9")
    assert (adopted.state, adopted.reason, adopted.detail) == (ClaimState.HELD, ADOPTED, "left over from Friday")
    assert (adopted.author, adopted.id, adopted.key) == ("ada", "c9", JobKey("main", "job-1"))
    assert (adopted.since, adopted.changed, adopted.campaigns) == (NOON, NOON, ("renewals",))
    assert to_dial(Status.PAUSED, adopted).because is Because.OURS


def test_an_adopted_pause_takes_the_rules_reason_and_keeps_its_author() -> None:
    adopted = adopt(job(Status.PAUSED), ("renewals",), "ada", "left over from Friday", NOON, "c9")
    seen = observe(adopted, to_pause(Status.PAUSED, adopted), (), NOON + 1)
    assert (seen.reason, seen.author, seen.state) == (Reason.OUTSIDE_HOURS, "ada", ClaimState.HELD)


def test_an_adopted_pause_of_a_job_that_no_campaign_matches_any_more_is_orphaned() -> None:
    adopted = adopt(job(Status.PAUSED), ("renewals",), "ada", "left over from Friday", NOON, "c9")
    assert to_leave(Status.PAUSED, adopted).because is Because.ORPHANED


def test_a_pause_by_an_incident_for_everything_remembers_that_no_campaign_matched() -> None:
    bare = Situation((), incidents=(incident(everything=True),))
    decision = decide(job(), bare, NOON)
    intent = intend(job(), decision, bare.campaign_names, None, NOON, "c7")
    assert (intent.campaigns, intent.reason, intent.detail) == ((), "incident", "one-way: one-way audio")
    assert to_leave(Status.PAUSED, paused(intent, NOON)).because is Because.OURS
