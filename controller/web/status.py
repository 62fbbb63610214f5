"""How the daemon is: all but the jobs one by one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from controller.core.instant_text import rfc3339
from controller.runtime.view import Decided, View
from controller.shown.record_types import HoldRecord, IncidentRecord, JobClaimRecord, StandingRecord
from controller.shown.records import (
    hold_record,
    incident_record,
    instant,
    job_claim_record,
    opened_record,
    standing_record,
)
from controller.web.endpoint import Endpoint, get
from controller.web.jobs import gently


class StateRecord(TypedDict):
    """How the daemon is, in few words. `ready`: a first pass was verified; `alive`: passes are verified in time;
    `degraded` says what is done less than the rules ask for; `durable`: the store takes what is written.
    """

    at: str
    summary: str
    ready: bool
    alive: bool
    degraded: list[str]
    durable: bool
    revision: str
    rules_rejected: bool
    next_transition: str | None
    by_status: dict[str, int]


class StatusRecord(StateRecord):
    """The same with what stands, and how many jobs are in which state for which reason."""

    jobs: int
    by_reason: dict[str, int]
    by_because: dict[str, int]
    incidents: list[IncidentRecord]
    holds: list[HoldRecord]
    claims: list[JobClaimRecord]
    findings: list[StandingRecord]


@dataclass(frozen=True, slots=True)
class Status:
    """The handler."""

    view: View

    def endpoints(self) -> list[Endpoint]:
        """Where it is served."""
        return [get("/api/v1/status", self.status, StatusRecord)]

    async def status(self, _request: web.Request) -> web.Response:
        """How the daemon is, what stands, and how many jobs are in which state."""
        return web.json_response(status_record(self.view, [each async for each in gently(self.view.jobs())]))


def state_record(view: View) -> StateRecord:
    """How the daemon is."""
    health = view.health
    return {
        "at": rfc3339(view.now()),
        "summary": health.summary(),
        "ready": health.started,
        "alive": health.alive,
        "degraded": list(health.degraded()),
        "durable": view.ledger.durable,
        "revision": view.book.rules.revision,
        "rules_rejected": view.rules.rejected,
        "next_transition": instant(health.next_transition()),
        "by_status": dict(view.dialing()),
    }


def status_record(view: View, decided: Sequence[Decided]) -> StatusRecord:
    """How the daemon is, what stands, and how many jobs are in which state."""
    return {
        **state_record(view),
        "jobs": len(decided),
        "by_reason": dict(Counter(decision.reason.value for decision, _situation in decided)),
        "by_because": dict(Counter(decision.because.value for decision, _situation in decided)),
        "incidents": open_incidents(view),
        "holds": [hold_record(each) for each in view.ledger.holds.values()],
        "claims": open_claims(view),
        "findings": standing(view),
    }


def open_incidents(view: View) -> list[IncidentRecord]:
    """The incidents of the rules that are not over, and the open ones beside them."""
    of_rules = [each for each in view.book.rules.incidents if each.until > view.now()]
    return [
        *(incident_record(each, source="rules") for each in of_rules),
        *(opened_record(each) for each in view.ledger.incidents.values()),
    ]


def open_claims(view: View) -> list[JobClaimRecord]:
    """The claims that say that a pause is ours."""
    return [job_claim_record(each, orphaned=view.orphaned(each)) for each in view.ledger.claims.values()]


def standing(view: View) -> list[StandingRecord]:
    """The findings that stand."""
    return [
        standing_record(finding, since, view.job_name(finding.job)) for finding, since in view.ledger.findings.values()
    ]
