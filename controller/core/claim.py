"""Claims: our record that the pause on a job is ours, why and since when."""

from enum import StrEnum
from typing import NamedTuple

from controller.core.decision import Because, Decision, Desired
from controller.core.interval import Instant
from controller.core.job import Job, JobKey, Status

READ_LAG = 60.0
"""Seconds by which a reading may be older than it looks: within them after a pause of ours, a job that looks ACTIVE
proves nothing about people.
"""
ADOPTED = "adopted"
"""The reason of a claim that a person made by adopting a pause."""


class ClaimState(StrEnum):
    """A claim's life: INTENDED (stored) → HELD (verified) → RESUMING → one of the closed states."""

    INTENDED = "intended"
    HELD = "held"
    RESUMING = "resuming"
    RESUMED = "resumed"
    RESUMED_BY_OTHERS = "resumed_by_others"
    RELEASED = "released"
    FINISHED = "finished"
    GONE = "gone"

    @property
    def open(self) -> bool:
        """Whether a claim in this state still says that the pause is ours."""
        return self in (ClaimState.INTENDED, ClaimState.HELD, ClaimState.RESUMING)


class Claim(NamedTuple):
    """At most one open claim a job. `campaigns` are the names that matched when it was made (none for an incident
    that covers everything); `author` is who made it: "controller", or the person who adopted the pause.

    `id` is unique for ever (a random hex string); `since` is when the claim was made, `changed` when its state or
    reason last changed.
    """

    id: str
    workspace: str
    job_id: str
    job_name: str
    state: ClaimState
    reason: str
    detail: str
    since: Instant
    changed: Instant
    campaigns: tuple[str, ...]
    author: str = "controller"

    @property
    def key(self) -> JobKey:
        """The identity of the job whose pause is claimed."""
        return JobKey(self.workspace, self.job_id)


def intend(
    job: Job, decision: Decision, campaigns: tuple[str, ...], claim: Claim | None, now: Instant, new_id: str
) -> Claim:
    """The claim to store before a pause is sent: a new one, or the open one. A verified claim stays verified unless it
    was overridden: the new pause is not, and until it is, a job that still dials was not resumed once more.
    """
    if claim is None:
        return Claim(
            id=new_id,
            workspace=job.workspace,
            job_id=job.id,
            job_name=job.name,
            state=ClaimState.INTENDED,
            reason=decision.reason,
            detail=decision.detail,
            since=now,
            changed=now,
            campaigns=campaigns,
        )
    undone = decision.because is Because.OVERRIDDEN and not lately(claim, now)
    verified = claim.state is ClaimState.HELD and not undone
    state = ClaimState.HELD if verified else ClaimState.INTENDED
    intent = _with_reason(claim, decision, state, campaigns, now)
    if state is ClaimState.INTENDED and now - intent.changed >= READ_LAG / 2:
        return intent._replace(changed=now)  # it is sent again
    return intent


def lately(claim: Claim, now: Instant) -> bool:
    """Whether a reading may be older than our last pause of the job."""
    return 0 <= now - claim.changed < READ_LAG


def continued(stored: Claim, claim: Claim) -> Claim:
    """A claim that was made while the store could not be read, as what it is: the stored one of the same job, later."""
    return claim._replace(id=stored.id, since=stored.since, campaigns=stored.campaigns, author=stored.author)


def observe(claim: Claim, decision: Decision, campaigns: tuple[str, ...], now: Instant) -> Claim:
    """The claim after its job was read and decided about; the same object where nothing changed. `campaigns` are the
    names that match now.
    """
    status = decision.job.status
    if status.finished:
        return _moved(claim, ClaimState.FINISHED, now)
    if status is Status.ACTIVE and decision.desired is not Desired.PAUSE:
        return _seen_dialing(claim, now)
    if status is Status.PAUSED and decision.desired is Desired.PAUSE:
        state = ClaimState.HELD if claim.state is ClaimState.INTENDED else claim.state
        return _with_reason(claim, decision, state, campaigns, now)
    if status is Status.PAUSED and claim.state is ClaimState.INTENDED:
        return _moved(claim, ClaimState.HELD, now)
    if status is Status.INIT and claim.state is not ClaimState.RESUMING and not lately(claim, now):
        return _moved(claim, ClaimState.RELEASED, now)  # the start that this pause was to follow never took effect
    return claim


def _seen_dialing(claim: Claim, now: Instant) -> Claim:
    if claim.state is ClaimState.RESUMING:
        return _moved(claim, ClaimState.RESUMED, now)
    return claim if lately(claim, now) else _moved(claim, ClaimState.RESUMED_BY_OTHERS, now)


def paused(claim: Claim, now: Instant) -> Claim:
    """The claim once its pause is verified; a resume that was intended since stays intended."""
    return claim if claim.state is ClaimState.RESUMING else _moved(claim, ClaimState.HELD, now)


def resuming(claim: Claim, now: Instant) -> Claim:
    """The claim to store before a resume is sent."""
    return _moved(claim, ClaimState.RESUMING, now)


def resumed(claim: Claim, now: Instant) -> Claim:
    """The claim once its resume is verified: closed, unless another pause was intended since."""
    return _moved(claim, ClaimState.RESUMED, now) if claim.state is ClaimState.RESUMING else claim


def still_paused(claim: Claim, now: Instant) -> Claim:
    """The claim once it is certain that its resume had no effect: the pause is ours as before."""
    return _moved(claim, ClaimState.HELD, now) if claim.state is ClaimState.RESUMING else claim


def gone(claim: Claim, now: Instant) -> Claim:
    """The claim once its job no longer exists: closed."""
    return _moved(claim, ClaimState.GONE, now)


def found(claim: Claim, status: Status, now: Instant) -> Claim:
    """The claim once its vanished job is back: open again where that is paused as we left it, or dials shortly after
    it was said to be gone, since a pause that was sent before may yet take effect; else closed for good.
    """
    if status is Status.PAUSED:
        return _moved(claim, ClaimState.HELD, now)
    if status is Status.ACTIVE and lately(claim, now):
        return _moved(claim, ClaimState.INTENDED, now)
    return _moved(claim, ClaimState.FINISHED if status.finished else ClaimState.RESUMED_BY_OTHERS, now)


def released(claim: Claim, now: Instant) -> Claim:
    """The claim once a person ended our ownership: closed."""
    return _moved(claim, ClaimState.RELEASED, now)


def adopt(job: Job, campaigns: tuple[str, ...], author: str, reason: str, now: Instant, new_id: str) -> Claim:
    """The claim by which a person makes an existing pause ours."""
    return Claim(
        id=new_id,
        workspace=job.workspace,
        job_id=job.id,
        job_name=job.name,
        state=ClaimState.HELD,
        reason=ADOPTED,
        detail=reason,
        since=now,
        changed=now,
        campaigns=campaigns,
        author=author,
    )


def _moved(claim: Claim, state: ClaimState, now: Instant) -> Claim:
    return claim if claim.state is state else claim._replace(state=state, changed=now)


def _with_reason(
    claim: Claim, decision: Decision, state: ClaimState, campaigns: tuple[str, ...], now: Instant
) -> Claim:
    """A claim that was made without any campaign belongs to those that keep the job paused since."""
    named = claim.campaigns or campaigns
    same = (claim.state, claim.reason, claim.detail, claim.campaigns)
    if same == (state, decision.reason, decision.detail, named):
        return claim
    return claim._replace(state=state, reason=decision.reason, detail=decision.detail, campaigns=named, changed=now)
