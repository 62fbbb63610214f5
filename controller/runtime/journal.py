"""What happened, told twice: as a log line with the design's event name, and as a row of the audit."""

from collections.abc import Mapping
from typing import Any

import structlog

from controller.core.claim import Claim
from controller.core.decision import Decision
from controller.core.finding import Finding, FindingKind
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.job import Job, JobKey
from controller.runtime.report import Outcome, Result, past_tense
from controller.store.changes import Audit

log = structlog.get_logger()

OURSELVES = "controller"
OTHERS = "others"


class Journal:
    """Writes log lines and gives the audit rows that go with them, for one pass of one workspace."""

    def __init__(self, pass_id: str, revision: str, workspace: str) -> None:
        self.pass_id = pass_id
        self.revision = revision
        self.log = log.bind(pass_id=pass_id, workspace=workspace)

    def outcome(self, outcome: Outcome, campaigns: tuple[str, ...], now: Instant) -> Audit:
        """A change that was asked for: verified, on its way, failed or withdrawn."""
        decision = outcome.decision
        event = _outcome_event(outcome)
        facts = {"problem": outcome.problem} if outcome.problem else {}
        level = _LEVELS.get(outcome.result, "info")
        getattr(self.log, level)(event, **_told(decision), campaigns=list(campaigns), **facts)
        if outcome.answer is not None:
            facts["answered_status"] = outcome.answer.status_text
        return self._decided(event, decision, campaigns, now, OURSELVES, facts, outcome.result.value)

    def overridden(
        self, decision: Decision, campaigns: tuple[str, ...], times: int, now: Instant, *, certain: bool = True
    ) -> Audit:
        """A person resumed a job that must not dial; not `certain` where the reading may be older than our pause."""
        facts = {"times": times, "certain": certain}
        self.log.warning("job.overridden", **_told(decision), **facts)
        return self._decided("job.overridden", decision, campaigns, now, OTHERS, facts)

    def paused_by_others(self, decision: Decision, campaigns: tuple[str, ...], now: Instant) -> Audit:
        """A job that was dialing was paused, and not by us."""
        self.log.info("job.paused_by_others", **_told(decision))
        return self._decided("job.paused_by_others", decision, campaigns, now, OTHERS, {})

    def dialing_forbidden(self, job: Job, seconds: float, now: Instant) -> Audit:
        """A job was seen dialing for so long when it must not, and still is."""
        facts = {"seconds": round(seconds, 3)}
        self.log.error("job.dialing_forbidden", job=job.id, name=job.name, status=job.status_text, **facts)
        return self._row("job.dialing_forbidden", job.key, job.name, now, actor=OURSELVES, facts=facts)

    def dialed_forbidden(self, job: JobKey, name: str, seconds: float, now: Instant) -> Audit:
        """It dials no more, after so many forbidden seconds in all."""
        facts = {"seconds": round(seconds, 3)}
        self.log.warning("job.dialed_forbidden", job=job.id, name=name, **facts)
        return self._row("job.dialed_forbidden", job, name, now, actor=OURSELVES, facts=facts)

    def vanished(self, job: JobKey, name: str, now: Instant) -> Audit:
        """A job that we knew is no longer there."""
        self.log.warning("job.vanished", job=job.id, name=name)
        return self._row("job.vanished", job, name, now, actor=OTHERS)

    def claim_changed(
        self,
        event: str,
        claim: Claim,
        now: Instant,
        actor: str = OURSELVES,
        why: str | None = None,
        via: str | None = None,
    ) -> Audit:
        """A claim was closed (`claim.closed`), or a person made or ended it (`claim.adopted`, `claim.released`) and
        said why; `via` is the way by which that came.
        """
        facts = {"state": claim.state.value, "reason": claim.reason, "since": rfc3339(claim.since), "why": why}
        self.log.info(event, job=claim.job_id, name=claim.job_name, author=actor, **facts)
        return self._row(
            event,
            claim.key,
            claim.job_name,
            now,
            actor=actor,
            campaigns=claim.campaigns,
            reason=claim.reason,
            detail=why or claim.detail,
            result=claim.state.value,
            facts={} if via is None else {"via": via},
        )

    def found(self, finding: Finding, job: Job, now: Instant) -> Audit:
        """A finding appeared."""
        event = _FOUND.get(finding.kind, "schedule.drifted")
        tell = self.log.error if finding.kind in _ALARMS else self.log.warning
        tell(event, job=job.id, name=job.name, finding=finding.kind.value, detail=finding.detail)
        return self._row(
            event, job.key, job.name, now, reason=finding.kind.value, detail=finding.detail, facts=finding.facts
        )

    def gone(self, finding: Finding, name: str, now: Instant) -> Audit:
        """A finding went away."""
        event = "finding.closed" if finding.kind in _FOUND else "schedule.agreed"
        self.log.info(event, job=finding.job.id, name=name, finding=finding.kind.value)
        return self._row(event, finding.job, name, now, reason=finding.kind.value, detail=finding.detail)

    def _decided(
        self,
        event: str,
        decision: Decision,
        campaigns: tuple[str, ...],
        now: Instant,
        actor: str,
        facts: Mapping[str, Any],
        result: str | None = None,
    ) -> Audit:
        job = decision.job
        because = {"because": decision.because.value, "until": decision.until and rfc3339(decision.until)}
        return Audit(
            now,
            event,
            actor,
            job.workspace,
            job.id,
            job.name,
            campaigns,
            decision.action.value,
            decision.reason.value,
            decision.detail,
            result,
            self.pass_id,
            self.revision,
            {**because, **facts},
        )

    def _row(self, event: str, job: JobKey, name: str, now: Instant, **more: Any) -> Audit:  # noqa: ANN401 - columns of the audit
        return Audit(
            at=now,
            event=event,
            workspace=job.workspace,
            job_id=job.id,
            job_name=name,
            pass_id=self.pass_id,
            revision=self.revision,
            **more,
        )


_LEVELS = {Result.FAILED: "error", Result.UNVERIFIED: "warning"}

_FOUND = {
    FindingKind.VERIFY_FAILED: "job.verify_failed",
    FindingKind.TUG_OF_WAR: "job.contested",
    FindingKind.UNKNOWN_STATUS: "finding.opened",
    FindingKind.ORPHANED_CLAIM: "finding.opened",
}

_ALARMS = {FindingKind.VERIFY_FAILED, FindingKind.TUG_OF_WAR}


def _outcome_event(outcome: Outcome) -> str:
    match outcome.result:
        case Result.VERIFIED:
            return f"job.{past_tense(outcome.decision.action)}"
        case Result.UNVERIFIED:
            return "job.unverified"
        case Result.WITHDRAWN:
            return "job.withdrawn"
        case Result.GONE:
            return "job.vanished"
        case Result.FAILED:
            return "job.change_failed"


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "job": decision.job.id,
        "name": decision.job.name,
        "status": decision.job.status_text,
        "action": decision.action.value,
        "because": decision.because.value,
        "reason": decision.reason.value,
        "detail": decision.detail,
        "until": decision.until and rfc3339(decision.until),
    }
