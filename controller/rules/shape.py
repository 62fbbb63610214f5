"""Runs pydantic models over documents and says what they found in our words, with our places."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from controller.rules.document import REFUSED, Document
from controller.rules.problem import Problem
from controller.rules.wording import Path, nearest, shown, text

_WRONG: Final = {
    "bool_type": "{value} is not a truth value",
    "dict_type": "{value} is not a mapping",
    "greater_than_equal": "{value} is out of range",
    "int_type": "{value} is not a whole number",
    "less_than_equal": "{value} is out of range",
    "list_type": "{value} is not a list",
    "literal_error": "{value} is not a choice here",
    "missing": "is missing",
    "model_type": "{value} is not a mapping",
    "too_short": "it is empty",
}
"""What is wrong, by pydantic's kind of error."""


class Strict(BaseModel):
    """The base of our files' models. A field's description is what a problem offers as right."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)


Model = TypeVar("Model", bound=Strict)
Value = TypeVar("Value", bound=StrEnum)


def validated(
    model: type[Model],
    document: Document,
    path: Path,
    raw: object,
    context: object = None,
) -> tuple[Model | None, list[Problem]]:
    """Read what stands at the path of the document: the model, or None and every problem."""
    try:
        return model.model_validate(raw, context=context), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [_problem(model, document, path, each) for each in found if each["input"] is not REFUSED]


def choice(values: type[Value]) -> Callable[[object], Value]:
    """Make a validator that reads one of the words of an enum."""

    def read(value: object) -> Value:
        written = text(value)
        if written not in list(values):
            raise ValueError(f"{shown(written)} is not a choice here, {nearest(written, values)}")
        return values(written)

    return read


def item_errors(found: Iterable[tuple[int, str]]) -> None:
    """Raise what is wrong with single items of a list, so that each is reported at its own place."""
    errors = [
        InitErrorDetails(type=PydanticCustomError("item", "{message}", {"message": message}), loc=(index,), input=None)
        for index, message in found
    ]
    if errors:
        raise ValidationError.from_exception_data("items", errors)


def _problem(model: type[Strict], document: Document, path: Path, error: ErrorDetails) -> Problem:
    loc = error["loc"]
    if loc and loc[-1] == "[key]":
        return document.key_problem((*path, *loc[:-1]), _message(model, error))
    if error["type"] == "extra_forbidden":
        return document.key_problem((*path, *loc), _message(model, error))
    return document.problem((*path, *loc), _message(model, error))


def _message(model: type[Strict], error: ErrorDetails) -> str:
    kind = error["type"]
    owner, field = _at(model, error["loc"])
    if kind == "extra_forbidden":
        return f"unknown key, {nearest(str(error['loc'][-1]), _fields(owner))}"
    if kind in _WRONG:
        right = (field.description if field else None) or f"write a mapping with {', '.join(_fields(owner))}"
        return f"{_WRONG[kind].format(value=shown(error['input']))}, {right}"
    return error["msg"].removeprefix("Value error, ")


def _at(model: type[Strict], loc: Path) -> tuple[type[Strict], FieldInfo | None]:
    """Find the model that an error speaks of, and the field of it; keys of mappings and list positions are skipped."""
    owner: type[Strict] = model
    field: FieldInfo | None = None
    for part in loc:
        inner = _model_in(field.annotation) if field else None
        owner = inner or owner
        found = _fields(owner).get(str(part))
        field = found or (field if inner is None else None)
    return owner, field


def _fields(model: type[Strict]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[Strict] | None:  # noqa: ANN401 - what a field is annotated with
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
