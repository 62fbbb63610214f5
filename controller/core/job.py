"""The remote batch dial job as observed: a lean record, never a model of the whole answer."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """The provider's job states; UNKNOWN stands for anything that its reference does not list."""

    INIT = "INIT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    COMPLETE = "COMPLETE"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"

    @property
    def finished(self) -> bool:
        """Whether the job will never dial again."""
        return self in _FINISHED


_FINISHED = (Status.COMPLETE, Status.CANCELLED)


class JobKey(NamedTuple):
    """A job's identity: ids are unique within one workspace only."""

    workspace: str
    id: str

    def __str__(self) -> str:
        return f"{self.workspace}/{self.id}"


@dataclass(frozen=True, slots=True)
class Job:
    """What the API last said of one job.

    `schedule` is the provider-side weekly schedule as canonical JSON text (sorted keys, no spaces), or None where the
    provider limits nothing; equal schedules are equal strings. `status_text` is the status as it was sent, which
    differs from `status` only where that is UNKNOWN.
    """

    workspace: str
    id: str
    name: str
    status: Status
    agent_id: str
    schedule: str | None
    status_text: str
    key: JobKey = field(init=False, repr=False, compare=False)
    """The job's identity: one object, since it is asked for dozens of times a pass."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", JobKey(self.workspace, self.id))
