"""The second way of alarms: told on stderr where the reader of stdout does not come to read them."""

import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TextIO

from controller.telemetry.outlet import Outlet

PATIENCE: Final = 5.0
"""For how many seconds a line may wait for its reader before the reader is late."""
WAITING_ALARMS: Final = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line without its newline, and the monotonic second at which it was queued."""

    text: str
    queued: float


class Alarms:
    """Alarms that are not written yet, and the second way by which each is told once if need be; it never blocks.

    `stream` is the second way of those that are to be written to `first`. There is none where that is the same file:
    whoever does not read the one does not read the other. `expect` may be called from any thread, everything else from
    the writer's.
    """

    def __init__(
        self, first: TextIO, stream: TextIO | None, patience: float = PATIENCE, limit: int = WAITING_ALARMS
    ) -> None:
        self.patience = patience
        self._outlet = _second_outlet(first, stream)
        self._limit = limit
        self._waiting: deque[Line] = deque()
        self._overflowed = 0
        self._refused = 0

    @property
    def untold(self) -> int:
        """How many alarms the second way did not take: stuck too, or broken."""
        return self._overflowed + self._refused

    def expect(self, line: Line) -> None:
        """Let this alarm wait from now on."""
        if self._outlet is None:
            return
        if len(self._waiting) < self._limit:
            self._waiting.append(line)
        else:
            self._overflowed += 1

    def written(self, line: Line) -> None:
        """Wait no more for this line, an alarm or not: it went out by the first way."""
        if self._waiting:
            with suppress(ValueError):
                self._waiting.remove(line)

    def tell(self) -> None:
        """Tell what waits, as far as the second way takes it now; the rest goes on waiting."""
        if self._outlet is not None:
            while self._free(self._outlet) and self._waiting:
                self._outlet.load([f"{self._waiting.popleft().text}\n"])

    def give_up(self) -> None:
        """Tell for the last time."""
        self.tell()
        self._refused += len(self._waiting) + (self._outlet is not None and not self._outlet.done)
        self._waiting.clear()

    def _free(self, outlet: Outlet) -> bool:
        """Whether the second way took the line before, or refused it for good."""
        try:
            while not outlet.done:
                if not outlet.push(0):
                    return False
        except OSError:
            self._refused += 1
        return True


def _second_outlet(first: TextIO, stream: TextIO | None) -> Outlet | None:
    try:
        if stream is None or os.path.sameopenfile(first.fileno(), stream.fileno()):
            return None
        return Outlet(stream.fileno())
    except (OSError, ValueError, AttributeError):  # a stream in memory, or a closed one
        return None
