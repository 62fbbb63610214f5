"""The shapes of the records that API and commands give: the API's documentation is made from them.

Instants are RFC 3339 texts, UTC with `Z`; None is "does not apply", of an end: it is open.
"""

from typing import Any

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

SelectorRecord = dict[str, list[str]]
"""The keys that a selector asks, with their items."""


class ClaimRecord(TypedDict):
    """Our record that the pause on a job is ours, why and since when."""

    state: str
    reason: str
    detail: str
    since: str
    author: str
    campaigns: list[str]


class JobClaimRecord(ClaimRecord):
    """A claim with its job; `changed` is when its state last did, `orphaned`: it is open, and no campaign matches the
    job any more.
    """

    workspace: str
    job: str
    name: str
    changed: str
    orphaned: bool


class DecisionRecord(TypedDict):
    """One decision about one job, and until when the desired state stays as it is."""

    workspace: str
    job: str
    name: str
    status: str
    desired: str
    action: str
    because: str
    reason: str
    detail: str
    until: str | None
    campaigns: list[str]
    claim: ClaimRecord | None


class HeldRecord(TypedDict):
    """A hold, where its job is known anyway."""

    author: str
    reason: str
    since: str
    until: str | None


class JobRecord(DecisionRecord):
    """One decision with its words for people: why, and who paused the job."""

    why: str
    because_text: str
    paused_by: str
    holds: list[HeldRecord]


class ClosingRecord(TypedDict):
    """When, by whom and why it was ended; null while it is open."""

    closed_at: str | None
    closed_by: str | None
    closed_why: str | None


class IncidentRecord(ClosingRecord):
    """An incident of the rules (source `rules`) or beside them. Without `match` it covers every job that a campaign
    matches, with `everything` all others too.
    """

    incident: str
    reason: str
    author: str | None
    source: str
    since: str
    until: str | None
    everything: bool
    match: SelectorRecord | None


class HoldRecord(ClosingRecord):
    """A person's instruction that one job must not dial."""

    workspace: str
    job: str
    name: str
    author: str
    reason: str
    since: str
    until: str | None


class FindingRecord(TypedDict):
    """One fact that checking an answer brought up."""

    finding: str
    detail: str
    facts: dict[str, Any]


class StandingRecord(FindingRecord):
    """A finding that stands, with its job."""

    workspace: str
    job: str
    name: str
    since: str


class VerdictRecord(TypedDict):
    """What one row of the precedence table says of a job."""

    row: int
    condition: str
    applies: bool
    desired: str
    reason: str
    detail: str


class AuditRecord(TypedDict):
    """One line of the append-only audit; `id` grows with every line."""

    id: int
    at: str
    event: str
    actor: str
    workspace: str | None
    job: str | None
    name: str | None
    campaigns: list[str]
    action: str | None
    reason: str | None
    detail: str | None
    result: str | None
    pass_id: str | None
    revision: str | None
    facts: dict[str, Any]


AUDIT_FIELDS = tuple(AuditRecord.__annotations__)
"""The columns of the audit's CSV."""
