"""The ledger: open claims and findings in memory, each change written through to the store.

A store that cannot be written stops no pause: what it did not take is kept in memory and offered again with the next
write. While anything waits so, `durable` is false, and nothing is resumed. Where the store was lost and another takes
its place, all that is known is written into that. A change that breaks a rule of the store is dropped, loudly: it would
be refused for ever, and everything behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import structlog

from controller.core import claim as claims
from controller.core.claim import Claim, ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store.changes import Change, CloseFinding, OpenFinding, PutClaim, UseRevision
from controller.store.errors import StoreError, StoreReason
from controller.store.records import Kept

log = structlog.get_logger()

Writer = Callable[[Sequence[Change]], Awaitable[None]]
"""Writes changes in one transaction; raises StoreError."""

FindingKey = tuple[JobKey, FindingKind]


Mender = Callable[[], Awaitable[Kept | None]]
"""Gets the store back; gives what it holds where it is another one than before. Raises StoreError."""

_ANOTHER_FILE = (StoreReason.CORRUPT, StoreReason.MISSING)
"""With these a store may be had again at once: another one."""


async def forget(_changes: Sequence[Change]) -> None:
    """The writer of a dry run: nothing is kept."""


async def nothing_to_mend() -> Kept | None:
    """For a writer that comes back by itself, as the same."""
    return None


@dataclass(slots=True)
class Ledger:
    """`claims` are the open ones, `findings` those that stand, with the instant since when; `vanished` are the last
    claims of jobs that are gone, since an API that says so wrongly must not cost us our own pauses.
    """

    write: Writer
    mend: Mender = nothing_to_mend
    claims: dict[JobKey, Claim] = field(default_factory=dict)
    findings: dict[FindingKey, tuple[Finding, Instant]] = field(default_factory=dict)
    vanished: dict[JobKey, Claim] = field(default_factory=dict)
    durable: bool = True
    """Whether the store took all that it was given."""
    _revision: UseRevision | None = None
    _waiting: list[Change] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, write: Writer, kept: Kept | None, mend: Mender = nothing_to_mend) -> Self:
        """A ledger that goes on from what a store holds; None: from a store that cannot be used yet."""
        ledger = cls(write, mend, durable=kept is not None)
        ledger._take_over(kept or Kept())
        return ledger

    async def record(self, changes: Sequence[Change]) -> bool:
        """Take the changes into memory at once, and write them with whatever the store refused before.

        Returns whether they are on disk; never raises StoreError.
        """
        for change in changes:
            self._remember(change)
        async with self._lock:
            self._waiting += changes
            if self.durable and not self._waiting:
                return True
            return await self._flush()

    def note(self, changes: Sequence[Change]) -> None:
        """Take the changes into memory; they are written with the next ones that are recorded."""
        for change in changes:
            self._remember(change)
        self._waiting += changes

    async def _flush(self) -> bool:
        """Write what waits; a store that was lost is looked for first, and once more where it is lost just now."""
        broken = not self.durable
        try:
            if broken:
                await self._mend()
            changes = len(self._waiting)
            whole = await self._write_waiting()
        except StoreError as error:
            self.durable = False
            if not broken:
                log.error("store.unwritable", reason=error.reason.value, problem=str(error))
                return error.reason in _ANOTHER_FILE and await self._flush()
            return False
        if broken:
            self.durable = True
            log.info("store.writable", changes=changes)
        return whole

    async def _mend(self) -> None:
        kept = await self.mend()
        if kept is None:
            return
        self._take_over(kept)
        known = [self._revision] if self._revision else []
        held = [PutClaim(claim) for claim in (*self.vanished.values(), *self.claims.values())]
        findings = [OpenFinding(finding, since) for finding, since in self.findings.values()]
        self._waiting = [*known, *self._waiting, *held, *findings]

    async def _write_waiting(self) -> bool:
        """Write all that waits, but what breaks a rule of the store. Returns whether nothing did. Raises StoreError."""
        parts, whole = [self._waiting], True
        self._waiting = []
        while parts:
            try:
                await self.write(parts[0])
            except StoreError as error:
                if error.reason is not StoreReason.REFUSED:
                    self._waiting = [*(change for part in parts for change in part), *self._waiting]
                    raise
                parts[:1] = _halves(parts[0], error)
                whole = False
            else:
                del parts[0]
        return whole

    def _take_over(self, kept: Kept) -> None:
        """Go on from what a store holds, with all that happened while it could not be read."""
        told = {change.claim.id for change in self._waiting if isinstance(change, PutClaim)}
        renamed = set[str]()
        for claim in kept.claims:
            mine = self.claims.get(claim.key)
            if mine is not None and mine.id != claim.id:
                renamed.add(mine.id)
                self.claims[claim.key] = claims.continued(claim, mine)
            elif mine is None and claim.id not in told:
                self.claims[claim.key] = claim
        self._waiting = [
            each for each in self._waiting if not (isinstance(each, PutClaim) and each.claim.id in renamed)
        ]
        for claim in kept.vanished:
            self.vanished.setdefault(claim.key, claim)
        for finding, since in kept.findings:
            self.findings.setdefault((finding.job, finding.kind), (finding, since))

    def _remember(self, change: Change) -> None:
        match change:
            case PutClaim(claim):
                if claim.state.open:
                    self.claims[claim.key] = claim
                else:
                    self.claims.pop(claim.key, None)
                if claim.state is ClaimState.GONE:
                    self.vanished[claim.key] = claim
                else:
                    self.vanished.pop(claim.key, None)
            case OpenFinding(finding, since):
                self.findings[finding.job, finding.kind] = (finding, since)
            case CloseFinding(job, kind, _at):
                self.findings.pop((job, kind), None)
            case UseRevision():
                self._revision = change
            case _:
                pass


def _halves(refused: list[Change], error: StoreError) -> list[list[Change]]:
    """Where to look for the change that broke a rule of the store; nowhere any more once it is found."""
    if len(refused) == 1:
        log.error("store.refused", change=type(refused[0]).__name__, problem=str(error))
        return []
    middle = len(refused) // 2
    return [refused[:middle], refused[middle:]]
