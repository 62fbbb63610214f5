"""Values of the core as records: the words of the design in snake_case, instants as RFC 3339 UTC."""

from typing import Any

from controller.core.claim import Claim
from controller.core.decision import Decision
from controller.core.finding import Finding
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.situation import Situation


def instant(value: Instant | None) -> str | None:
    """RFC 3339, or None."""
    return None if value is None else rfc3339(value)


def decision_record(decision: Decision, situation: Situation) -> dict[str, Any]:
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
        "claim": claim_record(situation.claim),
    }


def claim_record(claim: Claim | None) -> dict[str, Any] | None:
    """One claim, or None."""
    if claim is None:
        return None
    return {
        "state": claim.state.value,
        "reason": claim.reason,
        "detail": claim.detail,
        "since": rfc3339(claim.since),
        "author": claim.author,
        "campaigns": list(claim.campaigns),
    }


def finding_record(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {"finding": finding.kind.value, "detail": finding.detail, "facts": dict(finding.facts)}
