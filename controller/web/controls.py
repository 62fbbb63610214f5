"""What stands in the way of dialing, and what was found: incidents, holds, claims, findings."""

from dataclasses import dataclass

from aiohttp import web

from controller.runtime.view import View
from controller.shown.record_types import HoldRecord, IncidentRecord, JobClaimRecord, StandingRecord
from controller.shown.records import hold_record, incident_record, job_claim_record, opened_record
from controller.web.endpoint import Endpoint, get
from controller.web.history import History
from controller.web.queries import ClaimsQuery, IncidentsQuery, query_of
from controller.web.status import open_claims, open_incidents, standing


@dataclass(frozen=True, slots=True)
class Controls:
    """The handlers. What is open, memory answers; what is over, the store."""

    view: View
    history: History

    def endpoints(self) -> list[Endpoint]:
        """Where each is served."""
        return [
            get("/api/v1/incidents", self.incidents, list[IncidentRecord], IncidentsQuery),
            get("/api/v1/holds", self.holds, list[HoldRecord]),
            get("/api/v1/claims", self.claims, list[JobClaimRecord], ClaimsQuery),
            get("/api/v1/findings", self.findings, list[StandingRecord]),
        ]

    async def incidents(self, request: web.Request) -> web.Response:
        """The incidents of the rules and those beside them, oldest first; open ones, or with `closed` all."""
        asked = query_of(request, IncidentsQuery)
        if asked.closed == "true":
            opened = await self.history.ask(lambda reader: reader.last_incidents(asked.limit))
            of_rules = [incident_record(each, source="rules") for each in self.view.book.rules.incidents]
            records = [*of_rules, *map(opened_record, opened)]
        else:
            records = open_incidents(self.view)
        return web.json_response(sorted(records, key=lambda record: record["since"]))

    async def holds(self, _request: web.Request) -> web.Response:
        """The holds that stand."""
        return web.json_response([hold_record(each) for each in self.view.ledger.holds.values()])

    async def claims(self, request: web.Request) -> web.Response:
        """The claims that say that a pause is ours, or with `closed` the last ones of any state, oldest first."""
        asked = query_of(request, ClaimsQuery)
        if asked.closed == "false":
            return web.json_response(open_claims(self.view))
        stored = await self.history.ask(lambda reader: reader.claims(limit=asked.limit))
        return web.json_response(
            [job_claim_record(each, orphaned=each.state.open and self.view.orphaned(each)) for each in stored]
        )

    async def findings(self, _request: web.Request) -> web.Response:
        """The findings that stand."""
        return web.json_response(standing(self.view))
