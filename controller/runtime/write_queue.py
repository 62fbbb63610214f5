"""The way of changes to the store: in their order, one write at a time, and nobody waits for long.

A write is never cut off: it is whoever waits for it that stops waiting. From then on, as where a write fails, the store
counts as broken until all that came meanwhile is written too.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import structlog

from controller.runtime.backlog import Backlog
from controller.store.changes import Change
from controller.store.errors import StoreError, StoreReason

log = structlog.get_logger()

WRITE_SECONDS = 0.8
"""How long one write is waited for."""
QUEUE_SECONDS = 5.0
"""How long a change waits in all, where others are written before it, each in time."""
_TICKS = 40
"""In so many parts that time is measured. Of a while in which the event loop did not run, or was slow since it had much
to do, each counts little: a write needs many turns of the loop, and that they come late is not the store's fault.
"""
CLOSE_SECONDS = 5.0
"""How long the end waits for what is not written yet."""
TRANSACTION = 200
"""How many changes are written together at most, where not more of them were recorded together."""
GATHER_SECONDS = 0.05
"""How long what nobody waits for may wait for more of it, or for somebody: with a transaction for each of its outcomes
a close would spend on the disk what its pauses need.
"""
GATHERED = 100
"""So many recordings wait for no more of them."""

Writer = Callable[[Sequence[Change]], Awaitable[None]]
"""Writes changes in one transaction; raises StoreError."""

_ANOTHER_FILE = (StoreReason.CORRUPT, StoreReason.MISSING)
"""With these a store may be had again at once: another one."""


@dataclass(slots=True, eq=False)
class _Recording:
    """Somebody who waits until these changes are written. Without changes: until all that came before is."""

    changes: list[Change]
    written: asyncio.Future[bool] | None
    """None where nobody waits."""
    since: float


class WriteQueue:
    """`mend` gets a broken store back before it is written to again. `agree` gives what to write in the place of a
    change that breaks a rule of the store. Both may raise StoreError. `returned` is called once a broken store has all
    that it is to have.
    """

    def __init__(
        self,
        write: Writer,
        mend: Callable[[], Awaitable[None]],
        agree: Callable[[Change, StoreError], Awaitable[Change | None]],
        returned: Callable[[], None],
        *,
        durable: bool,
    ) -> None:
        self._write = write
        self._mend = mend
        self._agree = agree
        self._returned = returned
        self.durable = durable
        """Whether the store took, in time, all that it was given."""
        self._slow = False
        self._queue: deque[_Recording] = deque()
        """Those whose turn comes. While the store is broken, their changes are in the backlog."""
        self._awaited = 0
        """How many of these somebody waits for."""
        self._served: list[_Recording] = []
        """Those whose changes are being written."""
        self._parts: list[list[Change]] = []
        """What is written next, the first part perhaps at this moment."""
        self._backlog = Backlog()
        self._caught_up = 0
        self._writing: asyncio.Task[None] | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle

    async def put(self, changes: Sequence[Change], waited: float = 0.0) -> bool:
        """Have the changes written, even where the caller is cancelled. It has `waited` so many seconds before.

        Returns whether they are; False once the store counts as broken: they are written when it returns.
        """
        if self.durable and not changes and self._writing is None and not self._queue:
            return True
        loop = asyncio.get_running_loop()
        written: asyncio.Future[bool] = loop.create_future()
        return await written if self._add(_Recording(list(changes), written, loop.time() - waited)) else False

    def add(self, changes: Sequence[Change]) -> None:
        """The same soon, without waiting."""
        self._add(_Recording(list(changes), None, asyncio.get_running_loop().time()))

    def _add(self, recording: _Recording) -> bool:
        """Whether it may be waited for."""
        if not self.durable:
            self._keep_back(recording)
        if not self._slow:
            self._queue.append(recording)
            self._awaited += recording.written is not None
        if self._writing is None:
            self._begin_when_due()
        return not self._slow

    async def close(self) -> None:
        """Try once more to write what is not written, and wait for that for a while. What is left is lost."""
        if any(True for _ in self.waiting()):
            self._flush()
        if self._writing is not None:
            await asyncio.wait((self._writing,), timeout=CLOSE_SECONDS)
        left = sum(1 for _ in self.waiting())
        if left:
            log.error("store.unwritten", changes=left)

    def waiting(self) -> Iterator[Change]:
        """What is not written yet, or perhaps just now."""
        return chain(*self._parts, self._backlog, *(recording.changes for recording in self._queue))

    def keep(self, changes: Iterable[Change]) -> None:
        """Write these too once the store is back."""
        self._backlog.add(changes)

    def change(self, anew: Callable[[Change], Change | None]) -> None:
        """Put what `anew` gives in the place of each change that waits; None removes it. Not during a write."""
        for changes in (*self._parts, *(recording.changes for recording in self._queue)):
            changes[:] = [changed for each in changes if (changed := anew(each)) is not None]
        self._parts = [part for part in self._parts if part]
        self._backlog.change(anew)

    def _begin_when_due(self) -> None:
        """Write now, or once what there is has gathered."""
        if not self.durable or self._due():
            self._begin()
        elif self._queue and self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush)

    def _due(self) -> bool:
        """Whether somebody waits for what there is, or it is much."""
        return self._awaited > 0 or len(self._queue) >= GATHERED

    def _flush(self) -> None:
        """Write all that there is."""
        loop = asyncio.get_running_loop()
        self._add(_Recording([], loop.create_future(), loop.time()))

    def _begin(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        self._writing = asyncio.create_task(self._write_out(), name="ledger-write")

    async def _write_out(self) -> None:
        """Write until nothing is due. A store that was lost just now is looked for once more at once."""
        was_durable = self.durable
        try:
            problem = await self._try()
            if was_durable and problem is not None and problem.reason in _ANOTHER_FILE:
                await self._try()
        except BaseException:  # cancelled
            self._break(StoreError(StoreReason.CLOSED, "it ended before all was written"))
            raise
        finally:
            if not self.durable:
                self._answer(written=False)
            self._writing = None
        if self.durable:
            self._begin_when_due()

    async def _try(self) -> StoreError | None:
        try:
            if not self.durable:
                with self._timed():
                    await self._mend()
            while self._take_next():
                while self._parts:
                    await self._write_first()
                if self.durable:
                    self._answer(written=True, queued=False)
        except StoreError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - whatever the writer dies of, pauses go on
            return self._failed(StoreError(StoreReason.FAILED, f"{type(error).__name__}: {error}"))
        self._return()
        return None

    def _take_next(self) -> bool:
        """Choose what is written next; whether anything is due."""
        if self._parts:
            return True
        if self._backlog:
            self._parts = [self._backlog.take(TRANSACTION)]
            return True
        if not self._due():
            return False
        taken: list[Change] = []
        while self._queue and (not taken or len(taken) + len(self._queue[0].changes) <= TRANSACTION):
            recording = self._queue.popleft()
            self._awaited -= recording.written is not None
            self._served.append(recording)
            taken += recording.changes
        self._parts = [taken] if taken else []
        return bool(taken)

    async def _write_first(self) -> None:
        part = self._parts[0]
        try:
            with self._timed():
                await self._write(part)
        except StoreError as error:
            if error.reason is not StoreReason.REFUSED:
                raise
            self._parts[:1] = await self._without_refused(part, error)
        else:
            del self._parts[0]
            if not self.durable:
                self._caught_up += len(part)

    async def _without_refused(self, part: list[Change], error: StoreError) -> list[list[Change]]:
        """What to write in the place of a part in which something breaks a rule of the store."""
        if len(part) > 1:
            middle = len(part) // 2
            return [part[:middle], part[middle:]]
        with self._timed():
            instead = await self._agree(part[0], error)
        return [] if instead is None else [[instead]]

    def _failed(self, problem: StoreError) -> StoreError:
        if self.durable:  # the backlog is empty: what was being written is its begin
            self._backlog.add(chain(*self._parts))
            self._parts = []
        self._break(problem)
        return problem

    def _break(self, problem: StoreError) -> None:
        if self.durable:
            self.durable = False
            log.error("store.unwritable", reason=problem.reason.value, problem=str(problem))
        for recording in self._queue:
            self._keep_back(recording)

    def _keep_back(self, recording: _Recording) -> None:
        self._backlog.add(recording.changes)
        recording.changes = []

    def _return(self) -> None:
        """Nobody waits any more; where the store was broken, nothing does."""
        was_durable = self.durable
        if not was_durable:
            self.durable = True
            self._slow = False
            self._returned()
            log.info("store.writable", changes=self._caught_up, audit_dropped=self._backlog.dropped)
            self._caught_up = self._backlog.dropped = 0
        self._answer(written=True, queued=not was_durable)

    def _answer(self, *, written: bool, queued: bool = True) -> None:
        """Tell those whose changes are being written and, where `queued`, those behind them."""
        for recording in (*self._served, *(self._queue if queued else ())):
            if recording.written is not None and not recording.written.done():  # the caller may have been cancelled
                recording.written.set_result(written)
        self._served.clear()
        if queued:
            self._queue.clear()
            self._awaited = 0

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Keep nobody waiting for longer than we have; what is waited for goes on."""
        if self._slow:
            yield
            return
        loop = asyncio.get_running_loop()
        oldest = min((each.since for each in chain(self._served, self._queue)), default=math.inf)
        left = min(WRITE_SECONDS, oldest + QUEUE_SECONDS - loop.time())
        tick = max(0.0, left / _TICKS)
        self._timer = loop.call_later(tick, self._tick, tick, _TICKS - 1)
        try:
            yield
        finally:
            self._timer.cancel()

    def _tick(self, tick: float, left: int) -> None:
        if left == 0:
            self._over_time()
        else:
            self._timer = asyncio.get_running_loop().call_later(tick, self._tick, tick, left - 1)

    def _over_time(self) -> None:
        self._slow = True
        self._break(StoreError(StoreReason.SLOW, "writing takes too long: nobody waits for it any more"))
        self._answer(written=False)
