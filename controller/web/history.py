"""What only the store knows, read beside the writer. Whatever is wrong with it is wrong for one question only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from controller.store.errors import StoreError, StoreReason
from controller.store.hanging import let_go
from controller.store.reader import StoreReader

if TYPE_CHECKING:
    from controller.store.reads import FileIdentity

PATIENCE = 5.0
"""Real seconds that a question may take."""
AT_ONCE = 4
"""Questions; further ones wait for their turn."""

T = TypeVar("T")


class History:
    """Opens the store when it is first asked, and anew where another file took its place. `url` is the store's."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._url = url
        self._patience = patience
        self._reader: StoreReader | None = None
        self._opening = asyncio.Lock()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._asked: set[asyncio.Task[Any]] = set()
        self._hangs = False
        self.file: FileIdentity | None = None
        """Which file was read last: ids of the audit mean nothing in another one."""

    async def ask(self, question: Callable[[StoreReader], Awaitable[T]]) -> T:
        """The store's answer. Raises StoreError."""
        self._hangs = self._hangs and bool(self._asked)
        if self._hangs:
            raise StoreError(StoreReason.SLOW, "an earlier question is not answered yet")
        async with self._turn:
            task = asyncio.create_task(self._answer(question), name="history")
            self._asked.add(task)
            task.add_done_callback(self._answered)
            done, _ = await asyncio.wait({task}, timeout=self._patience)  # it goes on where nobody waits any more
            if not done:
                self._hangs = True
                raise StoreError(StoreReason.SLOW, f"no answer within {self._patience} s")
            return task.result()

    async def close(self) -> None:
        """Let go of the store, and of what hangs in it."""
        if self._asked:
            await asyncio.wait(self._asked, timeout=self._patience)
        if self._asked:
            await let_go(self._asked)
            return
        await self._drop()

    def _answered(self, task: asyncio.Task[Any]) -> None:
        self._asked.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that a cancelled caller leaves no warning behind

    async def _answer(self, question: Callable[[StoreReader], Awaitable[T]]) -> T:
        try:
            return await question(await self._opened())
        except StoreError:
            await self._drop()
            raise

    async def _opened(self) -> StoreReader:
        async with self._opening:
            if self._reader is not None and await self._reader.replaced():
                await self._drop()
            if self._reader is None:
                self._reader = await StoreReader.open(self._url)
            if self._reader is None:
                raise StoreError(StoreReason.MISSING, "there is none yet")
            self.file = self._reader.file
            return self._reader

    async def _drop(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
