"""The date that an answer bears: the only other clock that the daemon meets."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Protocol


class TimeWitness(Protocol):
    """Whoever wants to know what time the server thinks it is."""

    def asked(self) -> float:
        """A mark for the begin of a request."""

    def dated(self, date: float, asked: float) -> None:
        """The answer to the request of that mark bears this date, in epoch seconds; infinite: no date at all."""


class NoWitness:
    """Nobody wants to know."""

    def asked(self) -> float:
        """Any number does."""
        return 0.0

    def dated(self, date: float, asked: float) -> None:
        """Nothing follows."""


def date_of(headers: Mapping[str, str]) -> float | None:
    """The epoch seconds at which the server wrote the answer; None where it does not say, or a cache answered.

    Infinite where it says what is no date: there is a clock that is not to be trusted, and it may be ours.
    """
    if "Age" in headers or "Date" not in headers:
        return None
    return _read(headers["Date"])


@lru_cache(maxsize=64)
def _read(text: str) -> float:
    """All answers of a second bear the same."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return math.inf
