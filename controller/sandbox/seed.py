"""The jobs that a sandbox begins with: a list in YAML or JSON."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from controller.core.job import Status
from controller.sandbox.schedule import weekly_slots

LARGEST_FILE = 1 << 20
"""Bytes; rows are given as a count, so that no sensible file comes near."""


class SeedError(ValueError):
    """`problems` has one line for each thing that is wrong, with its place."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SeedJob:
    """A job to begin with.

    `rows` is a count of simulated numbers, `schedule` the reference's WeeklySchedule; without an id the sandbox gives
    one.
    """

    name: str
    status: Status = Status.INIT
    agent: str = "agent-1"
    rows: int = 100
    max_concurrent_dials: int = 5
    schedule: Mapping[str, Any] | None = None
    id: str | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    status: Literal["INIT", "ACTIVE", "PAUSED", "COMPLETE", "CANCELLED"] = "INIT"
    agent: Annotated[str, Field(min_length=1)] = "agent-1"
    rows: Annotated[int, Field(ge=0)] = 100
    max_concurrent_dials: Annotated[int, Field(ge=1)] = 5
    schedule: dict[str, Any] | None = None
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] | None = None

    def as_job(self) -> SeedJob:
        return SeedJob(**{**self.model_dump(), "status": Status(self.status)})


_ENTRIES = TypeAdapter(list[_Entry])


def load_jobs(path: Path) -> list[SeedJob]:
    """Read a seed file: a list of `{name, id?, status?, agent?, rows?, max_concurrent_dials?, schedule?}`.

    Raises SeedError with every problem, and OSError where the file cannot be read.
    """
    value = _parse(path)
    if not isinstance(value, list):
        raise SeedError((f"{path}: the file must hold a list of jobs, such as `- {{name: US renewals 1, rows: 50}}`",))
    try:
        entries = _ENTRIES.validate_python(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise SeedError(tuple(f"{path}: {_place(one['loc'])}: {one['msg']}" for one in problems)) from error
    _refuse_the_impossible(path, entries)
    return [entry.as_job() for entry in entries]


def _parse(path: Path) -> object:
    text = path.read_bytes()
    if len(text) > LARGEST_FILE:
        raise SeedError((f"{path}: the file has {len(text)} bytes; at most {LARGEST_FILE} are read",))
    with suppress(ValueError, RecursionError):
        return json.loads(text)  # YAML would take the two halves of an escaped emoji for two characters
    try:
        return YAML(typ="safe", pure=True).load(BytesIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{mark.line + 1}:{mark.column + 1}: " if mark is not None else ""
        raise SeedError((f"{path}:{place}{error.problem or 'not YAML'}; YAML or JSON is wanted",)) from error
    except (YAMLError, UnicodeError, RecursionError, ValueError) as error:
        raise SeedError((f"{path}: this is no YAML or JSON text in UTF-8",)) from error


def _refuse_the_impossible(path: Path, entries: list[_Entry]) -> None:
    problems = []
    first_with: dict[str, int] = {}
    for index, entry in enumerate(entries):
        if entry.id is not None:
            first = first_with.setdefault(entry.id, index)
            if first != index:
                problems.append(f"{path}: [{index}].id: {entry.id!r} is the id of [{first}] too; ids must differ")
        if entry.schedule is not None:
            try:
                weekly_slots(entry.schedule)
            except ValueError as error:
                problems.append(f"{path}: [{index}].schedule: {error}")
    if problems:
        raise SeedError(tuple(problems))


def _place(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
