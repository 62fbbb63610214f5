"""The requests that only look."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from controller.core.instant_text import rfc3339
from controller.runtime.view import View
from controller.shown.records import (
    hold_record,
    incident_record,
    instant,
    job_record,
    open_claim_record,
    opened_record,
    standing_record,
)


@dataclass(frozen=True, slots=True)
class Reads:
    """The handlers."""

    view: View

    def routes(self) -> list[web.RouteDef]:
        """Where each is served."""
        return [
            web.get("/api/v1/status", self.status),
            web.get("/api/v1/jobs", self.jobs),
        ]

    async def status(self, _request: web.Request) -> web.Response:
        """All but the jobs one by one."""
        return web.json_response(status_record(self.view))

    async def jobs(self, _request: web.Request) -> web.Response:
        """Each job with its state, why, until when and who."""
        return web.json_response([job_record(*decided) for decided in self.view.jobs()])


def status_record(view: View) -> dict[str, Any]:
    """How the daemon is, what stands, and how many jobs are in which state."""
    health, ledger, rules = view.health, view.ledger, view.book.rules
    decided = list(view.jobs())
    names = {decision.job.key: decision.job.name for decision, _situation in decided}
    return {
        "at": rfc3339(view.now()),
        "summary": health.summary(),
        "ready": health.started,
        "alive": health.alive,
        "degraded": list(health.degraded()),
        "durable": ledger.durable,
        "revision": rules.revision,
        "rules_rejected": view.rules.rejected,
        "next_transition": instant(health.next_transition()),
        "jobs": len(decided),
        "by_status": dict(Counter(decision.job.status.value for decision, _situation in decided)),
        "by_reason": dict(Counter(decision.reason.value for decision, _situation in decided)),
        "by_because": dict(Counter(decision.because.value for decision, _situation in decided)),
        "incidents": [
            *(incident_record(each, source="rules") for each in rules.incidents if each.until > view.now()),
            *(opened_record(each) for each in ledger.incidents.values()),
        ],
        "holds": [hold_record(each) for each in ledger.holds.values()],
        "claims": [open_claim_record(each, orphaned=view.orphaned(each)) for each in ledger.claims.values()],
        "findings": [
            standing_record(finding, since, names.get(finding.job, finding.job.id))
            for finding, since in ledger.findings.values()
        ],
    }
