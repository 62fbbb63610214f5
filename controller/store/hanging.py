"""What to do about a database that does not answer, since its thread cannot be ended."""

import asyncio
from collections.abc import Set as AbstractSet
from typing import Any

_AWAITS = 20
"""More places than those in which a task may wait for the thread one after the other."""


async def let_go(hanging: AbstractSet[asyncio.Task[Any]]) -> None:
    """Give up tasks that hang in the database, so that the event loop can end. They wait for its thread in one place
    after the other, and begin others that tidy up and wait for it too.
    """
    others = asyncio.all_tasks() - hanging
    for _ in range(_AWAITS):
        for task in asyncio.all_tasks() - others:
            task.cancel()
        await asyncio.sleep(0)
