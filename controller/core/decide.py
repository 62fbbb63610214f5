"""The decision: pure, from the job as observed, its situation and one instant."""

import math
from collections.abc import Iterator, Sequence

from controller.core.campaign import Resume
from controller.core.claim import Claim, ClaimState
from controller.core.decision import Action, Because, Decision, Desired, Judgement, Reason
from controller.core.interval import Instant
from controller.core.job import Job, Status
from controller.core.precedence import FINISHED_ROW, PRECEDENCE, Row, Verdict
from controller.core.situation import Situation, all_start, least_resume

HORIZON = 400 * 86_400
"""How far `until` looks ahead, in seconds: past that it is None."""

# Named once: to look up a member of an enum takes as long as to compare ten of them.
_ACTIVE, _COMPLETE, _CANCELLED = Status.ACTIVE, Status.COMPLETE, Status.CANCELLED
_PAUSE, _LEAVE = Desired.PAUSE, Desired.LEAVE
_ALREADY = (Action.NONE, Because.ALREADY)


def decide(job: Job, situation: Situation, now: Instant) -> Decision:
    """What to do about a job now, and why."""
    return apply(job, situation, judge(situation, now))


def apply(job: Job, situation: Situation, judgement: Judgement) -> Decision:
    """Desired (a judgement of the same situation) against observed gives the action."""
    if job.status is _COMPLETE or job.status is _CANCELLED:
        return Decision(job, _LEAVE, Action.NONE, Because.FINISHED, Reason.FINISHED, "", None)
    action, because = _action(job, situation, judgement.desired)
    return Decision(job, judgement.desired, action, because, judgement.reason, judgement.detail, judgement.until)


def cautious(decisions: Sequence[Decision]) -> Decision:
    """What to do about a job while the clock is not trusted and each decision rests on another reading of it: pause
    if any says so, and resume nothing. Raises IndexError without any.
    """
    pausing = next((decision for decision in decisions if decision.desired is Desired.PAUSE), None)
    if pausing is not None:
        return pausing
    first = decisions[0]
    if first.action in (Action.RESUME, Action.START):
        return first._replace(action=Action.NONE, because=Because.CLOCK_UNTRUSTED)
    return first


def judge(situation: Situation, now: Instant) -> Judgement:
    """The winning row at `now` for any unfinished job in this situation, and when `desired` next changes."""
    first, detail = _winner(situation, now)
    drifts = first.reason is Reason.SCHEDULE_DRIFT  # until somebody repairs it, whatever the hours say
    until = None if drifts else _next_change(situation, now, first.desired, now + HORIZON)
    return Judgement(first.desired, first.reason, detail, until)


def judged_until(situation: Situation, judgement: Judgement, now: Instant) -> Instant:
    """An instant before which `judge` says the same as at `now`; `now` itself where that is sure for no time."""
    lead = situation.close_early
    edges = [hours.steady_until(now) for hours in situation.campaigns]
    edges += [edge for each in situation.incidents for edge in (each.since - lead, each.until) if now < edge]
    edges += [edge for hold in situation.holds for edge in (hold.since, hold.until) if now < edge]
    until = min(edges, default=math.inf)
    if judgement.until is not None or judgement.reason is Reason.SCHEDULE_DRIFT:
        return until
    # What changes past the horizon comes into sight as now moves on; a second, lest floating point see it sooner.
    coming = _next_change(situation, now, judgement.desired, until + HORIZON)
    return until if coming is None else max(now, min(until, coming - HORIZON - 1))


def verdicts(job: Job, situation: Situation, now: Instant) -> tuple[Verdict, ...]:
    """What each row of the table says of this job, in order, whether or not an earlier one decides."""
    return tuple(_verdicts(job, situation, now))


def _verdicts(job: Job, situation: Situation, now: Instant) -> Iterator[Verdict]:
    decided = False
    for row in PRECEDENCE:
        if row is FINISHED_ROW:
            details: tuple[str, ...] = (f"the status is {job.status}",) if job.status.finished else ()
        elif row is PRECEDENCE[-1] and decided:
            details = ()
        else:
            details = row.applies(situation, now)
        decided = decided or bool(details)
        yield Verdict(row.number, row.condition, row.desired, row.reason, bool(details), "; ".join(details))


def _winner(situation: Situation, now: Instant) -> tuple[Row, str]:
    applying = [(row, details) for row in PRECEDENCE[:-1] if (details := row.applies(situation, now))]
    if not applying:
        return PRECEDENCE[-1], ""
    (first, details), *others = applying
    named = (f"also {row.reason} ({'; '.join(more)})" for row, more in others if row.reason is not Reason.UNMATCHED)
    return first, "; ".join((*details, *named))


