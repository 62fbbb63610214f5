"""Claims while several things happen to one job: an old answer never speaks for a newer change."""

import pytest

from controller.core.claim import (
    READ_LAG,
    ClaimState,
    continued,
    found,
    intend,
    lately,
    observe,
    paused,
    resumed,
    still_paused,
)
from controller.core.decide import decide
from controller.core.decision import Because
from controller.core.job import Status
from tests.core.build import ALWAYS, NEVER, at, calendar, claim, hours, job, situation

NOON = at("2026-11-23T12:00")
OPEN, SHUT = hours(calendar("open", hours=ALWAYS)), hours(calendar("shut", hours=NEVER))


@pytest.mark.parametrize("state", [ClaimState.INTENDED, ClaimState.HELD])
def test_a_resume_that_is_verified_closes_no_claim_of_a_pause_that_was_intended_since(state: ClaimState) -> None:
    standing = claim(state)
    assert resumed(standing, NOON) is standing
    assert still_paused(standing, NOON) is standing


def test_a_pause_that_is_verified_ends_no_resume_that_was_intended_since() -> None:
    standing = claim(ClaimState.RESUMING)
    assert paused(standing, NOON) is standing
    assert still_paused(standing, NOON).state is ClaimState.HELD


@pytest.mark.parametrize(("seconds", "lags"), [(-0.1, False), (0, True), (READ_LAG - 0.1, True), (READ_LAG, False)])
def test_a_reading_may_be_a_minute_older_than_it_looks(seconds: float, lags: bool) -> None:
    assert lately(claim(changed=NOON), NOON + seconds) is lags


@pytest.mark.parametrize("state", [ClaimState.INTENDED, ClaimState.HELD])
def test_a_job_that_looks_dialing_right_after_our_pause_was_resumed_by_nobody(state: ClaimState) -> None:
    standing = claim(state, changed=NOON)
    decision = decide(job(Status.ACTIVE), situation(OPEN, claim=standing), NOON)
    assert observe(standing, decision, (), NOON + READ_LAG - 1) is standing
    assert observe(standing, decision, (), NOON + READ_LAG).state is ClaimState.RESUMED_BY_OTHERS


def test_an_override_right_after_our_pause_leaves_the_claim_until_it_is_certain() -> None:
    held = claim(ClaimState.HELD, changed=NOON, detail="shut: no window is open")
    decision = decide(job(Status.ACTIVE), situation(SHUT, claim=held), NOON)
    assert decision.because is Because.OVERRIDDEN
    assert intend(job(), decision, (), held, NOON + 30, "unused") is held
    assert intend(job(), decision, (), held, NOON + READ_LAG, "unused").state is ClaimState.INTENDED


def test_a_pause_that_is_sent_again_is_as_young_as_its_last_request() -> None:
    intended = claim(ClaimState.INTENDED, changed=NOON, detail="shut: no window is open")
    decision = decide(job(Status.ACTIVE), situation(SHUT, claim=intended), NOON)
    assert intend(job(), decision, (), intended, NOON + 29, "unused") is intended
    assert intend(job(), decision, (), intended, NOON + 30, "unused").changed == NOON + 30


def test_a_claim_that_no_campaign_made_belongs_to_the_one_that_keeps_the_job_paused() -> None:
    bare = claim(ClaimState.HELD, campaigns=(), reason="incident")
    decision = decide(job(Status.PAUSED), situation(SHUT, claim=bare), NOON)
    assert observe(bare, decision, ("renewals",), NOON).campaigns == ("renewals",)
    named = claim(ClaimState.HELD, campaigns=("renewals",), reason="incident")
    assert observe(named, decision, ("others",), NOON).campaigns == ("renewals",)
    assert observe(named, decision, (), NOON).campaigns == ("renewals",)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.PAUSED, ClaimState.HELD),
        (Status.ACTIVE, ClaimState.RESUMED_BY_OTHERS),
        (Status.INIT, ClaimState.RESUMED_BY_OTHERS),
        (Status.CANCELLED, ClaimState.FINISHED),
    ],
)
def test_a_claim_of_a_job_that_comes_back_serves_once(status: Status, state: ClaimState) -> None:
    assert found(claim(ClaimState.GONE), status, NOON).state is state


def test_a_claim_that_was_made_while_the_store_was_away_goes_on_as_the_stored_one() -> None:
    stored = claim(ClaimState.HELD, id="stored", since=1.0, campaigns=("renewals",), author="ada")
    made = claim(ClaimState.INTENDED, id="made", since=NOON, campaigns=(), reason="incident")
    after = continued(stored, made)
    assert (after.id, after.since, after.campaigns, after.author) == ("stored", 1.0, ("renewals",), "ada")
    assert (after.state, after.reason) == (ClaimState.INTENDED, "incident")


@pytest.mark.parametrize(
    ("since_our_pause", "state"), [(READ_LAG - 1.0, ClaimState.HELD), (READ_LAG, ClaimState.RELEASED)]
)
def test_a_job_that_says_init_was_never_started_once_no_reading_can_be_older_than_our_pause(
    since_our_pause: float, state: ClaimState
) -> None:
    standing = claim(ClaimState.HELD, changed=NOON - since_our_pause)
    decision = decide(job(Status.INIT), situation(OPEN, claim=standing), NOON)
    assert observe(standing, decision, ("renewals",), NOON).state is state


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0, ClaimState.INTENDED),
        (READ_LAG - 1, ClaimState.INTENDED),
        (READ_LAG, ClaimState.RESUMED_BY_OTHERS),
        (-1, ClaimState.RESUMED_BY_OTHERS),
    ],
)
def test_a_job_that_comes_back_dialing_shortly_after_it_was_gone_may_be_paused_yet_by_what_was_sent_before(
    age: float, state: ClaimState
) -> None:
    gone = claim(ClaimState.GONE, since=NOON - 3 * READ_LAG, changed=NOON - age)
    assert found(gone, Status.ACTIVE, NOON).state is state
    assert found(gone, Status.INIT, NOON).state is ClaimState.RESUMED_BY_OTHERS
