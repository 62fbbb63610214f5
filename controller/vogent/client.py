"""The client of one workspace's batch dial jobs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp

from controller.core.job import Job, Status
from controller.vogent.api import WithdrawnError, always, ignored, unnoted
from controller.vogent.budget import Budget
from controller.vogent.connector import asked_last
from controller.vogent.date_header import TimeWitness
from controller.vogent.errors import ContractError, ErrorReason
from controller.vogent.key import FreshKey
from controller.vogent.known_pages import KnownPages
from controller.vogent.refusal import Kind
from controller.vogent.request_meter import NoMeter, RequestMeter, metered
from controller.vogent.retries import retried, wait_before_pausing_again
from controller.vogent.throttle import Throttle
from controller.vogent.transport import Request, Transport
from controller.vogent.wire import (
    Body,
    Listing,
    Page,
    QueuedDial,
    Unreadable,
    parse_job,
    parse_job_page,
    parse_queue_page,
)

#: How many items a page is asked for. The reference names no greatest number.
PAGE_LIMIT = 100
#: So many pauses may wait for their place before whoever has more of them is asked to hold them back.
PAUSES_IN_LINE = 50
#: A list that goes on beyond so many pages is taken for one that never ends.
MOST_PAGES = 10_000

_JOBS = "batch_dial_jobs"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_PAUSED = {paused: _json({"paused": paused}) for paused in (True, False)}

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")


class VogentClient:
    """Talks to the API for one workspace, within one budget; the session is its own from then on.

    After a 429 all requests but pauses wait until its `Retry-After` has run out.

    `base_url` is as in `https://api.vogent.ai/api`; `key` reads the API key anew, and is asked at most every 30
    seconds and after each 401 or 403; `request_timeout` is in seconds, for each attempt. Reads and pauses are tried up
    to three times, everything else is sent once. `witness` is shown the dates of the answers, `meter` is told what
    became of each attempt. Raises ValueError for a base URL that cannot be one; the methods raise ApiError.
    """

    def __init__(  # noqa: PLR0913 - keywords, and the last two are for those who look on
        self,
        *,
        session: aiohttp.ClientSession,
        workspace: str,
        base_url: str,
        key: Callable[[], str],
        request_timeout: float,
        budget: Budget,
        witness: TimeWitness | None = None,
        meter: RequestMeter | None = None,
    ) -> None:
        self._workspace = workspace
        self._meter = meter or NoMeter()
        self._budget = budget
        self._throttle = Throttle(workspace, budget)
        fresh = FreshKey(key, lambda: asyncio.get_running_loop().time())
        self._transport = Transport(session, base_url, fresh, request_timeout, witness)
        self._known: dict[Status, Mapping[bytes, Page[Job | Unreadable]]] = {}

    def __repr__(self) -> str:
        return f"VogentClient(workspace={self._workspace!r}, base_url={str(self._transport.base_url)!r})"

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self._workspace

    @property
    def throttled(self) -> bool:
        """Whether the provider refuses requests for being too many; all but pauses wait meanwhile."""
        return self._throttle.throttled

    async def close(self) -> None:
        """Close the session; requests in flight fail."""
        await self._transport.close()

    async def list_jobs(
        self,
        status: Status | None,
        shown: Callable[[Sequence[Job]], None] = ignored,
        asking: Callable[[], None] = unnoted,
    ) -> Listing:
        """Read every job of one status, or every job; those of a page are `shown` as soon as it was read, and `asking`
        is called as each request for one leaves. Raises ApiError rather than give a part of them.

        Where a job comes twice the last reading counts, and the status is compared again here. Raises ValueError for
        UNKNOWN, which the API cannot be asked for.
        """
        if status is Status.UNKNOWN:
            raise ValueError("the API knows no status UNKNOWN; list without a status instead")
        what = f"{self._workspace}: list {'all' if status is None else status.value} jobs"
        query = {} if status is None else {"status": status.value}
        rows: dict[str, Job | Unreadable] = {}
        nameless: list[Unreadable] = []
        pages = KnownPages(self._parse_job_page, {} if status is None else self._known.get(status, {}))
        async for page in self._pages(what, (_JOBS,), query, pages.page, asking):
            for row in page.items:
                if row.id is None:
                    nameless.append(row)
                else:
                    rows[row.id] = row
            shown([row for row in page.items if isinstance(row, Job)])
        if status is not None and not status.finished:  # what is finished piles up, and is seldom listed
            self._known[status] = pages.read
        jobs = (row for row in rows.values() if isinstance(row, Job))
        unreadable = [row for row in rows.values() if isinstance(row, Unreadable)]
        return Listing(
            tuple(job for job in jobs if status is None or job.status is status),
            (*unreadable, *nameless),
        )

    async def get_job(self, job_id: str) -> Job:
        """Read one job. Raises NotFound where it is gone or never was."""
        request = Request(self._what("read", job_id), Kind.JOB, "GET", (_JOBS, job_id))
        return await self._read(request, lambda body: self._parse_job(job_id, body))

    async def queue(self, job_id: str) -> tuple[QueuedDial, ...]:
        """Read every row of a job that waits to be dialed, each once."""
        what = self._what("read the queue of", job_id)
        pages = self._pages(what, (_JOBS, job_id, "queue"), {}, parse_queue_page)
        rows = {row.id: row async for page in pages for row in page.items}
        return tuple(rows.values())

    async def pause(self, job_id: str) -> Job:
        """Pause a job, ahead of every other request; sent again where an attempt fails without a refusal."""
        request = self._paused("pause", job_id, paused=True)

        async def once() -> Job:
            async with self._budget.pause():
                return await self._write(request, job_id)

        with self._budget.reserve():
            return await retried(once, wait_before_pausing_again)

    async def room_for_pauses(self) -> None:
        """Wait until no more than PAUSES_IN_LINE pauses wait for their place."""
        await self._budget.short_line(PAUSES_IN_LINE)

    async def unpause(self, job_id: str, still_wanted: Callable[[], bool] = always) -> Job:
        """Resume a PAUSED job or start an INIT one. Sent once: the caller decides anew after a failure.

        `still_wanted` is asked once the request has its place, and again once it has its connection. Raises
        WithdrawnError where it says no.
        """
        async with self._throttle.other():
            if not still_wanted():
                raise WithdrawnError
            with asked_last(still_wanted):
                return await self._write(self._paused("unpause", job_id, paused=False), job_id)

    async def put_schedule(self, job_id: str, schedule: Mapping[str, Any]) -> Job:
        """Replace the job's whole provider-side schedule, given as the API's `WeeklyScheduleInput`. Sent once."""
        what = self._what("put the schedule of", job_id)
        request = Request(what, Kind.WRITE, "PUT", (_JOBS, job_id), body=_json({"schedule": dict(schedule)}))
        async with self._throttle.other():
            return await self._write(request, job_id)

    def _what(self, verb: str, job_id: str) -> str:
        return f"{self._workspace}: {verb} job {job_id!r}"

    def _paused(self, verb: str, job_id: str, *, paused: bool) -> Request:
        segments = (_JOBS, job_id, "paused")
        return Request(self._what(verb, job_id), Kind.WRITE, "POST", segments, body=_PAUSED[paused])

    async def _exchange(self, request: Request, parse: Callable[[Body], AnswerT]) -> AnswerT:
        with metered(self._meter, request.kind):
            with self._throttle.learning(request.kind):
                body = await self._transport.exchange(request)
            try:
                return parse(body)
            except ContractError as error:
                unknown = request.changes
                problem = ContractError(error.reason, f"{request.what}: {error}", outcome_unknown=unknown)
            raise problem

    async def _write(self, request: Request, job_id: str) -> Job:
        return await self._exchange(request, lambda body: self._parse_job(job_id, body))

    async def _read(
        self, request: Request, parse: Callable[[Body], AnswerT], asking: Callable[[], None] = unnoted
    ) -> AnswerT:
        async def once() -> AnswerT:
            async with self._throttle.other():
                asking()
                return await self._exchange(request, parse)

        return await retried(once)

    async def _pages(
        self,
        what: str,
        segments: tuple[str, ...],
        query: Mapping[str, str],
        parse: Callable[[Body], Page[ItemT]],
        asking: Callable[[], None] = unnoted,
    ) -> AsyncIterator[Page[ItemT]]:
        """Follow the cursor verbatim to its null. Raises ContractError where it leads in a circle or nowhere."""
        asked = {"limit": str(PAGE_LIMIT), **query}
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = await self._read(Request(what, Kind.PAGE, "GET", segments, asked), parse, asking)
            yield page
            if page.cursor is None:
                return
            if page.cursor in seen:
                raise ContractError(ErrorReason.CONTRACT, f"{what}: a page's cursor leads back to an earlier page")
            seen.add(page.cursor)
            asked["cursor"] = page.cursor
        raise ContractError(ErrorReason.CONTRACT, f"{what}: the list does not end after {MOST_PAGES} pages")

    def _parse_job(self, job_id: str, body: Body) -> Job:
        job = parse_job(self._workspace, body)
        if job.id != job_id:
            raise ContractError(ErrorReason.CONTRACT, "the answer is another job")
        return job

    def _parse_job_page(self, body: Body) -> Page[Job | Unreadable]:
        return parse_job_page(self._workspace, body)
