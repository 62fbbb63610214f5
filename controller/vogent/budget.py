"""How many requests may be in flight at once, and whose turn it is."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Lane:
    held: int = 0
    # Ordered and hashed: a place that is given up while ten thousand wait leaves at once.
    queue: "OrderedDict[asyncio.Future[None], None]" = field(default_factory=OrderedDict)


class Budget:
    """At most `limit` requests in flight over two lanes, each first come, first served.

    A place that frees goes to a waiting pause first. While a pause waits, or a reservation stands for one that is
    between two attempts, other requests are admitted only up to half of the limit, at least one. Belongs to one event
    loop. Raises ValueError for a limit below 1.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"a budget of {limit} requests admits none; give at least 1")
        self.limit = limit
        self._pauses = _Lane()
        self._others = _Lane()
        self._reservations = 0

    @property
    def in_flight(self) -> int:
        """How many places are taken."""
        return self._pauses.held + self._others.held

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return len(self._pauses.queue) + len(self._others.queue)

    @asynccontextmanager
    async def pause(self) -> AsyncIterator[None]:
        """Hold a place for a pause."""
        await self._take(self._pauses)
        try:
            yield
        finally:
            self._give_back(self._pauses)

    @asynccontextmanager
    async def other(self) -> AsyncIterator[None]:
        """Hold a place for any other request."""
        await self._take(self._others)
        try:
            yield
        finally:
            self._give_back(self._others)

    @contextmanager
    def reserve(self) -> Iterator[None]:
        """Keep half of the places from other requests while a pause is under way, between its attempts too."""
        self._reservations += 1
        try:
            yield
        finally:
            self._reservations -= 1
            self._admit()

    async def _take(self, lane: _Lane) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.queue[place] = None
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if lane.queue.pop(place, place) is place:  # it had been admitted before the cancellation arrived
                lane.held -= 1
            self._admit()
            raise

    def _give_back(self, lane: _Lane) -> None:
        lane.held -= 1
        self._admit()

    def _admit(self) -> None:
        while self._pauses.queue and self.in_flight < self.limit:
            _hand_over(self._pauses)
        while self._others.queue and self.in_flight < self.limit and self._others.held < self._others_limit():
            _hand_over(self._others)

    def _others_limit(self) -> int:
        return max(1, self.limit // 2) if self._pauses.queue or self._reservations else self.limit


def _hand_over(lane: _Lane) -> None:
    place, _ = lane.queue.popitem(last=False)
    lane.held += 1
    # A cancelled place counts as handed over too: its owner, who has yet to run, gives it back.
    if not place.done():
        place.set_result(None)
