"""Claims: our record that the pause on a job is ours, why and since when."""

from dataclasses import dataclass
from enum import StrEnum

from controller.core.interval import Instant
from controller.core.job import JobKey


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


@dataclass(frozen=True, slots=True)
class Claim:
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
