"""The words of a decision, and the decision itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from controller.core.interval import Instant
from controller.core.job import Job


class Desired(StrEnum):
    """What the rules want of a job; LEAVE is for jobs that they do not speak of."""

    DIAL = "dial"
    PAUSE = "pause"
    LEAVE = "leave"


class Reason(StrEnum):
    """Why: one word for each row of the precedence table."""

    FINISHED = "finished"
    INCIDENT = "incident"
    HOLD = "hold"
    UNMATCHED = "unmatched"
    SPECIAL_DATE = "special_date"
    HOLIDAY = "holiday"
    OUTSIDE_HOURS = "outside_hours"
    SCHEDULE_DRIFT = "schedule_drift"
    OPEN = "open"


class Action(StrEnum):
    """What to send: `pause` is paused: true, `resume` and `start` are paused: false to a PAUSED or an INIT job."""

    PAUSE = "pause"
    RESUME = "resume"
    START = "start"
    NONE = "none"


class Because(StrEnum):
    """Why this action follows from desired and observed."""

    RUNNING = "running"
    """It dials and must not: pause it."""
    OVERRIDDEN = "overridden"
    """Our verified pause was undone by somebody while the job must not dial: pause it again, loudly."""
    RESUME_UNPROVEN = "resume_unproven"
    """A resume of ours may still take effect: an absolute pause follows it."""
    OURS = "ours"
    """We paused it, and it may dial: resume it."""
    ANY_PAUSE = "any_pause"
    """Every matching campaign says `resume: any`: resume it, whoever paused it."""
    MAY_START = "may_start"
    """It was not started, and every matching campaign says `start: true`."""
    ALREADY = "already"
    """It is as desired."""
    PAUSED_BY_OTHERS = "paused_by_others"
    """It may dial, but a person paused it, and it is theirs to resume."""
    RESUME_NEVER = "resume_never"
    """It may dial, but a matching campaign says `resume: never`."""
    ORPHANED = "orphaned"
    """We paused it for a campaign, and no campaign matches it any more."""
    NOT_STARTED = "not_started"
    """It was never started, and not every matching campaign says `start: true`."""
    UNREAD = "unread"
    """It may dial by what was last known of it, but it could not be read now: nothing is resumed or started."""
    CLOCK_UNTRUSTED = "clock_untrusted"
    """It may dial by what the clock reads, but the clock is not trusted: nothing is resumed or started."""
    UNKNOWN_STATUS = "unknown_status"
    """Its status is none that the reference lists: it is never resumed or started."""
    FINISHED = "finished"
    """It will never dial again."""
    UNMATCHED = "unmatched"
    """No rule speaks of it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of a job at one instant, whatever its state: one winning row and the rows behind it.

    `until` is when `desired` next changes, None if not within 400 days.
    """

    desired: Desired
    reason: Reason
    detail: str
    until: Instant | None


class Decision(NamedTuple):
    """A judgement applied to the job as observed."""

    job: Job
    desired: Desired
    action: Action
    because: Because
    reason: Reason
    detail: str
    until: Instant | None


def withheld(decision: Decision, because: Because) -> Decision:
    """The same decision, but no resume and no start, for this reason."""
    if decision.action in (Action.RESUME, Action.START):
        return decision._replace(action=Action.NONE, because=because)
    return decision
