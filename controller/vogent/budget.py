"""How many requests may be in flight at once, and whose turn it is."""

import asyncio
from collections import OrderedDict, deque
from contextlib import AbstractAsyncContextManager, AbstractContextManager
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
        self.limit = 0
        self._pauses = _Lane()
        self._others = _Lane()
        self._reservations = 0
        self._held_back: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.set_limit(limit)

    def set_limit(self, limit: int) -> None:
        """Admit as many from now on; what holds a place keeps it. Raises ValueError below 1."""
        if limit < 1:
            raise ValueError(f"a budget of {limit} requests admits none; give at least 1")
        self.limit = limit
        self._admit()

    @property
    def in_flight(self) -> int:
        """How many places are taken."""
        return self._pauses.held + self._others.held

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return len(self._pauses.queue) + len(self._others.queue)

    def pause(self) -> AbstractAsyncContextManager[None]:
        """Hold a place for a pause."""
        return _Place(self, self._pauses)

    def other(self) -> AbstractAsyncContextManager[None]:
        """Hold a place for any other request."""
        return _Place(self, self._others)

    async def short_line(self, most: int) -> None:
        """Wait, first come, first served, until at most so many pauses wait for a place."""
        if not self._held_back and len(self._pauses.queue) <= most:
            return
        short: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held_back.append((most, short))
        await short

    def reserve(self) -> AbstractContextManager[None]:
        """Keep half of the places from other requests while a pause is under way, between its attempts too."""
        return _Reservation(self)

    def _reserve(self) -> None:
        self._reservations += 1

    def _end_reservation(self) -> None:
        self._reservations -= 1
        if self._others.queue:
            self._admit()

    async def _take(self, lane: _Lane) -> None:
        if not lane.queue and not self._pauses.queue and self._has_room_for(lane):
            lane.held += 1
            return
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
        while self._pauses.queue and self._has_room_for(self._pauses):
            _hand_over(self._pauses)
        while self._others.queue and self._has_room_for(self._others):
            _hand_over(self._others)
        while self._held_back and len(self._pauses.queue) <= self._held_back[0][0]:
            _, short = self._held_back.popleft()
            if not short.done():
                short.set_result(None)

    def _has_room_for(self, lane: _Lane) -> bool:
        within = lane is self._pauses or lane.held < self._others_limit()
        return within and self.in_flight < self.limit

    def _others_limit(self) -> int:
        return max(1, self.limit // 2) if self._pauses.queue or self._reservations else self.limit


# Classes, not generators: thousands of requests go through these in a second, and each would pay for a frame more.


class _Place(AbstractAsyncContextManager[None]):
    __slots__ = ("_budget", "_lane")

    def __init__(self, budget: Budget, lane: _Lane) -> None:
        self._budget = budget
        self._lane = lane

    async def __aenter__(self) -> None:
        await self._budget._take(self._lane)  # noqa: SLF001 - its own

    async def __aexit__(self, *_: object) -> None:
        self._budget._give_back(self._lane)  # noqa: SLF001 - its own


class _Reservation(AbstractContextManager[None]):
    __slots__ = ("_budget",)

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def __enter__(self) -> None:
        self._budget._reserve()  # noqa: SLF001 - its own

    def __exit__(self, *_: object) -> None:
        self._budget._end_reservation()  # noqa: SLF001 - its own


def _hand_over(lane: _Lane) -> None:
    place, _ = lane.queue.popitem(last=False)
    lane.held += 1
    # A cancelled place counts as handed over too: its owner, who has yet to run, gives it back.
    if not place.done():
        place.set_result(None)
