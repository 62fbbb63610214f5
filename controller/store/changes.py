"""What can be written: each change is a value, and a batch of them is one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from controller.core.claim import Claim
from controller.core.controls import OpenedIncident, PlacedHold
from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import JobKey


@dataclass(frozen=True, slots=True)
class PutClaim:
    """Insert the claim, or update the one with its id. A second open claim for a job refuses the batch."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """Open the finding; one that is open already keeps its `since` and takes the new detail and facts."""

    finding: Finding
    since: Instant


@dataclass(frozen=True, slots=True)
class CloseFinding:
    """The finding went at `at`; nothing happens where none is open."""

    job: JobKey
    kind: FindingKind
    at: Instant


@dataclass(frozen=True, slots=True)
class PutIncident:
    """Insert the incident, or update the one with its id."""

    opened: OpenedIncident


@dataclass(frozen=True, slots=True)
class PutHold:
    """Insert the hold, or update the one with its id."""

    placed: PlacedHold


@dataclass(frozen=True, slots=True)
class Audit:
    """One line of the append-only audit. `event` is the name under which the log says it; None: does not apply.

    `actor` is "controller" or a person; `facts` holds JSON values only.
    """

    at: Instant
    event: str
    actor: str = "controller"
    workspace: str | None = None
    job_id: str | None = None
    job_name: str | None = None
    campaigns: tuple[str, ...] = ()
    action: str | None = None
    reason: str | None = None
    detail: str | None = None
    result: str | None = None
    pass_id: str | None = None
    revision: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UseRevision:
    """The rules of this revision came into force at `at`, as the last ones. `sources` maps file name to text."""

    revision: str
    sources: Mapping[str, str]
    tzdata_version: str
    holidays_version: str
    at: Instant


Change: TypeAlias = PutClaim | OpenFinding | CloseFinding | PutIncident | PutHold | Audit | UseRevision
