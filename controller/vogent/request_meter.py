"""What became of each request and how long it took, told to whoever counts."""

import asyncio
from contextlib import AbstractContextManager
from typing import Protocol

from controller.vogent.errors import ApiError, ErrorReason
from controller.vogent.refusal import Kind


class RequestMeter(Protocol):
    """Whoever wants to know of each request that came to its end."""

    def ended(self, kind: Kind, reason: ErrorReason | None, seconds: float) -> None:
        """A request took so long, from its place in the budget to the whole answer; `reason` is why it failed, None
        where its answer could be read.
        """


class NoMeter:
    """Nobody counts."""

    def ended(self, kind: Kind, reason: ErrorReason | None, seconds: float) -> None:
        """Nothing follows."""


class metered(AbstractContextManager[None]):  # noqa: N801 - used as a function
    """Tell the meter what becomes of one request that is sent now. What was withdrawn or cancelled came to no end."""

    __slots__ = ("_begun", "_kind", "_meter")

    def __init__(self, meter: RequestMeter, kind: Kind) -> None:
        self._meter = meter
        self._kind = kind

    def __enter__(self) -> None:
        self._begun = asyncio.get_running_loop().time()

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if error is None or isinstance(error, ApiError):
            reason = None if error is None else error.reason
            self._meter.ended(self._kind, reason, asyncio.get_running_loop().time() - self._begun)
