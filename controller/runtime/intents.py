"""How many intents are stored at once, and how long those who store them have waited."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from controller.runtime.ledger import Ledger
from controller.store.changes import Change

FEW, MOST = 100, 200
"""How many jobs have their intents in one transaction: few, so that their requests are spread out and others get their
turn; many where each transaction takes its time. The design allows no more.
"""
QUICK = 0.04
"""Seconds that a transaction may take on a quick disk beside a busy event loop."""

T = TypeVar("T")


class Intents:
    """Of the pauses of one workspace. `time` gives real seconds that only grow, by default those of the event loop."""

    def __init__(self, ledger: Ledger, time: Callable[[], float] | None = None) -> None:
        self._ledger = ledger
        self._time = time or (lambda: asyncio.get_running_loop().time())
        self._quick = True
        self._waited = 0.0
        """Seconds beyond QUICK for which the store has been waited for, one time after the other."""

    def begin(self) -> None:
        """No pause waits for the store."""
        self._quick = True
        self._waited = 0.0

    def portions(self, jobs: Sequence[T]) -> Iterator[Sequence[T]]:
        """Those whose intents are stored together, by how long the portion before took."""
        done = 0
        while done < len(jobs):
            size = FEW if self._quick else MOST
            yield jobs[done : done + size]
            done += size

    async def store(self, changes: Sequence[Change]) -> None:
        """Have them on disk, or known to wait for a store that is broken or too slow."""
        begun = self._time()
        await self._ledger.record(changes, self._waited)
        took = self._time() - begun
        self._quick = took <= QUICK
        self._waited += max(0.0, took - QUICK)
