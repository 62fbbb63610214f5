"""The audit: what happened, filtered and paged, as JSON or as CSV."""

from dataclasses import dataclass

from aiohttp import hdrs, web

from controller.shown.csv_text import csv_text
from controller.shown.record_types import AUDIT_FIELDS, AuditRecord
from controller.shown.records import audit_record
from controller.store.records import AuditFilter
from controller.web.endpoint import JSON, Endpoint, get
from controller.web.history import History
from controller.web.pages import next_page
from controller.web.queries import AuditQuery, query_of

CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class AuditLines:
    """The handler."""

    history: History

    def endpoints(self) -> list[Endpoint]:
        """Where it is served."""
        return [get("/api/v1/audit", self.audit, list[AuditRecord], AuditQuery, media=(JSON, CSV))]

    async def audit(self, request: web.Request) -> web.Response:
        """What happened, oldest first: the newest lines that fit, or with `after` the ones that follow."""
        asked = query_of(request, AuditQuery)
        wanted = AuditFilter(
            workspace=asked.workspace,
            job_id=asked.job,
            event=asked.event,
            since=asked.since,
            until=asked.until,
            before=asked.before,
            after=asked.after,
            limit=asked.limit,
        )
        records = [audit_record(row) for row in await self.history.ask(lambda reader: reader.audit_rows(wanted))]
        headers = _next(request, asked, records)
        if asked.format == "csv" or (asked.format is None and prefers_csv(request.headers.get(hdrs.ACCEPT, ""))):
            headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
            return web.Response(text=csv_text(records, AUDIT_FIELDS), content_type=CSV, headers=headers)
        return web.json_response(records, headers=headers)


def prefers_csv(accept: str) -> bool:
    """Whether an Accept header would rather have CSV than JSON."""
    wanted = dict[str, float]()
    for part in accept.split(","):
        media, *parameters = (each.strip().lower() for each in part.split(";"))
        weights = [each.removeprefix("q=") for each in parameters if each.startswith("q=")]
        try:
            wanted[media] = float(weights[0]) if weights else 1.0
        except ValueError:
            wanted[media] = 0.0
    json = max((wanted.get(each, 0.0) for each in (JSON, "application/*", "*/*")), default=0.0)
    return wanted.get(CSV, 0.0) > json


def _next(request: web.Request, asked: AuditQuery, records: list[AuditRecord]) -> dict[str, str]:
    """A full page may have another behind it, in the direction that is read."""
    if len(records) < asked.limit:
        return {}
    if asked.after is not None:
        return next_page(request, after=str(records[-1]["id"]))
    return next_page(request, before=str(records[0]["id"]))
