"""The daemon's store, whatever befalls it: opened late where it cannot be opened yet, set aside where damaged."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import structlog

from controller.core.claim import Claim
from controller.core.job import JobKey
from controller.store.changes import Change
from controller.store.errors import StoreError, StoreReason
from controller.store.lock import StoreLock
from controller.store.records import Kept
from controller.store.set_aside import controls_lost, free_name, salvaged, set_aside
from controller.store.sqlite import database_path, store_errors
from controller.store.store import Store, take_lock

log = structlog.get_logger()

_ANOTHER: Final = (StoreReason.CORRUPT, StoreReason.MISSING)
"""With these the file that is open is given up."""
_PASSES: Final = (StoreReason.FULL, StoreReason.IO, StoreReason.UNWRITABLE, StoreReason.BUSY, StoreReason.FAILED)
"""With these a store that was good before may become good again."""


class StoreKeeper:
    """Holds the writer's lock from `open` to `close`, and the store whenever there is one to be had.

    A store that was never ours is not touched: whatever is wrong with it is told at once, and ends the start. One that
    was ours may be away for a while: `write` then raises StoreError, and `mend` tries to get it back.
    """

    def __init__(self, path: Path, lock: StoreLock) -> None:
        self._path = path
        self._lock = lock
        self._store: Store | None = None
        self._problem: StoreError | None = None
        self._handed_over = False

    @classmethod
    async def open(cls, url: str) -> tuple[Self, Kept | None]:
        """Open `sqlite:///PATH`; gives what it holds, None where it cannot be used yet.

        Raises StoreLocked while another process writes it, StoreError where nothing good was ever there.
        """
        path = database_path(url)
        keeper = cls(path, await asyncio.to_thread(take_lock, path))
        try:
            return keeper, await keeper._open()
        except StoreError as error:
            if keeper._lock.known and error.reason in (*_PASSES, *_ANOTHER):
                keeper._problem = error
                return keeper, None
            await keeper.close()
            raise
        except BaseException:
            await keeper.close()
            raise

    @property
    def problem(self) -> StoreError | None:
        """Why the store cannot be used, None while it can."""
        return self._problem

    async def write(self, changes: Sequence[Change]) -> None:
        """Write all changes or none, as `Store.write`. Raises StoreError."""
        if self._store is None or self._problem is not None:
            raise self._problem or StoreError(StoreReason.CLOSED, f"{self._path}: was closed")
        try:
            await self._store.write(changes)
        except StoreError as error:
            if error.reason in _ANOTHER:
                self._problem = error
            raise

    async def damaged(self) -> str | None:
        """Look at the whole file; what is wrong with it, None where nothing is, or where it cannot be looked at now."""
        if self._store is None:
            return None
        try:
            await self._store.check()
        except StoreError as error:
            if error.reason is StoreReason.CORRUPT:
                self._problem = error
                return str(error)
        return None

    def taken_over(self) -> None:
        """All that is known is in the store now: what was set aside is needed no more."""
        if self._lock.aside is not None:
            self._lock.note_aside(None)

    async def open_claim(self, job: JobKey) -> Claim | None:
        """The open claim of a job as stored. Raises StoreError."""
        if self._store is None:
            raise self._problem or StoreError(StoreReason.CLOSED, f"{self._path}: was closed")
        return await self._store.open_claim(job)

    async def mend(self) -> Kept | None:
        """Get a store that can be used again. Gives what it holds where that is another one than was handed over last,
        None where it is the same. Raises StoreError while there is none.
        """
        if self._store is not None and self._problem is None:
            return None
        if self._store is not None:
            await self._store.close()
            self._store = None
        try:
            return await self._open()
        except StoreError as error:
            self._problem = error
            raise

    async def close(self) -> None:
        """Finish what is under way and let go of the database and the lock; a second call does nothing."""
        if self._store is not None:
            store, self._store = self._store, None
            await store.close()
            if store.hangs:
                return  # what it writes yet must meet no other writer
        self._lock.release()

    async def _open(self) -> Kept:
        if self._problem is not None and self._problem.reason is StoreReason.CORRUPT:
            await self._set_aside()
        try:
            kept = await self._use()
        except StoreError as error:
            if error.reason is not StoreReason.CORRUPT or not self._lock.known:
                raise
            await self._set_aside()
            kept = await self._use()
        self._problem = None
        self._lock.mark_known()
        if self._lock.aside is not None and not self._handed_over:
            kept = await self._salvage(self._path.with_name(self._lock.aside))
        self._handed_over = True
        return kept

    async def _use(self) -> Kept:
        store = await Store.open_locked(self._path)
        try:
            kept = await store.kept()
        except BaseException:
            await store.close()
            raise
        self._store = store
        return kept

    async def _set_aside(self) -> None:
        """Make room for another database; until something is written into that, the lock file remembers this one."""
        aside = free_name(self._path)
        log.error("store.set_aside", file=str(aside))
        self._lock.note_aside(aside.name)
        with store_errors(self._path):
            await asyncio.to_thread(set_aside, self._path, aside)

    async def _salvage(self, aside: Path) -> Kept:
        """Write what the damaged file still gives into the one in its place. Whoever was handed its content over before
        knows better than it; nobody was.
        """
        found = await asyncio.to_thread(salvaged, aside)
        kept = found.kept
        log.error(
            "store.salvaged",
            file=str(aside),
            claims=len(kept.claims),
            all_claims=found.claims,
            incidents=sum(each.closed is None for each in kept.incidents),
            holds=len(kept.holds),
            all_controls=found.controls,
        )
        if kept.claims and not found.controls:
            kept = replace(kept, incidents=(*kept.incidents, controls_lost(aside)))
        await self.write(kept.as_changes())
        self.taken_over()
        return kept
