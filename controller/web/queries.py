"""What may be asked in the query of a URL: strict, and every problem is told at once."""

import re
from typing import Annotated, Literal, Self, TypeVar

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from controller.core.decision import Reason
from controller.core.interval import Instant
from controller.core.job import JobKey, Status
from controller.rules.clock_text import parse_instant
from controller.web.problems import Unprocessable

LONGEST = 500
"""Characters of a text."""

_WHOLE = re.compile(r"[0-9]{1,19}")
_LOST_PLUS = re.compile(r"(.+[Tt].+) ([0-9]{2}:[0-9]{2})")


def _whole(value: object) -> int:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise ValueError("it is not a whole number")
    return int(value)


def _instant(value: object) -> Instant:
    """A plus sign that nobody escaped arrives as a space."""
    return parse_instant(_LOST_PLUS.sub(r"\1+\2", value) if isinstance(value, str) else value)


def _job_key(value: object) -> JobKey:
    workspace, slash, job_id = str(value).partition("/")
    if not (workspace and slash and job_id):
        raise ValueError("it is not a job, write workspace/id")
    return JobKey(workspace, job_id)


Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Flag = Literal["true", "false"]
Moment = Annotated[
    Instant,
    PlainValidator(_instant, json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})]),
]
AfterJob = Annotated[
    JobKey,
    PlainValidator(_job_key, json_schema_input_type=Annotated[str, Field(pattern=r"^[^/]+/(.|\n)+$")]),
]


Limit = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)]
Id = Annotated[int, Field(ge=0, le=2**63 - 1), BeforeValidator(_whole)]


class Query(BaseModel):
    """The base of all queries: it takes none."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


QueryT = TypeVar("QueryT", bound=Query)


class JobsQuery(Query):
    """Which jobs: all that is given must fit. `text` is looked for in names and ids, in any case."""

    workspace: Text | None = None
    campaign: Text | None = None
    status: Status | None = None
    reason: Reason | None = None
    text: Text | None = None
    after: AfterJob | None = Field(default=None, description="The jobs behind this one, in the order of their keys.")
    limit: Limit = 1000


class CampaignsQuery(Query):
    """Which campaigns."""

    campaign: Text | None = None


class PreviewQuery(Query):
    """Which campaign, all by default, over which span: a week from now by default."""

    campaign: Text | None = None
    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None


class IncidentsQuery(Query):
    """The open ones, or with `closed` those that are over too: then the newest `limit` beside the rules."""

    closed: Flag = "false"
    limit: Limit = 100


class ClaimsQuery(Query):
    """The open ones, or with `closed` those that are over too: then the newest `limit`."""

    closed: Flag = "false"
    limit: Limit = 100


class AuditQuery(Query):
    """The newest lines that fit, or with `after` the oldest of them. `event` is a glob; ids are for paging."""

    workspace: Text | None = None
    job: Text | None = None
    event: Text | None = None
    since: Moment | None = None
    until: Moment | None = None
    before: Id | None = Field(default=None, description="Only lines of a lesser id.")
    after: Id | None = Field(default=None, description="Only lines of a greater id, oldest first.")
    limit: Limit = 100
    format: Literal["json", "csv"] | None = Field(default=None, description="Beside the Accept header.")

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("before and after are the two directions of paging: give one of both")
        return self


def query_of(request: web.Request, model: type[QueryT]) -> QueryT:
    """The query as asked for. Raises pydantic's ValidationError, and Unprocessable for a key that comes twice."""
    given = dict[str, str]()
    for key, value in request.query.items():
        if key in given:
            raise Unprocessable(key, "it is given twice")
        given[key] = value
    return model.model_validate(given)
