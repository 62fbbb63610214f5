"""What an HTTP status other than success means: which error, and how long to wait."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus

from controller.vogent.errors import ApiError, ErrorReason, NotFound, Rejected, Throttled, Unauthorized, Unavailable

#: The longest wait that an answer can ask for, in seconds.
LONGEST_WAIT = 60.0

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_GONE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})


class Kind(Enum):
    """What a request is for, which decides what a 4xx means and how long the answer may be (its value, in bytes)."""

    PAGE = ("page", 32 * 2**20)
    JOB = ("job", 2**20)
    WRITE = ("write", 2**20)

    @property
    def longest_body(self) -> int:
        """How many bytes of an answer are read at most."""
        return self.value[1]


def refusal(kind: Kind, what: str, status: int, headers: Mapping[str, str]) -> ApiError | None:
    """Give the error that this status stands for, None for a 2xx. `what` begins its message."""
    if 200 <= status < 300:  # noqa: PLR2004 - the 2xx
        return None
    message = f"{what}: {_phrase(status)}"
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Unauthorized(ErrorReason.UNAUTHORIZED, message, status=status)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(message, retry_after=retry_after(headers))
        case _ if status in _GONE and kind is Kind.JOB:
            return NotFound(ErrorReason.NOT_FOUND, message, status=status)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            unknown = kind is Kind.WRITE
            return Unavailable(ErrorReason.SERVER_ERROR, message, status=status, outcome_unknown=unknown)
        case _:
            return Rejected(ErrorReason.REJECTED, message, status=status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, clamped to 0…60; None where it is absent or cannot be read.

    A date in it is measured against the answer's own `Date`, so that neither clock need be right.
    """
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    until, sent = _instant(text), _instant(headers.get("Date", ""))
    return None if until is None or sent is None else min(max(until - sent, 0.0), LONGEST_WAIT)


def _instant(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return None if moment.tzinfo is None else moment.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _phrase(status: int) -> str:
    # Our own words for the number: the server's could hold anything.
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
