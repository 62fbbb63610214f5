"""Request bodies, as the reference's schemas have them: types are strict, unknown fields are ignored."""

import json
from typing import Annotated, NoReturn, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from controller.sandbox.refused import RefusedError

T = TypeVar("T")


def _refuse_null(value: T) -> T:
    if value is None:
        raise ValueError("must be left out rather than null")
    return value


_NotNull = BeforeValidator(_refuse_null)


class _Body(BaseModel):
    model_config = ConfigDict(strict=True)


class TimeSlot(_Body):
    """Local times of day, HH:MM in the readable case."""

    startTime: str  # noqa: N815 - the reference's name, as are those below
    endTime: str  # noqa: N815


class DaySchedule(_Body):
    """0 is Sunday."""

    dayOfWeek: Annotated[int, Field(ge=0, le=6)]  # noqa: N815
    timeSlots: list[TimeSlot]  # noqa: N815


class WeeklySchedule(_Body):
    """A schedule as answers show it."""

    days: list[DaySchedule]
    timezone: str


class WeeklyScheduleInput(WeeklySchedule):
    """`disableSchedule: true` takes the schedule away."""

    disableSchedule: Annotated[bool | None, _NotNull] = None  # noqa: N815

    def as_text(self) -> str | None:
        """Write the schedule as JSON text, or None where it is disabled."""
        if self.disableSchedule:
            return None
        return json.dumps(self.model_dump(exclude={"disableSchedule"}))


class RowBody(_Body):
    """One number to dial."""

    toNumber: str  # noqa: N815
    inputs: Annotated[dict[str, str] | None, _NotNull] = None


class CreateBody(_Body):
    """What POST /batch_dial_jobs takes."""

    callAgentId: str  # noqa: N815
    maxConcurrentDials: int  # noqa: N815
    name: str
    rows: list[RowBody]
    fromPhoneNumberIds: Annotated[list[str] | None, _NotNull] = None  # noqa: N815
    schedule: Annotated[WeeklyScheduleInput | None, _NotNull] = None


class UpdateBody(_Body):
    """What PUT /batch_dial_jobs/{id} takes: what is left out stays as it is."""

    maxConcurrentDials: Annotated[int | None, _NotNull] = None  # noqa: N815
    fromPhoneNumberIds: Annotated[list[str] | None, _NotNull] = None  # noqa: N815
    schedule: Annotated[WeeklyScheduleInput | None, _NotNull] = None


class PausedBody(_Body):
    """What POST …/paused takes."""

    paused: bool


B = TypeVar("B", bound=_Body)


def parse_body(model: type[B], content_type: str, body: bytes) -> B:
    """Read the body as the model has it.

    Raises RefusedError: 400 where it is no JSON, 422 where a field is wrong.
    """
    if content_type != "application/json":
        raise RefusedError(400, f"the body must be application/json, not {content_type}")
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "the body is not valid JSON") from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise RefusedError(422, "the body is not what the reference describes", describe(error)) from error


def describe(error: ValidationError) -> tuple[str, ...]:
    """One line for each problem: the place in dotted form, and what is wrong there."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return tuple(f"{'.'.join(str(part) for part in one['loc']) or 'the body'}: {one['msg']}" for one in found)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
