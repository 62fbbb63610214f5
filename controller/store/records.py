"""What reading brings back, where no dataclass of the core says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.core.claim import Claim
from controller.core.controls import OpenedIncident, PlacedHold
from controller.core.finding import Finding
from controller.core.interval import Instant
from controller.store.changes import Audit, Change, OpenFinding, PutClaim, PutHold, PutIncident, UseRevision


@dataclass(frozen=True, slots=True)
class AuditRow(Audit):
    """A line of the audit as stored; `id` grows with every line, whatever the clock does."""

    id: int = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are asked for; the keys are ANDed, None asks nothing.

    `event` is a glob (`*` and `?`), `since` belongs to the span and `until` does not. `before` and `after` are ids, for
    paging. `limit` keeps the newest lines, with `after` the oldest.
    """

    workspace: str | None = None
    job_id: str | None = None
    event: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    limit: int | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """Rules that were in force: file name to text, and the versions of the data that they were read with."""

    revision: str
    sources: Mapping[str, str]
    tzdata_version: str
    holidays_version: str
    first_used: Instant
    last_used: Instant

    def as_change(self) -> UseRevision:
        """What writes it again, as the last one."""
        return UseRevision(self.revision, self.sources, self.tzdata_version, self.holidays_version, self.last_used)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store holds for a daemon to go on from: open claims, the last claims of jobs that are gone, findings that
    stand with their `since`, the rules that came into force last, open incidents with the last one of each thing that a
    webhook ever spoke of, open holds.
    """

    claims: tuple[Claim, ...] = ()
    vanished: tuple[Claim, ...] = ()
    findings: tuple[tuple[Finding, Instant], ...] = ()
    revision: StoredRevision | None = None
    incidents: tuple[OpenedIncident, ...] = ()
    holds: tuple[PlacedHold, ...] = ()

    def as_changes(self) -> list[Change]:
        """What writes all of it into an empty store."""
        claims = [PutClaim(claim) for claim in (*self.vanished, *self.claims)]
        findings = [OpenFinding(finding, since) for finding, since in self.findings]
        controls: list[Change] = [*map(PutIncident, self.incidents), *map(PutHold, self.holds)]
        return [*([self.revision.as_change()] if self.revision else []), *controls, *claims, *findings]
