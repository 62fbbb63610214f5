"""What became of each request and how long it took, told to whoever counts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def metered(meter: RequestMeter, kind: Kind) -> Iterator[None]:
    """Tell the meter what becomes of one request that is sent now. What was withdrawn or cancelled came to no end."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        yield
    except ApiError as error:
        meter.ended(kind, error.reason, loop.time() - begun)
        raise
    meter.ended(kind, None, loop.time() - begun)
