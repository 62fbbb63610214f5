"""What the API's answers look like, as far as they decide something, and how they become values of the core.

Extra fields are tolerated; what decides must be as the reference says. No message repeats an answer's own text.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.core.job import Job, Status
from controller.vogent.errors import ContractError, ErrorReason
from controller.vogent.mending import REPLACEMENT, mended
from controller.vogent.plain_jobs import plain_job, plain_page
from controller.vogent.schedule_text import canonical_schedule, compact

#: How much of a status that the reference does not list is kept, in characters.
STATUS_TEXT_LIMIT = 40
#: How many of an answer's problems a message names.
PROBLEMS_NAMED = 3

Body: TypeAlias = bytes | bytearray
ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A job in a list that cannot be read: its id where that much is legible, and what is wrong with it."""

    id: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole list of jobs, each id once."""

    jobs: tuple[Job, ...]
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuedDial:
    """A row that waits to be dialed; `to_number` is as the API gives it, by its examples E.164."""

    id: str
    to_number: str


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """One page of a list, and the cursor of the next one (None at the end)."""

    items: tuple[ItemT, ...]
    cursor: str | None


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Job(_Answer):
    # What was mended is not the id any more by which the API knows the job.
    id: Annotated[str, Field(min_length=1, pattern=f"^[^{REPLACEMENT}]+$")]
    name: str
    agent_id: Annotated[str, Field(alias="callAgentId")]
    # Anything at all may come here without spoiling the job: an unknown status and an unreadable schedule are findings.
    status: Any = "absent"
    schedule: Any = None


class _JobPage(_Answer):
    data: list[_Job]
    cursor: str | None


class _LoosePage(_Answer):
    data: list[Any]
    cursor: str | None


class _QueuedDial(_Answer):
    id: Annotated[str, Field(min_length=1)]
    to_number: Annotated[str, Field(alias="toNumber")]


class _QueuePage(_Answer):
    data: list[_QueuedDial]
    cursor: str | None


def parse_job(workspace: str, body: Body) -> Job:
    """Read the answer that is one job. Raises ContractError."""
    return plain_job(workspace, body) or parse_job_with_care(workspace, body)


def parse_job_page(workspace: str, body: Body) -> Page[Job | Unreadable]:
    """Read one page of the list; a job that cannot be read becomes an Unreadable. Raises ContractError."""
    plain = plain_page(workspace, body)
    return parse_job_page_with_care(workspace, body) if plain is None else Page(*plain)


def parse_job_with_care(workspace: str, body: Body) -> Job:
    """The same whatever is odd about the answer. Raises ContractError."""
    return _read(body, "a job", lambda body: _job(workspace, _Job.model_validate_json(body)))


def parse_job_page_with_care(workspace: str, body: Body) -> Page[Job | Unreadable]:
    """The same whatever is odd about the page. Raises ContractError."""
    return _read(body, "a page of jobs", lambda body: _job_page(workspace, body))


def parse_queue_page(body: Body) -> Page[QueuedDial]:
    """Read one page of a job's queue. Raises ContractError."""
    return _read(body, "a page of queued dials", _queue_page)


def _read(body: Body, what: str, parse: Callable[[Body | str], AnswerT]) -> AnswerT:
    """Parse an answer, mended where only that makes it JSON that can be read. Raises ContractError."""
    try:
        return parse(body)
    except ValidationError as error:
        problem, broken = _problem(error), error.errors(include_url=False)[0]["type"] == "json_invalid"
    except ValueError as error:
        problem, broken = f"answer: Invalid JSON: {error}", True
    if broken:
        with suppress(ValueError):  # a ValidationError is one: what was said of the answer as it came, stays
            return parse(mended(body))
    raise ContractError(ErrorReason.CONTRACT, f"the answer is not {what}: {problem}")


def _job_page(workspace: str, body: Body | str) -> Page[Job | Unreadable]:
    try:
        page = _JobPage.model_validate_json(body)
        return Page(tuple(_job(workspace, row) for row in page.data), page.cursor)
    except ValidationError:
        loose = _LoosePage.model_validate_json(body)
        return Page(tuple(_job_or_not(workspace, row) for row in loose.data), loose.cursor)


def _queue_page(body: Body | str) -> Page[QueuedDial]:
    page = _QueuePage.model_validate_json(body)
    return Page(tuple(QueuedDial(row.id, row.to_number) for row in page.data), page.cursor)


def _job(workspace: str, row: _Job) -> Job:
    status, text = _status(row.status)
    # Thousands of jobs share a few agents: interned, the record stays at a few hundred bytes.
    agent_id = sys.intern(row.agent_id)
    return Job(workspace, row.id, row.name, status, agent_id, canonical_schedule(row.schedule), text)


def _job_or_not(workspace: str, row: object) -> Job | Unreadable:
    if not isinstance(row, dict):
        return Unreadable(None, "not an object")
    try:
        return _job(workspace, _Job.model_validate(row))
    except ValidationError as error:
        job_id = row.get("id")
        return Unreadable(job_id if isinstance(job_id, str) and job_id else None, _problem(error))


def _status(value: object) -> tuple[Status, str]:
    text = (value if isinstance(value, str) else compact(value))[:STATUS_TEXT_LIMIT]
    try:
        status = Status(text) if isinstance(value, str) else Status.UNKNOWN
    except ValueError:
        status = Status.UNKNOWN
    return status, text if status is Status.UNKNOWN else status.value


def _problem(error: ValidationError) -> str:
    """Where and what, without the input; a place is made of our field names and positions only."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    named = [f"{'.'.join(map(str, p['loc'])) or 'answer'}: {p['msg']}" for p in problems[:PROBLEMS_NAMED]]
    more = len(problems) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")
