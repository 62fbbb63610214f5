"""Slowing down those who bring wrong tokens.

A right token never waits: a forgotten script behind the same proxy must not lock out who wants to stop the dialing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from controller.web.limits import REMEMBERED, refuse_after

FREE: Final = 3
"""So many slips of an address cost nothing."""
FIRST: Final = 0.5
"""Real seconds that the next one waits for its answer; each further one twice as long."""
LONGEST: Final = 8.0
"""Real seconds that any waits at most."""
FORGIVEN: Final = 900.0
"""Real seconds without any after which an address begins anew."""
WAITING: Final = 4
"""How many of one address may wait at once; more are turned away."""
ALL_WAITING: Final = 64
"""The same of all addresses."""
TOLD_EVERY: Final = 60.0
"""Real seconds between two reports."""


@dataclass(slots=True)
class _Client:
    slips: int = 0
    last: float = 0.0
    waiting: int = 0


@dataclass(slots=True)
class Refusals:
    """Remembers the last addresses. `tell` is given an address and how many slips there were since it was told last;
    `time` gives real seconds, `sleep` waits for some.
    """

    tell: Callable[[str, int], None]
    time: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _clients: OrderedDict[str, _Client] = field(init=False, default_factory=OrderedDict)
    _waiting: int = field(init=False, default=0)
    _untold: int = field(init=False, default=0)
    _told_at: float | None = field(init=False, default=None)

    async def slip(self, address: str) -> None:
        """Somebody brought a wrong token: have them wait. Raises ProblemError where too many wait already."""
        client = self._client(address)
        client.slips += 1
        client.last = self.time()
        self._report(address)
        seconds = _wait(client.slips)
        if not seconds:
            return
        if client.waiting >= WAITING or self._waiting >= ALL_WAITING:
            refuse_after(seconds, "wrong tokens")
        client.waiting += 1
        self._waiting += 1
        try:
            await self.sleep(seconds)
        finally:
            client.waiting -= 1
            self._waiting -= 1

    def _client(self, address: str) -> _Client:
        client = self._clients.pop(address, None)
        if client is None or self.time() - client.last > FORGIVEN:
            client = _Client(waiting=0 if client is None else client.waiting)
        self._clients[address] = client
        if len(self._clients) > REMEMBERED:
            self._clients.popitem(last=False)
        return client

    def _report(self, address: str) -> None:
        self._untold += 1
        now = self.time()
        if self._told_at is None or now - self._told_at >= TOLD_EVERY:
            self.tell(address, self._untold)
            self._told_at, self._untold = now, 0


def _wait(slips: int) -> float:
    return 0.0 if slips <= FREE else min(LONGEST, FIRST * 2.0 ** min(slips - FREE - 1, 20))
