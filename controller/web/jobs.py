"""The jobs: many at once, or one with all that is known of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from controller.core.job import Job, JobKey
from controller.runtime.view import View
from controller.shown.record_types import AuditRecord, FindingRecord, JobClaimRecord, JobRecord, VerdictRecord
from controller.shown.records import audit_record, finding_record, job_claim_record, job_record, verdict_record
from controller.store.errors import StoreError
from controller.store.records import AuditFilter
from controller.web.endpoint import Endpoint, get
from controller.web.history import History
from controller.web.pages import next_page
from controller.web.problems import ProblemError, store_trouble
from controller.web.queries import JobsQuery, query_of
from controller.web.refuse_unknown import refuse_unknown_campaign, refuse_unknown_workspace

BREATH = 100
"""After so many jobs everybody else gets a turn: a pause must not wait for who only looks."""
_LINES = 200
"""Lines of a job's audit, and its claims, that are shown with it; the newest."""

T = TypeVar("T")


class JobHistory(TypedDict):
    """What was done with a job, oldest first; `problem` says why the store could not be asked, null where it was."""

    audit: list[AuditRecord]
    claims: list[JobClaimRecord]
    problem: str | None


class ExplainedJob(JobRecord):
    """A job with each rule's verdict, what its schedule differs in, and its history."""

    verdicts: list[VerdictRecord]
    findings: list[FindingRecord]
    revision: str
    history: JobHistory


@dataclass(frozen=True, slots=True)
class Jobs:
    """The handlers."""

    view: View
    history: History

    def endpoints(self) -> list[Endpoint]:
        """Where each is served."""
        return [
            get("/api/v1/jobs", self.jobs, list[JobRecord], JobsQuery),
            get("/api/v1/jobs/{workspace}/{id}", self.job, ExplainedJob, problems=(HTTPStatus.NOT_FOUND,)),
        ]

    async def jobs(self, request: web.Request) -> web.Response:
        """Each job with its state, why, until when and who; in the order of their keys."""
        asked = query_of(request, JobsQuery)
        refuse_unknown_workspace(self.view, asked.workspace)
        refuse_unknown_campaign(self.view, asked.campaign)
        found = sorted((job for job in self.view.known_jobs() if self._wanted(job, asked)), key=lambda job: job.key)
        records: list[JobRecord] = []
        async for decision, situation in gently(self.view.decided(found)):
            if asked.reason not in (None, decision.reason):
                continue
            if len(records) == asked.limit:
                last = records[-1]
                headers = next_page(request, after=f"{last['workspace']}/{last['job']}")
                return web.json_response(records, headers=headers)
            records.append(job_record(decision, situation))
        return web.json_response(records)

    async def job(self, request: web.Request) -> web.Response:
        """One job: the decision with every rule's verdict, and its history."""
        key = JobKey(request.match_info["workspace"], request.match_info["id"])
        found = self.view.job(key)
        if found is None:
            told = f"no job {key} is known; what was done with it, the audit has: /api/v1/audit?job=ID"
            raise ProblemError(HTTPStatus.NOT_FOUND, told)
        (decision, situation), verdicts = found
        record: ExplainedJob = {
            **job_record(decision, situation),
            "verdicts": [verdict_record(each) for each in verdicts],
            "findings": [finding_record(each) for each in situation.drift],
            "revision": self.view.book.rules.revision,
            "history": await self._history(key),
        }
        return web.json_response(record)

    def _wanted(self, job: Job, asked: JobsQuery) -> bool:
        """Whether a job fits, as far as that needs no decision."""
        return (
            (asked.workspace is None or job.workspace == asked.workspace)
            and (asked.status is None or job.status is asked.status)
            and (asked.text is None or asked.text.lower() in f"{job.name}\n{job.id}".lower())
            and (asked.after is None or job.key > asked.after)
            and (asked.campaign is None or asked.campaign in self._campaigns(job))
        )

    def _campaigns(self, job: Job) -> list[str]:
        return list(self.view.book.matching(job).names)

    async def _history(self, key: JobKey) -> JobHistory:
        wanted = AuditFilter(workspace=key.workspace, job_id=key.id, limit=_LINES)
        try:
            audit = await self.history.ask(lambda reader: reader.audit_rows(wanted))
            claims = await self.history.ask(lambda reader: reader.claims(key, _LINES))
        except StoreError as error:
            return {"audit": [], "claims": [], "problem": store_trouble(error)}
        return {
            "audit": [audit_record(each) for each in audit],
            "claims": [job_claim_record(each, orphaned=False) for each in claims],
            "problem": None,
        }


async def gently(items: Iterable[T]) -> AsyncIterator[T]:
    """All of them, with turns for others between."""
    for count, item in enumerate(items):
        if count % BREATH == 0:
            await asyncio.sleep(0)
        yield item
