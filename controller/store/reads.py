"""What a store can be asked, by whichever of its faces."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection

from controller.core.claim import Claim
from controller.core.controls import OpenedIncident, PlacedHold
from controller.core.finding import Finding
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store import control_statements, statements
from controller.store.errors import StoreError, StoreReason
from controller.store.records import AuditFilter, AuditRow, Kept, StoredRevision

FileIdentity: TypeAlias = tuple[int, int]
"""Device and inode: the same while the file is the same, whatever it is called."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Reads(ABC):
    """What both faces can be asked; each answer comes from one transaction. Every failure is a StoreError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._closed = False

    async def open_claims(self) -> list[Claim]:
        """The claims that say that a pause is ours, oldest first."""
        return await self._read(statements.open_claims)

    async def vanished_claims(self) -> list[Claim]:
        """The claims of jobs that are gone, each the last one of its job."""
        return await self._read(statements.vanished_claims)

    async def open_claim(self, job: JobKey) -> Claim | None:
        """The claim that says that the pause on this job is ours."""
        return next((claim for claim in await self.claims(job) if claim.state.open), None)

    async def claims(self, job: JobKey | None = None, limit: int | None = None) -> list[Claim]:
        """The newest `limit` claims, open and closed, of one job or of all; oldest first."""
        return await self._read(statements.claims, job, limit)

    async def open_findings(self) -> list[tuple[Finding, Instant]]:
        """The findings that have not gone, each with its `since`, oldest first."""
        return await self._read(statements.open_findings)

    async def open_holds(self) -> list[PlacedHold]:
        """The holds that stand, oldest first."""
        return await self._read(control_statements.open_holds)

    async def open_incidents(self) -> list[OpenedIncident]:
        """The open incidents, oldest first."""
        kept = await self._read(control_statements.kept_incidents)
        return [opened for opened in kept if opened.closed is None]

    async def last_incidents(self, limit: int) -> list[OpenedIncident]:
        """The newest `limit` incidents, open and closed; oldest first."""
        return await self._read(control_statements.last_incidents, limit)

    async def kept(self) -> Kept:
        """All that a daemon goes on from."""
        return await self._read(statements.kept)

    async def last_revision(self) -> StoredRevision | None:
        """The rules that came into force last, or None before any did."""
        return await self._read(statements.last_revision)

    async def audit_rows(self, wanted: AuditFilter) -> list[AuditRow]:
        """The newest `limit` lines of the audit that the filter lets through, with `after` the oldest; oldest first."""
        return await self._read(statements.audit_rows, wanted)

    @abstractmethod
    async def _read(
        self,
        statement: Callable[Concatenate[Connection, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """What the statement gives in a transaction of its own."""

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreError(StoreReason.CLOSED, f"{self.path}: was closed")


def identity(path: Path) -> FileIdentity | None:
    """Which file this is; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
