"""The forms of the page: strict, and every problem is told beside the form."""

import math
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from controller.core.interval import Instant
from controller.page.visit import FORM_KEY
from controller.rules.schema import parse_reason
from controller.web.problems import ProblemError, problems_of
from controller.web.requests import LONGEST

EVERYTHING, MATCHED, CAMPAIGN = "everything", "matched", "campaign:"
"""What a stop may be for: every job there is, every job that a campaign matches, or the jobs of one campaign."""

SPANS = {
    "": "until somebody lets go",
    "900": "15 minutes",
    "3600": "1 hour",
    "7200": "2 hours",
    "14400": "4 hours",
    "28800": "8 hours",
    "86400": "24 hours",
}
"""For how long, in seconds, and what is said of it."""


def _said(value: object) -> str:
    try:
        found = parse_reason(value)
    except ValueError:
        raise ValueError("write at least a word") from None
    if len(found) > LONGEST:
        raise ValueError(f"write {LONGEST} characters at most")
    return found


def _seconds(value: object) -> float:
    if not isinstance(value, str) or value not in SPANS:
        raise ValueError("choose one of those that are offered")
    return float(value) if value else math.inf


Said = Annotated[str, PlainValidator(_said)]
Span = Annotated[float, PlainValidator(_seconds)]


class Form(BaseModel):
    """The base of all forms."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInForm(Form):
    """Who it is, and the token; `then` is where to go."""

    name: Said = Field(description="your name")
    token: str = Field(min_length=1, max_length=8192, description="the token")
    then: str = "/"


class ReasonForm(Form):
    """Why."""

    reason: Said = Field(description="a reason")


class HoldForm(ReasonForm):
    """Why a job must not dial, and for how long."""

    span: Span

    def until(self, now: Instant) -> Instant:
        """The end, infinity where none was given."""
        return math.inf if math.isinf(self.span) else math.floor(now) + self.span


class StopForm(HoldForm):
    """What is to stop."""

    scope: str = Field(max_length=LONGEST)


class WrongForm(Exception):  # noqa: N818 - it says what happened
    """A form that cannot be taken; `problems` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


FormT = TypeVar("FormT", bound=Form)


async def form_of(request: web.Request, model: type[FormT]) -> FormT:
    """The form as sent. Raises WrongForm, and ProblemError for one that no page of ours sends."""
    given = await fields_of(request)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise WrongForm([_told(model, each["where"], each["what"]) for each in problems_of(error)]) from None


async def fields_of(request: web.Request) -> dict[str, Any]:
    """The fields as sent, each once."""
    sent = await request.post()
    if any(len(sent.getall(name)) > 1 or not isinstance(sent[name], str) for name in sent):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "a field of the form was sent twice")
    return {name: value for name, value in sent.items() if name != FORM_KEY}


def _told(model: type[Form], where: str, what: str) -> str:
    field = model.model_fields.get(where)
    if field is not None and field.description:
        return f"{field.description[:1].upper()}{field.description[1:]} is needed: {what}"
    return f"{where}: {what}"