def _next_change(situation: Situation, now: Instant, desired: Desired, last: Instant) -> Instant | None:
    """Steps from one boundary to the next, up to the last instant that counts, until what is desired differs."""
    stopped = _stopped_until(situation, now)
    instant = _next_boundary(situation, now, now) if stopped <= now else stopped
    while instant is not None and instant <= last:
        if _desired(situation, now, instant) is not desired:
            return instant
        instant = _next_boundary(situation, now, instant)
    return None


def _stopped_until(situation: Situation, now: Instant) -> Instant:
    """Until when incidents and holds cover the job without a gap: what its hours say before that changes nothing, and
    an open end would be looked for through all of them.
    """
    spans = [(incident.since - situation.close_early, incident.until) for incident in situation.incidents]
    spans += [(hold.since, hold.until) for hold in situation.holds]
    until = now
    while ends := [end for since, end in spans if since <= until < end]:
        until = max(ends)
    return until


def _next_boundary(situation: Situation, now: Instant, after: Instant) -> Instant | None:
    lead = situation.close_early
    boundaries: list[Instant] = []
    for hours in situation.campaigns:
        change = hours.dialing(now).next_change(after)
        if change is not None:
            boundaries.append(change)
    for incident in situation.incidents:
        boundaries += (incident.since - lead, incident.until)
    for hold in situation.holds:
        boundaries += (hold.since, hold.until)
    return min((boundary for boundary in boundaries if boundary > after), default=None)


def _desired(situation: Situation, now: Instant, instant: Instant) -> Desired:
    """The desired state at a later instant, from the timelines compiled for `now` (cheaper than a judgement)."""
    lead = situation.close_early
    if any(incident.since - lead <= instant < incident.until for incident in situation.incidents):
        return Desired.PAUSE
    if any(hold.since <= instant < hold.until for hold in situation.holds):
        return Desired.PAUSE
    if not situation.campaigns:
        return Desired.LEAVE
    if not all(hours.dialing(now).is_open(instant) for hours in situation.campaigns):
        return Desired.PAUSE
    drifts = PRECEDENCE[-2].applies(situation, instant)
    return Desired.PAUSE if drifts else Desired.DIAL


def _action(job: Job, situation: Situation, desired: Desired) -> tuple[Action, Because]:
    if desired is _PAUSE:
        return _towards_pause(job, situation)
    if job.status is Status.UNKNOWN:
        return Action.NONE, Because.UNKNOWN_STATUS
    if desired is _LEAVE:
        return _unmatched(job, situation.claim)
    return _ALREADY if job.status is _ACTIVE else _towards_dial(job, situation)


def _towards_pause(job: Job, situation: Situation) -> tuple[Action, Because]:
    claim = situation.claim
    if job.status is _ACTIVE:
        held = claim is not None and claim.state is ClaimState.HELD
        return Action.PAUSE, Because.OVERRIDDEN if held else Because.RUNNING
    if job.status is Status.UNKNOWN:
        return Action.PAUSE, Because.UNKNOWN_STATUS
    if situation.unproven or (claim is not None and claim.state is ClaimState.RESUMING):
        return Action.PAUSE, Because.RESUME_UNPROVEN
    if job.status is Status.INIT:
        return Action.NONE, Because.NOT_STARTED
    return Action.NONE, Because.ALREADY if claim is not None else Because.PAUSED_BY_OTHERS


def _unmatched(job: Job, claim: Claim | None) -> tuple[Action, Because]:
    if claim is None or job.status is not Status.PAUSED:
        return Action.NONE, Because.UNMATCHED
    if claim.campaigns:
        return Action.NONE, Because.ORPHANED
    return Action.RESUME, Because.OURS  # an incident or a hold on an unmatched job has ended


def _towards_dial(job: Job, situation: Situation) -> tuple[Action, Because]:
    campaigns = tuple(hours.campaign for hours in situation.campaigns)
    if job.status is Status.INIT:
        return (Action.START, Because.MAY_START) if all_start(campaigns) else (Action.NONE, Because.NOT_STARTED)
    resume = least_resume(campaigns)
    if resume is Resume.NEVER:
        return Action.NONE, Because.RESUME_NEVER
    if situation.claim is not None:
        return Action.RESUME, Because.OURS
    if resume is Resume.ANY:
        return Action.RESUME, Because.ANY_PAUSE
    return Action.NONE, Because.PAUSED_BY_OTHERS
