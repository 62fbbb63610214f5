"""The jobs of a sandbox on disk, so that a process that is started again comes back with them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from controller.sandbox.jobs import SandboxJob


class StateFileError(ValueError):
    """The file exists, and is not what this program wrote."""


@dataclass(frozen=True, slots=True)
class SavedState:
    """`numbered` is how many jobs were ever numbered, so that no id comes twice."""

    version: Literal[1]
    numbered: int
    jobs: list[SandboxJob]


_SAVED = TypeAdapter(SavedState)


def read_state(path: Path) -> SavedState | None:
    """Read what was saved, or None where the file does not exist. Raises StateFileError, OSError."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _SAVED.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise StateFileError(
            f"{path}: {place}: {first['msg']}; a sandbox's state file of version 1 is wanted (delete it to begin anew)",
        ) from error


def write_state(path: Path, state: SavedState) -> None:
    """Replace the file whole: a reader, or a crash, sees the old text or the new one. Raises OSError."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    unfinished.write_bytes(_SAVED.dump_json(state))
    unfinished.replace(path)
