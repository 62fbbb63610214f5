"""What people and machines ask to change, as it is sent: strict, and every problem is told at once."""

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from controller.core.campaign import Selector
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.rules.clock_text import parse_instant
from controller.rules.schema import IncidentSelectorRule, parse_reason
from controller.runtime.operations import WantedIncident

LONGEST = 500
"""Characters of a reason or a name."""
MOST_JOBS = 10_000
"""Of one request."""

_Said = Annotated[
    str,
    PlainValidator(parse_reason, json_schema_input_type=Annotated[str, Field(pattern=r"\S", max_length=LONGEST)]),
    Field(max_length=LONGEST),
]


def _parse_until(value: object) -> Instant | None:
    return None if value is None else parse_instant(value)


_Until = Annotated[
    Instant | None,
    PlainValidator(
        _parse_until,
        json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None,
    ),
]


class Body(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class JobName(Body):
    """A job."""

    workspace: str = Field(min_length=1, max_length=63)
    id: str = Field(min_length=1, max_length=LONGEST)


class Explained(Body):
    """Who asks, and why: the audit shows it."""

    author: _Said
    reason: _Said


class JobsRequest(Explained):
    """Jobs to adopt or to release."""

    jobs: list[JobName] = Field(min_length=1, max_length=MOST_JOBS)

    @property
    def keys(self) -> list[JobKey]:
        """The jobs meant, each once."""
        return list(dict.fromkeys(JobKey(job.workspace, job.id) for job in self.jobs))


class HoldRequest(JobsRequest):
    """Jobs to hold; `until` null: until somebody releases them."""

    until: _Until = None

    @property
    def end(self) -> Instant:
        """Its end, infinity where none was given."""
        return math.inf if self.until is None else self.until


class IncidentRequest(Explained):
    """An incident to open: of what `match` selects, of `everything`, or else of every job that a campaign matches."""

    name: _Said | None = None
    until: _Until = None
    match: IncidentSelectorRule | None = None
    everything: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.everything and self.match is not None:
            raise ValueError("everything leaves nothing to match: give one of both")
        return self

    def wanted(self) -> WantedIncident:
        """Give it as a value."""
        until = math.inf if self.until is None else self.until
        match = None if self.match is None else Selector(**self.match.texts())
        return WantedIncident(self.reason, self.name, until, match, self.everything)


class ExtendRequest(Explained):
    """The later end of an incident; `until` null: open until somebody closes it."""

    until: _Until

    @property
    def end(self) -> Instant:
        """The end, infinity where none is wanted."""
        return math.inf if self.until is None else self.until
