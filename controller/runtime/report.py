"""What a pass was for, what became of each decision, and what the pass amounted to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from controller.core.decision import Action, Because, Decision
from controller.core.interval import Instant
from controller.core.job import Job


class Trigger(StrEnum):
    """Why a pass ran; of triggers that collapse into one pass the first in this order is told."""

    START = "start"
    TRANSITION = "transition"
    RELOAD = "reload"
    INCIDENT = "incident"
    HOLD = "hold"
    CLOCK = "clock"
    REQUEST = "request"
    RESYNC = "resync"


FAST_TRIGGERS = frozenset({Trigger.TRANSITION, Trigger.RELOAD, Trigger.INCIDENT, Trigger.HOLD, Trigger.CLOCK})
"""The triggers at which jobs last seen ACTIVE may have to stop at once, before anything is read."""


class Result(StrEnum):
    """What became of a decision that asked for a change."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    GONE = "gone"


class Outcome(NamedTuple):
    """A decision, what was done about it, and what came back. `problem` is a bounded reason, never a raw text;
    `unproven_before` says that a resume of before may take effect in any case.
    """

    decision: Decision
    result: Result
    answer: Job | None = None
    problem: str | None = None
    unproven_before: bool = False


@dataclass(slots=True)
class PassReport:
    """One pass: `problem` says why the jobs could not be read, None where they were; it took `seconds` of the clock."""

    pass_id: str
    workspace: str
    trigger: Trigger
    now: Instant
    problem: str | None = None
    decisions: list[Decision] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    unreadable: int = 0
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether anything is not as desired and not under way."""
        return (
            self.problem is not None or self.unreadable > 0 or any(_left_undone(outcome) for outcome in self.outcomes)
        )

    @property
    def verified(self) -> bool:
        """Whether the jobs were read, and not every change that was sent failed: one bad job spoils no pass."""
        proven = (Result.VERIFIED, Result.WITHDRAWN, Result.GONE)
        return self.problem is None and (not self.outcomes or any(each.result in proven for each in self.outcomes))

    def counts(self) -> dict[str, int]:
        """How many jobs were seen, what was done, and why the others were left."""
        counted = Counter(decision.because for decision in self.decisions if decision.action is Action.NONE)
        done = Counter(_done(outcome) for outcome in self.outcomes)
        return {"jobs": len(self.decisions), **_sorted(done), **_sorted(counted)}

    def replace_outcomes(self, later: Iterable[Outcome]) -> None:
        """Put what became known later in the place of what was still unverified, or not yet known at all."""
        known = {outcome.decision.job.key: outcome for outcome in later}
        self.outcomes = [known.pop(outcome.decision.job.key, outcome) for outcome in self.outcomes]
        self.outcomes += known.values()


def _left_undone(outcome: Outcome) -> bool:
    """A resume is withdrawn where it is not wanted any more, or where the job could not be read again."""
    unread = outcome.result is Result.WITHDRAWN and outcome.problem is not None
    return unread or outcome.result in (Result.FAILED, Result.UNVERIFIED)


_PAST = {Action.PAUSE: "paused", Action.RESUME: "resumed", Action.START: "started"}


def past_tense(action: Action) -> str:
    """`paused`, `resumed` or `started`: the event's verb."""
    return _PAST[action]


def _done(outcome: Outcome) -> str:
    if outcome.result is Result.VERIFIED:
        return past_tense(outcome.decision.action)
    return f"{outcome.decision.action}_{outcome.result}"


def _sorted(counter: Mapping[Because, int] | Mapping[str, int]) -> dict[str, int]:
    return {str(word): times for word, times in sorted(counter.items())}
