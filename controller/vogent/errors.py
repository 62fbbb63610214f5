"""What can go wrong with the API, sorted by what the caller must do.

ApiError
├── Unavailable     no answer, or a 5xx: the outcome of a POST is unknown, so read before anything else
├── Throttled       429: wait `retry_after` seconds
├── Unauthorized    401 or 403: on the list nothing is controllable, on one job it is that job's error
├── NotFound        400, 404 or 422 to a GET of one job: gone, or never was
├── Rejected        any other 4xx, and every one to a write: read the job and judge by its status
└── ContractError   an answer that cannot be read
"""

from enum import StrEnum


class ErrorReason(StrEnum):
    """The bounded set of reasons: log field and metric label."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    SERVER_ERROR = "server_error"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    CONTRACT = "contract"
    KEY_UNREADABLE = "key_unreadable"


class ApiError(Exception):
    """Anything that kept a request from giving a readable answer. Its text never holds the key or a response body.

    `status` is the HTTP status where one came. `outcome_unknown` is true for a write that may have had its effect
    although it failed: read the job before anything else.
    """

    def __init__(
        self,
        reason: ErrorReason,
        message: str,
        *,
        status: int | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status
        self.outcome_unknown = outcome_unknown


class Unavailable(ApiError):  # noqa: N818 - named for what the caller meets, as the design's tree names it
    """Timeout, connection failure or 5xx."""


class Throttled(ApiError):  # noqa: N818 - see Unavailable
    """429. `retry_after` is in seconds, already clamped to 0…60; None where the answer named none."""

    def __init__(self, message: str, *, retry_after: float | None) -> None:
        super().__init__(ErrorReason.THROTTLED, message, status=429)
        self.retry_after = retry_after


class Unauthorized(ApiError):  # noqa: N818 - see Unavailable
    """401 or 403, or no key to send."""


class NotFound(ApiError):  # noqa: N818 - see Unavailable
    """400, 404 or 422 to a GET of one job."""


class Rejected(ApiError):  # noqa: N818 - see Unavailable
    """Another 4xx, a redirect, or any 4xx to a write."""


class ContractError(ApiError):
    """An answer that is not what the reference promises."""
