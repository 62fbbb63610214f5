"""A thread of the store's own, in which a whole transaction is one step for the event loop.

Each step between two threads costs the event loop a wake-up, and a wait for the interpreter's lock behind it: asked
statement by statement, as a driver for asyncio does, a batch takes a dozen of them.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

_Step = Callable[[], None]


class StoreThread:
    """Runs functions one after the other. One that hangs holds up neither the event loop nor the end of the process:
    unlike the threads of an executor, this one is not waited for.
    """

    def __init__(self) -> None:
        self._steps: SimpleQueue[_Step | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[[], T]) -> T:
        """What the function gives or raises. A cancelled caller stops waiting; the function runs all the same."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[T] = loop.create_future()

        def step() -> None:
            tell = _outcome(function, ended)
            with suppress(RuntimeError):  # the loop was closed: nobody waits
                loop.call_soon_threadsafe(tell)

        self._steps.put(step)
        return await ended

    def stop(self) -> None:
        """Run no more than what was asked for by now. Does not wait."""
        self._steps.put(None)

    def _run(self) -> None:
        while (step := self._steps.get()) is not None:
            step()
            del step  # holds the changes, and whoever waited for them


def _outcome(function: Callable[[], T], ended: asyncio.Future[T]) -> _Step:
    """Run the function; how to tell what came of it."""
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - it is the caller's
        problem = error
        return lambda: None if ended.done() else ended.set_exception(problem)
    return lambda: None if ended.done() else ended.set_result(result)
