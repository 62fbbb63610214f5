"""Looking at the store's file now and then, as the disk has it: what SQLite holds in memory would hide damage for days,
and with it the last chance to write everything into another one.
"""

import asyncio
from collections.abc import Awaitable, Callable

from controller.clock import Clock
from controller.runtime.ledger import Ledger
from controller.store.changes import Audit

CHECK_EVERY = 3600.0
"""Real seconds between two looks."""


async def check_store(
    damaged: Callable[[], Awaitable[str | None]], ledger: Ledger, clock: Clock, every: float = CHECK_EVERY
) -> None:
    """Ask `damaged` again and again, until cancelled; where it names a damage, the next write sets the file aside."""
    while True:
        await asyncio.sleep(every)
        problem = await damaged()
        if problem is not None:
            await ledger.record([Audit(at=clock.now(), event="store.set_aside", detail=problem)])
