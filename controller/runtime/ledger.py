"""The ledger: open claims and findings in memory, each change written through to the store.

A store that cannot be written stops no pause: what it did not take is kept in memory and offered again with the next
write. While anything waits so, `durable` is false, and nothing is resumed. A change that breaks a rule of the store is
dropped, loudly: it would be refused for ever, and everything behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from controller.core.claim import Claim, ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store.changes import Change, CloseFinding, OpenFinding, PutClaim
from controller.store.errors import StoreError, StoreReason

log = structlog.get_logger()

Writer = Callable[[Sequence[Change]], Awaitable[None]]
"""Writes changes in one transaction; raises StoreError."""

FindingKey = tuple[JobKey, FindingKind]


async def forget(_changes: Sequence[Change]) -> None:
    """The writer of a dry run: nothing is kept."""


@dataclass(slots=True)
class Ledger:
    """`claims` are the open ones, `findings` those that stand, with the instant since when; `vanished` are the last
    claims of jobs that are gone, since an API that says so wrongly must not cost us our own pauses.
    """

    write: Writer
    claims: dict[JobKey, Claim] = field(default_factory=dict)
    findings: dict[FindingKey, tuple[Finding, Instant]] = field(default_factory=dict)
    vanished: dict[JobKey, Claim] = field(default_factory=dict)
    _refused: list[Change] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def durable(self) -> bool:
        """Whether the store took all that it was given."""
        return not self._refused

    async def record(self, changes: Sequence[Change]) -> bool:
        """Take the changes into memory at once, and write them with whatever the store refused before.

        Returns whether they are on disk; never raises StoreError.
        """
        for change in changes:
            self._remember(change)
        async with self._lock:
            batch = [*self._refused, *changes]
            if not batch:
                return True
            return await self._write(batch)

    async def _write(self, batch: list[Change]) -> bool:
        refused_before = bool(self._refused)
        parts, whole = [batch], True
        while parts:
            try:
                await self.write(parts[0])
            except StoreError as error:
                if error.reason is not StoreReason.REFUSED:
                    self._refused = [change for part in parts for change in part]
                    if not refused_before:
                        log.error("store.unwritable", reason=error.reason.value, problem=str(error))
                    return False
                parts[:1] = _halves(parts[0], error)
                whole = False
            else:
                del parts[0]
        self._refused = []
        if refused_before:
            log.info("store.writable", changes=len(batch))
        return whole

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
            case _:
                pass


def _halves(refused: list[Change], error: StoreError) -> list[list[Change]]:
    """Where to look for the change that broke a rule of the store; nowhere any more once it is found."""
    if len(refused) == 1:
        log.error("store.refused", change=type(refused[0]).__name__, problem=str(error))
        return []
    middle = len(refused) // 2
    return [refused[:middle], refused[middle:]]
