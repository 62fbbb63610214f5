"""Which failed requests are sent again by themselves, how often and when."""

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

import stamina
import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from controller.vogent.errors import ApiError, ErrorReason, Throttled, Unavailable

T = TypeVar("T")

#: How often a request is sent at most.
ATTEMPTS = 3
#: Once this many seconds have passed since the first attempt began, a failure is final.
NO_RETRY_AFTER = 60.0
#: The first wait and the longest of our own, and how much chance adds to each, in seconds.
WAIT_INITIAL, WAIT_MAX, WAIT_JITTER = 0.2, 5.0, 0.5

_log = structlog.get_logger(__name__)


async def retried(once: Callable[[], Awaitable[T]], wait: Callable[[Exception], bool | float] | None = None) -> T:
    """Send a request that may be repeated, again where there was no answer, a 5xx or a 429; the rest is raised.
    `wait` says after which error and how long, by default as `wait_before_retry`.

    What succeeds at once, as nearly all do, costs nothing more: the first failure is handed to the attempts afterwards.
    """
    try:
        return await once()
    except (Throttled, Unavailable) as error:
        failure: ApiError | None = error
    async for attempt in _attempts(wait or wait_before_retry):
        with attempt:
            if failure is not None:
                first, failure = failure, None
                raise first
            return await once()
    raise AssertionError("the last attempt returns or raises")


def _attempts(wait: Callable[[Exception], bool | float]) -> AsyncIterable[stamina.Attempt]:
    return stamina.retry_context(
        on=wait,
        attempts=ATTEMPTS,
        timeout=NO_RETRY_AFTER,
        wait_initial=WAIT_INITIAL,
        wait_max=WAIT_MAX,
        wait_jitter=WAIT_JITTER,
    )


def wait_before_retry(error: Exception) -> bool | float:
    """Whether to send again after this error: False, True (after our own backoff), or after that many seconds."""
    if isinstance(error, Throttled) and error.retry_after is not None:
        return error.retry_after
    return isinstance(error, Throttled | Unavailable)


def wait_before_pausing_again(error: Exception) -> bool | float:
    """The same for a pause: at once where there was no answer in time, since that time was wait enough while the job
    may dial.
    """
    if isinstance(error, Unavailable) and error.reason is ErrorReason.TIMEOUT:
        return 0.0
    return wait_before_retry(error)


def retry_hook(details: RetryDetails) -> None:
    """Log `request.retried`. stamina's own hook logs the error's repr and the arguments; this one names our facts."""
    error = details.caused_by
    _log.info(
        "request.retried",
        reason=error.reason.value if isinstance(error, ApiError) else type(error).__name__,
        problem=str(error) if isinstance(error, ApiError) else None,
        attempt=details.retry_num,
        wait_seconds=round(details.wait_for, 3),
    )


def install_retry_hook() -> None:
    """Make `retry_hook` the only hook of this process. For the composition root."""
    set_on_retry_hooks([retry_hook])
