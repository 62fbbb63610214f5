"""Values of the core as records: the words of the design in snake_case, instants as RFC 3339 UTC."""

import math

from controller.core.campaign import SELECTOR_KEYS, Hold, Incident, Selector
from controller.core.claim import Claim
from controller.core.controls import Closing, OpenedIncident, PlacedHold
from controller.core.decision import Decision
from controller.core.finding import Finding
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.precedence import Verdict
from controller.core.situation import Situation
from controller.shown.record_types import (
    AuditRecord,
    ClaimRecord,
    ClosingRecord,
    DecisionRecord,
    FindingRecord,
    HeldRecord,
    HoldRecord,
    IncidentRecord,
    JobClaimRecord,
    JobRecord,
    SelectorRecord,
    StandingRecord,
    VerdictRecord,
)
from controller.shown.words import because_text, owner_text, reason_text
from controller.store.records import AuditRow


def instant(value: Instant | None) -> str | None:
    """RFC 3339, or None."""
    return None if value is None else rfc3339(value)


def end(until: Instant) -> str | None:
    """RFC 3339, or None for an open end."""
    return None if math.isinf(until) else rfc3339(until)


def decision_record(decision: Decision, situation: Situation) -> DecisionRecord:
    """One decision."""
    job = decision.job
    return {
        "workspace": job.workspace,
        "job": job.id,
        "name": job.name,
        "status": job.status_text,
        "desired": decision.desired.value,
        "action": decision.action.value,
        "because": decision.because.value,
        "reason": decision.reason.value,
        "detail": decision.detail,
        "until": instant(decision.until),
        "campaigns": list(situation.campaign_names),
        "claim": None if situation.claim is None else claim_record(situation.claim),
    }


def claim_record(claim: Claim) -> ClaimRecord:
    """One claim."""
    return {
        "state": claim.state.value,
        "reason": claim.reason,
        "detail": claim.detail,
        "since": rfc3339(claim.since),
        "author": claim.author,
        "campaigns": list(claim.campaigns),
    }


def job_record(decision: Decision, situation: Situation) -> JobRecord:
    """One decision with its words for people: why, and who paused it."""
    return {
        **decision_record(decision, situation),
        "why": reason_text(decision),
        "because_text": because_text(decision),
        "paused_by": owner_text(decision, situation),
        "holds": [_held_record(each) for each in situation.holds],
    }


def job_claim_record(claim: Claim, *, orphaned: bool) -> JobClaimRecord:
    """A claim with its job; `orphaned` where it is open and no campaign matches that any more."""
    return {
        "workspace": claim.workspace,
        "job": claim.job_id,
        "name": claim.job_name,
        **claim_record(claim),
        "changed": rfc3339(claim.changed),
        "orphaned": orphaned,
    }


def incident_record(incident: Incident, *, source: str, closed: Closing | None = None) -> IncidentRecord:
    """An incident of the rules (source `rules`) or beside them."""
    return {
        "incident": incident.name,
        "reason": incident.reason,
        "author": incident.author,
        "source": source,
        "since": rfc3339(incident.since),
        "until": end(incident.until),
        "everything": incident.everything,
        "match": selector_record(incident.match),
        **_closing(closed),
    }


def opened_record(opened: OpenedIncident) -> IncidentRecord:
    """An incident beside the rules."""
    return incident_record(opened.incident, source=opened.source, closed=opened.closed)


def hold_record(placed: PlacedHold) -> HoldRecord:
    """A hold."""
    return {
        "workspace": placed.hold.job.workspace,
        "job": placed.hold.job.id,
        "name": placed.job_name,
        **_held_record(placed.hold),
        **_closing(placed.closed),
    }


def finding_record(finding: Finding) -> FindingRecord:
    """One finding."""
    return {"finding": finding.kind.value, "detail": finding.detail, "facts": dict(finding.facts)}


def standing_record(finding: Finding, since: Instant, name: str) -> StandingRecord:
    """A finding that stands, with its job's name."""
    return {
        "workspace": finding.job.workspace,
        "job": finding.job.id,
        "name": name,
        **finding_record(finding),
        "since": rfc3339(since),
    }


def verdict_record(verdict: Verdict) -> VerdictRecord:
    """What one row of the precedence table says."""
    return {
        "row": verdict.number,
        "condition": verdict.condition,
        "applies": verdict.applies,
        "desired": verdict.desired.value,
        "reason": verdict.reason.value,
        "detail": verdict.detail,
    }


def audit_record(row: AuditRow) -> AuditRecord:
    """A line of the audit."""
    return {
        "id": row.id,
        "at": rfc3339(row.at),
        "event": row.event,
        "actor": row.actor,
        "workspace": row.workspace,
        "job": row.job_id,
        "name": row.job_name,
        "campaigns": list(row.campaigns),
        "action": row.action,
        "reason": row.reason,
        "detail": row.detail,
        "result": row.result,
        "pass_id": row.pass_id,
        "revision": row.revision,
        "facts": dict(row.facts),
    }


def selector_record(match: Selector | None) -> SelectorRecord | None:
    """The keys that a selector asks; None where it covers every matched job."""
    if match is None:
        return None
    return {key: list(items) for key in SELECTOR_KEYS if (items := getattr(match, key))}


def _held_record(hold: Hold) -> HeldRecord:
    return {"author": hold.author, "reason": hold.reason, "since": rfc3339(hold.since), "until": end(hold.until)}


def _closing(closed: Closing | None) -> ClosingRecord:
    return {
        "closed_at": None if closed is None else rfc3339(closed.at),
        "closed_by": None if closed is None else closed.author,
        "closed_why": None if closed is None else closed.reason,
    }
