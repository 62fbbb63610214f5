"""What happens, for whoever listens: each line of the audit once it is stored, and how the daemon is after each pass.

Nobody is waited for: who does not take what comes is dropped, and may come again and ask for what was missed.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from controller.shown.records import audit_record
from controller.store.errors import StoreError
from controller.store.records import AuditFilter, AuditRow
from controller.web.history import History
from controller.web.status import StateRecord

if TYPE_CHECKING:
    from controller.store.reads import FileIdentity

log = structlog.get_logger()

PATH = "/api/v1/events"
MOST_LISTENERS = 32
QUEUED = 256
"""Events that wait for one listener."""
PAGE = 200
"""Lines of the audit that are read at once."""
AGAIN_SECONDS = 5.0
"""Real seconds until a store that could not be read is tried again."""


class TooManyListeners(Exception):  # noqa: N818 - it says what happened
    """There is no place for another one."""


@dataclass(frozen=True, slots=True)
class Event:
    """One of them; `id` is the audit's, None for what cannot be asked for again."""

    name: str
    data: str
    id: int | None = None

    def text(self) -> bytes:
        """As it is sent."""
        numbered = "" if self.id is None else f"id: {self.id}\n"
        return f"{numbered}event: {self.name}\ndata: {self.data}\n\n".encode()


MISSED = Event("missed", "{}")
"""Lines of the audit may be missing here: whoever needs them all reads the audit."""


class Subscription:
    """One listener's queue."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUED + 1)
        self.over = False
        """Nothing more comes."""
        self.dropped = False
        """That is so since what came was not taken."""

    def put(self, event: Event) -> bool:
        """Whether there was place for it."""
        if self._queue.qsize() >= QUEUED:
            self.drop()
            return False
        self._queue.put_nowait(event)
        return True

    def end(self) -> None:
        """Nothing more comes."""
        if not self.over:
            self.over = True
            self._queue.put_nowait(None)

    def drop(self) -> None:
        """The same, for a listener that is too slow."""
        self.dropped = True
        self.end()

    async def get(self, seconds: float) -> Event | None:
        """The next one; None where none comes in time, or ever."""
        try:
            async with asyncio.timeout(seconds):
                return await self._queue.get()
        except TimeoutError:
            return None


class Feed:
    """Reads the audit once for all listeners. `state` says how the daemon is."""

    def __init__(self, history: History, state: Callable[[], StateRecord]) -> None:
        self._history = history
        self._state = state
        self._listeners: set[Subscription] = set()
        self._written = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._ended = False
        self._beginning = asyncio.Lock()
        self._last: int | None = None
        """The last line that was told; None where that is not known."""
        self._file: FileIdentity | None = None

    def written(self) -> None:
        """Something was stored."""
        self._written.set()

    def passed(self) -> None:
        """A pass ended. Never raises: nothing of ours may spoil a pass."""
        if self._listeners:
            try:
                self._tell(self.state())
            except Exception:
                log.exception("web.crashed", path=PATH)

    def state(self) -> Event:
        """How the daemon is now."""
        return Event("state", json.dumps(self._state()))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Subscription]:
        """Hear what comes from now on. Raises TooManyListeners."""
        if len(self._listeners) >= MOST_LISTENERS:
            raise TooManyListeners
        subscription = Subscription()
        if self._ended:
            subscription.end()
        self._listeners.add(subscription)
        try:
            await self._begin()
            yield subscription
        finally:
            self._listeners.discard(subscription)

    async def newest(self) -> int:
        """The id of the newest line, 0 where there is none. Raises StoreError."""
        rows = await self._history.ask(lambda reader: reader.audit_rows(AuditFilter(limit=1)))
        return rows[-1].id if rows else 0

    async def after(self, last: int) -> list[Event]:
        """The oldest lines behind that one. Raises StoreError."""
        return [_told(row) for row in await self._rows(last)]

    def end(self) -> None:
        """Let go of all who listen, and of whoever comes yet."""
        self._ended = True
        for each in self._listeners:
            each.end()

    async def close(self) -> None:
        """Read no more."""
        self.end()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _begin(self) -> None:
        """Know which line is the newest, so that every later one is told."""
        async with self._beginning:
            if self._last is None:
                with suppress(StoreError):
                    await self._find_newest()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_on(), name="event-feed")

    async def _find_newest(self) -> None:
        newest = await self.newest()
        self._last, self._file = newest, self._history.file

    async def _read_on(self) -> None:
        """Whenever something was stored, while anybody listens."""
        told: StoreError | None = None
        while True:
            await self._written.wait()
            self._written.clear()
            if not self._listeners:
                self._last = None
                continue
            try:
                await self._tell_new()
            except StoreError as error:
                if told is None or told.reason is not error.reason:
                    log.warning("web.events_delayed", problem=error.reason.value)
                told = error
                await asyncio.sleep(AGAIN_SECONDS)
                self._written.set()
            except Exception:  # the next line may be told better
                log.exception("web.crashed", path=PATH)
            else:
                told = None

    async def _tell_new(self) -> None:
        if self._last is None:  # it could not be known where they began to listen
            await self._find_newest()
            self._tell(MISSED)
            return
        while True:
            rows = await self._rows(self._last)
            if self._history.file != self._file:  # the damaged one was replaced: ids begin anew
                self._last, self._file = 0, self._history.file
                self._tell(MISSED)
                continue
            if not rows:
                return
            for row in rows:
                self._tell(_told(row))
            self._last = rows[-1].id

    async def _rows(self, last: int) -> list[AuditRow]:
        wanted = AuditFilter(after=last, limit=PAGE)
        return await self._history.ask(lambda reader: reader.audit_rows(wanted))

    def _tell(self, event: Event) -> None:
        for each in [each for each in self._listeners if not each.put(event)]:
            self._listeners.discard(each)


def _told(row: AuditRow) -> Event:
    return Event("audit", json.dumps(audit_record(row)), row.id)
