"""The one place that reads the clock."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from controller.core.interval import Instant


class Clock(Protocol):
    """What the program knows of time. `rate` is how many of this clock's seconds pass in a real one."""

    @property
    def rate(self) -> float:
        """How many seconds of this clock pass in one real second."""

    def now(self) -> Instant:
        """The current instant."""

    def monotonic(self) -> float:
        """Seconds of this clock that only grow, whatever is done to the wall clock; only differences mean anything."""

    def real(self, instant: Instant) -> datetime:
        """The aware UTC moment of the machine's own clock at which this clock reads `instant`."""

    async def sleep(self, seconds: float) -> None:
        """Wait for that many seconds of this clock."""


def monotonic_microseconds() -> int:
    """CLOCK_MONOTONIC of the machine, as the service manager wants it."""
    return time.monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    rate: float = 1.0

    def now(self) -> Instant:
        """The current instant."""
        return time.time()

    def monotonic(self) -> float:
        """What the machine's own monotonic clock reads."""
        return time.monotonic()

    def real(self, instant: Instant) -> datetime:
        """The same instant as an aware datetime."""
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        from asyncio import sleep  # noqa: PLC0415 - slow to import, and `check` waits for nothing

        await sleep(seconds)


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """A clock that read `start` when the machine's read `anchor`, and runs `rate` times as fast: for the demo and for
    tests, where several processes share one by sharing the three numbers. Never for a real workspace.
    """

    start: Instant
    anchor: Instant
    rate: float = 1.0

    @classmethod
    def parse(cls, text: str) -> "ShiftedClock":
        """Read `start,anchor,rate`, three numbers as in the class. Raises ValueError."""
        start, anchor, rate = (float(part) for part in text.split(","))
        if not rate > 0:
            raise ValueError("the rate must be above 0")
        return cls(start, anchor, rate)

    @classmethod
    def from_now(cls, start: Instant, rate: float) -> "ShiftedClock":
        """A clock that reads `start` now."""
        return cls(start, time.time(), rate)

    def __str__(self) -> str:
        return f"{self.start!r},{self.anchor!r},{self.rate!r}"

    def now(self) -> Instant:
        """The current instant of this clock."""
        return self.start + (time.time() - self.anchor) * self.rate

    def monotonic(self) -> float:
        """The machine's monotonic clock at this one's rate."""
        return time.monotonic() * self.rate

    def real(self, instant: Instant) -> datetime:
        """When the machine's clock will read as this one's `instant`."""
        return datetime.fromtimestamp(self.anchor + (instant - self.start) / self.rate, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for that many seconds of this clock."""
        from asyncio import sleep  # noqa: PLC0415 - slow to import, and `check` waits for nothing

        await sleep(seconds / self.rate)


@dataclass(frozen=True, slots=True)
class StoppedClock:
    """A clock that always reads the same: for asking what would be done at another time."""

    instant: Instant
    rate: float = 1.0

    def now(self) -> Instant:
        """That instant."""
        return self.instant

    def monotonic(self) -> float:
        """It does not move."""
        return self.instant

    def real(self, instant: Instant) -> datetime:
        """The same instant as an aware datetime."""
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, _seconds: float) -> None:
        """Give the others a turn; this clock does not move."""
        from asyncio import sleep  # noqa: PLC0415 - slow to import, and `check` waits for nothing

        await sleep(0)
