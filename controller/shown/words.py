"""Why a job is in its state, in words that a campaign manager understands."""

import re

from controller.core.decision import Action, Because, Decision, Reason
from controller.core.instant_text import rfc3339
from controller.core.job import Status
from controller.core.situation import Situation

_REASONS = {
    Reason.FINISHED: "Finished",
    Reason.INCIDENT: "Incident",
    Reason.HOLD: "On hold",
    Reason.UNMATCHED: "No campaign matches",
    Reason.SPECIAL_DATE: "Special date",
    Reason.HOLIDAY: "Holiday",
    Reason.OUTSIDE_HOURS: "Outside hours",
    Reason.SCHEDULE_DRIFT: "Provider schedule drifts",
    Reason.OPEN: "Open",
}

_BECAUSE = {
    Because.RUNNING: "it dials and must not",
    Because.OVERRIDDEN: "somebody resumed it in closed hours",
    Because.UNREAD: "it could not be read, so it is not resumed",
    Because.CLOCK_UNTRUSTED: "the clock is not trusted, so nothing is resumed",
    Because.RESUME_UNPROVEN: "a resume of ours may still take effect",
    Because.OURS: "we paused it",
    Because.ANY_PAUSE: "the campaign undoes every pause",
    Because.MAY_START: "the campaign starts new jobs",
    Because.ALREADY: "as it should be",
    Because.PAUSED_BY_OTHERS: "paused by someone in Vogent, not by us",
    Because.RESUME_NEVER: "the campaign never resumes",
    Because.ORPHANED: "paused by us for a campaign that no longer matches",
    Because.NOT_STARTED: "not started in Vogent yet",
    Because.UNKNOWN_STATUS: "its status is unknown to us",
    Because.FINISHED: "it will never dial again",
    Because.UNMATCHED: "no rule speaks of it",
}

_ACTIONS = {Action.PAUSE: "pause", Action.RESUME: "resume", Action.START: "start", Action.NONE: "-"}

_ALSO = re.compile(rf"; also ({'|'.join(Reason)}) \(")
"""What a detail says of the rows behind the one that decides."""


def reason_text(decision: Decision) -> str:
    """The reason with its detail: `Holiday (us-floor: Thanksgiving Day)`."""
    title = _REASONS[decision.reason]
    return f"{title} ({decision.detail})" if decision.detail else title


def because_text(decision: Decision) -> str:
    """Why this action, or none."""
    return _BECAUSE[decision.because]


def action_text(decision: Decision) -> str:
    """The action's word, a dash for none."""
    return _ACTIONS[decision.action]


def owner_text(decision: Decision, situation: Situation) -> str:
    """Who paused the job, since when and why."""
    claim = situation.claim
    if claim is not None:
        since = f"since {rfc3339(claim.since)}"
        return f"us, claim {claim.state} by {claim.author} {since}: {claim.reason} ({claim.detail})"
    if decision.job.status is Status.PAUSED:
        return "somebody in Vogent: we have no claim on it (adopt makes the pause ours)"
    return "nobody: it is not paused"


def reason_title(reason: Reason) -> str:
    """The reason alone."""
    return _REASONS[reason]


def plain_detail(detail: str) -> str:
    """The detail of a decision, with words for the other reasons that it names."""
    return _ALSO.sub(lambda match: f"; also {_REASONS[Reason(match[1])].lower()} (", detail)
