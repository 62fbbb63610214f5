"""What is wrong in a file of ours, and where."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class _Remark:
    """`line` and `column` count from 1 and are 0 where a remark is about a whole file or folder.

    `key_path` is written as `campaigns.us-renewals.match.names[0]`, and empty where no key is meant. `message` says
    what is wrong and what would be right.
    """

    file: str
    line: int
    column: int
    key_path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        parts = (place, self.key_path, self.message) if self.key_path else (place, self.message)
        return _one_line(": ".join(parts))


def _one_line(text: str) -> str:
    """Escape what cannot be printed: a message may quote any name of a file, and stays one line all the same."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


@dataclass(frozen=True, slots=True, order=True)
class Problem(_Remark):
    """A reason to refuse the files."""


@dataclass(frozen=True, slots=True, order=True)
class LintWarning(_Remark):
    """A sign that valid rules may not mean what they say."""


class RulesError(Exception):
    """Files of ours that are refused: `problems` holds every one of them, sorted by place. The text is one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
