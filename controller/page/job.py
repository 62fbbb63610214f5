"""One job: each rule's verdict, the provider's schedule beside the rules', its history; hold and release."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from controller.core.job import JobKey
from controller.page.forms import SPANS, HoldForm, ReasonForm, WrongForm, fields_of, form_of
from controller.page.frame import Frame
from controller.page.paths import job_path
from controller.page.told import ToldQuery, tell
from controller.page.visit import Visit
from controller.runtime.operations import OperationRefused, Operations
from controller.runtime.view import View
from controller.shown.advice import ADVICE
from controller.shown.hours_text import WEEKDAYS, provider_hours, rules_hours
from controller.shown.lines import job_line
from controller.shown.records import audit_record, job_record
from controller.store.errors import StoreError
from controller.store.records import AuditFilter, AuditRow
from controller.web.history import History
from controller.web.problems import ProblemError, store_trouble
from controller.web.queries import query_of

LINES = 100
"""Of the history; the newest."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """The handlers."""

    view: View
    operations: Operations
    history: History
    frame: Frame

    async def job(self, visit: Visit) -> web.Response:
        """All that is known of it."""
        return await self._page(visit, {}, [], query_of(visit.request, ToldQuery))

    async def hold(self, visit: Visit) -> web.Response:
        """Stop it now, and keep it stopped."""
        key = self._key(visit)
        try:
            form = await form_of(visit.request, HoldForm)
            answers = await self.operations.hold([key], form.until(self.view.now()), visit.actor, form.reason)
        except (WrongForm, OperationRefused) as error:
            problems = error.problems if isinstance(error, WrongForm) else [str(error)]
            return await self._page(visit, await fields_of(visit.request), problems)
        return tell(job_path(key), "held", stored=answers[0].problem is None)

    async def ask_release(self, visit: Visit) -> web.Response:
        """Whether to let go, of which holds, and why."""
        return await self._release_page(visit, [])

    async def release(self, visit: Visit) -> web.Response:
        """Remove every hold."""
        key = self._key(visit)
        try:
            form = await form_of(visit.request, ReasonForm)
        except WrongForm as error:
            return await self._release_page(visit, error.problems)
        held = bool(self.view.ledger.controls.holds_on(key))
        answers = await self.operations.release([key], visit.actor, form.reason)
        if not held:
            return tell(job_path(key), "unheld", stored=True)
        return tell(job_path(key), "released", stored=answers[0].problem is None)

    async def _page(
        self, visit: Visit, given: Mapping[str, Any], problems: list[str], done: ToldQuery | None = None
    ) -> web.Response:
        key = self._key(visit)
        found = self.view.job(key)
        if found is None:
            raise _unknown(key)
        (decision, situation), verdicts = found
        standing = [(finding, since) for (job, _), (finding, since) in self.view.ledger.findings.items() if job == key]
        rows, trouble = await self._rows(key)
        return await self.frame.show(
            visit,
            "job.html",
            HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
            here=job_path(key),
            path=job_path(key),
            line=job_line(decision, situation, [finding.kind for finding, _ in standing]),
            record=job_record(decision, situation),
            claim=situation.claim,
            verdicts=verdicts,
            winner=decision.reason,
            findings=[(ADVICE[finding.kind], finding, since) for finding, since in standing],
            weekdays=WEEKDAYS,
            weeks=[*rules_hours(situation), provider_hours(decision.job)],
            history=[audit_record(row) for row in reversed(rows)],
            history_trouble=trouble,
            problems=problems,
            given=given,
            spans=SPANS,
            told=done or ToldQuery(),
        )

    async def _release_page(self, visit: Visit, problems: list[str]) -> web.Response:
        key = self._key(visit)
        found = self.view.job(key)
        if found is None:
            raise _unknown(key)
        record = job_record(*found[0])
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
        return await self.frame.show(visit, "release.html", status, record=record, problems=problems)

    async def _rows(self, key: JobKey) -> tuple[list[AuditRow], str | None]:
        """The newest lines about it, and why there are none where the store cannot be asked."""
        wanted = AuditFilter(workspace=key.workspace, job_id=key.id, limit=LINES)
        try:
            return await self.history.ask(lambda reader: reader.audit_rows(wanted)), None
        except StoreError as error:
            return [], store_trouble(error)

    def _key(self, visit: Visit) -> JobKey:
        """Raises ProblemError."""
        key = JobKey(visit.request.match_info["workspace"], visit.request.match_info["id"])
        if self.view.known(key) is None:
            raise _unknown(key)
        return key


def _unknown(key: JobKey) -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, f"no job {key} is known: it may be gone, or was not read yet")
