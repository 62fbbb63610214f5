"""What a check says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What was seen is right, doubtful or could not be looked at, or wrong."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `name` is what kind of thing, `about` which one (empty where there is only one).

    `seen` is a fact; `todo` says what would be right, and is empty where nothing is to be done.
    """

    name: str
    about: str
    verdict: Verdict
    seen: str
    todo: str = ""


def ok(name: str, about: str, seen: str) -> Check:
    """It is right."""
    return Check(name, about, Verdict.OK, seen)


def warn(name: str, about: str, seen: str, todo: str) -> Check:
    """It may be meant, or could not be looked at."""
    return Check(name, about, Verdict.WARN, seen, todo)


def fail(name: str, about: str, seen: str, todo: str) -> Check:
    """The daemon could not do its work here, or not safely."""
    return Check(name, about, Verdict.FAIL, seen, todo)


def failed(checks: Iterable[Check]) -> bool:
    """Whether anything is wrong; what is doubtful is not."""
    return any(check.verdict is Verdict.FAIL for check in checks)


def some(names: Iterable[str], most: int = 5) -> str:
    """The first few of many names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
