"""At most one change of a job is under way at a time."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from controller.core.job import JobKey


@dataclass(slots=True)
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class Turns:
    """Of the jobs of one workspace. Nothing is kept of a job for which nobody waits."""

    def __init__(self) -> None:
        self._lines: dict[JobKey, _Line] = {}

    def of(
        self, key: JobKey, waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> AbstractAsyncContextManager[None]:
        """Hold the job's turn; what `waiting` gives lasts until it has come, where somebody else has it."""
        return _Turn(self._lines, key, waiting)


class _Turn(AbstractAsyncContextManager[None]):
    """A class, not a generator: a close sends thousands through it."""

    __slots__ = ("_key", "_line", "_lines", "_waiting")

    def __init__(
        self, lines: dict[JobKey, _Line], key: JobKey, waiting: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._lines = lines
        self._key = key
        self._waiting = waiting

    async def __aenter__(self) -> None:
        line = self._lines.get(self._key)
        if line is None:
            line = self._lines[self._key] = _Line()
        self._line = line
        line.length += 1
        try:
            if line.length == 1:  # nobody is there to be waited for
                await line.lock.acquire()
                return
            with self._waiting():
                await line.lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._line.lock.release()
        self._leave()

    def _leave(self) -> None:
        self._line.length -= 1
        if self._line.length == 0:
            del self._lines[self._key]
