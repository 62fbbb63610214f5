"""The ledger: open claims and findings in memory, each change written through to the store.

A store that cannot be written, or not in time, stops no pause: what it did not take is kept in memory and offered again
with the next change. While anything waits so, `durable` is false, and nothing is resumed. Where the store was lost and
another takes its place, all that is known is written into that. A change that breaks a rule of the store is dropped,
loudly: it would be refused for ever, and everything behind it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Self

import structlog

from controller.core import claim as claims
from controller.core.claim import Claim
from controller.core.controls import Controls, OpenedIncident, PlacedHold
from controller.core.finding import Finding
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.runtime.memory import FindingKey, Memory
from controller.runtime.write_queue import WriteQueue, Writer
from controller.store.changes import Change, PutClaim, PutHold, PutIncident
from controller.store.errors import StoreError
from controller.store.records import Kept

log = structlog.get_logger()

Mender = Callable[[], Awaitable[Kept | None]]
"""Gets the store back; gives what it holds where it is another one than before. Raises StoreError."""

LookUp = Callable[[JobKey], Awaitable[Claim | None]]
"""The open claim of a job as the store has it. Raises StoreError."""


async def forget(_changes: Sequence[Change]) -> None:
    """The writer of a dry run: nothing is kept."""


async def nothing_to_mend() -> Kept | None:
    """For a writer that comes back by itself, as the same."""
    return None


async def nothing_stored(_job: JobKey) -> Claim | None:
    """For a writer that cannot be asked."""
    return None


def _nobody_asks() -> None:
    pass


class Ledger:
    """What is remembered, and its way to the store. `stored` is asked where the store refuses a claim, `returned` is
    called once a store that was broken has all that is known.
    """

    def __init__(
        self,
        write: Writer,
        mend: Mender = nothing_to_mend,
        stored: LookUp = nothing_stored,
        *,
        returned: Callable[[], None] = lambda: None,
        durable: bool = True,
    ) -> None:
        self.write = write
        self.mend = mend
        self.stored = stored
        self.written: Callable[[], None] = _nobody_asks
        """Called after each write that the store took."""
        self._memory = Memory()
        self._queue = WriteQueue(self._write, self._mend, self._agree, returned, durable=durable)

    @classmethod
    def of(
        cls,
        write: Writer,
        kept: Kept | None,
        mend: Mender = nothing_to_mend,
        stored: LookUp = nothing_stored,
        returned: Callable[[], None] = lambda: None,
    ) -> Self:
        """A ledger that goes on from what a store holds; None: from a store that cannot be used yet."""
        ledger = cls(write, mend, stored, returned=returned, durable=kept is not None)
        ledger._memory.take_over(kept or Kept(), ())
        return ledger

    @property
    def durable(self) -> bool:
        """Whether the store took, in time, all that it was given."""
        return self._queue.durable

    @property
    def claims(self) -> dict[JobKey, Claim]:
        """The open claims."""
        return self._memory.claims

    @property
    def findings(self) -> dict[FindingKey, tuple[Finding, Instant]]:
        """The findings that stand, with the instant since when."""
        return self._memory.findings

    @property
    def vanished(self) -> dict[JobKey, Claim]:
        """The last claims of jobs that are gone, since an API that says so wrongly must not cost us our own pauses."""
        return self._memory.vanished

    @property
    def incidents(self) -> dict[str, OpenedIncident]:
        """The open incidents that are not of the rules, by their ids."""
        return self._memory.incidents

    @property
    def holds(self) -> dict[str, PlacedHold]:
        """The holds that stand, by their ids."""
        return self._memory.holds

    @property
    def signalled(self) -> dict[tuple[str, str], OpenedIncident]:
        """The last incident, open or not, of each thing that a webhook spoke of, by the source and the sender's key."""
        return self._memory.signalled

    @property
    def controls(self) -> Controls:
        """The incidents and holds, ready to be asked."""
        return self._memory.controls

    async def record(self, changes: Sequence[Change], waited: float = 0.0) -> bool:
        """Take the changes into memory at once, and write them with whatever the store did not take before, even where
        the caller is cancelled.

        Returns whether they are on disk, but for what breaks a rule of the store; False once the store is broken, or
        keeps us waiting: they are written when it returns. Never raises StoreError. `waited` are the seconds for which
        the caller was kept waiting for the same purpose before.
        """
        for change in changes:
            self._memory.remember(change)
        return await self._queue.put(changes, waited)

    def note(self, changes: Sequence[Change]) -> None:
        """The same without waiting: they are written soon, and before whatever is recorded later."""
        for change in changes:
            self._memory.remember(change)
        self._queue.add(changes)

    async def close(self) -> None:
        """Wait for a while until all is written; what is not then is lost."""
        await self._queue.close()

    async def _write(self, changes: Sequence[Change]) -> None:
        await self.write(changes)
        self.written()

    async def _mend(self) -> None:
        kept = await self.mend()
        if kept is None:
            return
        told = {each for change in self._queue.waiting() if (each := _id_of(change)) is not None}
        gone = self._memory.take_over(kept, told)
        self._queue.change(
            lambda change: None if isinstance(change, PutClaim) and change.claim.id in gone else change,
        )
        self._queue.keep(self._memory.everything())

    async def _agree(self, change: Change, error: StoreError) -> Change | None:
        """Come to terms with a store that refuses a change: what to write in its place, so that it is not refused anew
        at every pass.
        """
        if isinstance(change, PutClaim):
            stored = await self.stored(change.claim.key)
            if stored is not None and stored.id != change.claim.id:
                return self._continue(stored, change.claim)
            self._memory.disown(change.claim)
        log.error("store.refused", change=type(change).__name__, problem=str(error))
        return None

    def _continue(self, stored: Claim, claim: Claim) -> PutClaim:
        """The store holds another open claim of the job: that is the one that there is, wherever ours is spoken of."""
        log.error("claim.continued", job=claim.job_id, name=claim.job_name, claim=claim.id, stored=stored.id)
        self._memory.continue_as(stored, claim)

        def renamed(change: Change) -> Change:
            if isinstance(change, PutClaim) and change.claim.id == claim.id:
                return PutClaim(claims.continued(stored, change.claim))
            return change

        self._queue.change(renamed)
        return PutClaim(claims.continued(stored, claim))


def _id_of(change: Change) -> str | None:
    """Of a claim, an incident or a hold."""
    match change:
        case PutClaim(claim):
            return claim.id
        case PutIncident(opened):
            return opened.id
        case PutHold(placed):
            return placed.id
        case _:
            return None
