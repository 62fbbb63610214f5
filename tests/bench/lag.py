"""How late the event loop comes to what is due: a probe that wants to run every few milliseconds."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

EVERY = 0.005


@asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """The seconds by which each look came late, meanwhile."""
    late: list[float] = []

    async def look() -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            late.append(loop.time() - due)

    task = asyncio.create_task(look())
    try:
        yield late
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def p99(figures: list[float]) -> float:
    """The figure that one in a hundred exceeds."""
    return sorted(figures)[math.ceil(0.99 * len(figures)) - 1]
