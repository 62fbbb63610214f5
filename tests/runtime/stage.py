"""A workspace on a stage: the real client, store and reconciler against the sandbox, on a clock that is moved by hand.

Unless told otherwise it is Monday 2026-11-23 at 16:50 UTC, and the campaign `renewals` is open from 09:00 to 17:00.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from controller.build import build_reconciler, open_client
from controller.clock import Clock
from controller.core.campaign import Campaign, Incident, RuleSet
from controller.core.claim import Claim
from controller.core.job import JobKey, Status
from controller.core.rulebook import Rulebook
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.ledger import Ledger
from controller.runtime.report import PassReport, Trigger
from controller.sandbox import Sandbox
from controller.settings import EnvKey, WorkspaceSettings
from controller.store.records import AuditFilter, AuditRow
from controller.store.store import Store
from controller.vogent.api import JobsApi
from tests.core.build import at, campaign

KEY = "key-of-the-stage"
KEY_VARIABLE = "STAGE_API_KEY"

OPEN = at("2026-11-23T16:50")
CLOSE = at("2026-11-23T17:00")
SHUT = at("2026-11-23T17:10")
MORNING = at("2026-11-24T09:10")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse | None]]


def weekly(start: str = "09:00", end: str = "17:00") -> dict[str, Any]:
    """A provider schedule from Monday to Friday, in UTC; as it stands it agrees with `renewals`."""
    slots = [{"startTime": start, "endTime": end}]
    return {"days": [{"dayOfWeek": number, "timeSlots": slots} for number in range(1, 6)], "timezone": "UTC"}


class HandClock:
    """Stands still until a test moves it, or somebody sleeps: then that much time has passed at once.

    Where a test sets a `gate`, sleepers wait for that first. `wrong_by` is what somebody set it off by.
    """

    rate = 1.0

    def __init__(self, instant: float = OPEN) -> None:
        self.instant = instant
        self.wrong_by = 0.0
        self.gate: asyncio.Event | None = None

    def now(self) -> float:
        return self.instant + self.wrong_by

    def monotonic(self) -> float:
        return self.instant

    def real(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        if self.gate is not None:
            await self.gate.wait()
        self.instant += seconds
        await asyncio.sleep(0)


class WatchedClock(HandClock):
    """Follows a clock that is right; nobody who sleeps on it ever wakes."""

    def __init__(self, other: Clock) -> None:
        super().__init__()
        self._other = other

    def now(self) -> float:
        return self._other.monotonic() + self.wrong_by

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        await asyncio.Event().wait()


class Seen(NamedTuple):
    """A request that arrived: a method, and the path below the jobs."""

    method: str
    path: str


def rulebook(*campaigns: Campaign, incidents: tuple[Incident, ...] = (), revision: str = "r1") -> Rulebook:
    calendars = {each.name: each for one in campaigns for each in one.calendars}
    return Rulebook(RuleSet(revision, calendars, campaigns, incidents, {}))


def workspace_settings(base_url: str, **fields: Any) -> WorkspaceSettings:
    given = {"max_concurrency": 50, "request_timeout": 5, "verify_within": 15, **fields}
    return WorkspaceSettings("main", base_url, EnvKey(KEY_VARIABLE), **given)


class Stage:
    """`faults` are asked in turn before the sandbox answers; `requests` are those that arrived, in order."""

    def __init__(self, sandbox: Sandbox, clock: HandClock, api: JobsApi, store: Store, watch: ClockWatch) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.api = api
        self.store = store
        self.faults: list[Fault] = []
        self.requests: list[Seen] = []
        self.book = rulebook(campaign())
        self.ledger = Ledger(store.write, stored=store.open_claim)
        self.watch = watch
        self.build()

    def build(self, api: JobsApi | None = None, *, first_full_scan: float = math.inf, **settings: Any) -> None:
        """Build the reconciler, with another API in front of the client or other settings."""
        self.reconciler = build_reconciler(
            workspace_settings("http://127.0.0.1", **settings),
            api or self.api,
            self.ledger,
            self.watch,
            lambda: self.book,
            first_full_scan=first_full_scan,
        )

    async def restart(self) -> None:
        """Start anew with what the store holds."""
        await self.reconciler.close()
        self.ledger = Ledger.of(self.store.write, await self.store.kept(), stored=self.store.open_claim)
        self.build()

    async def scanned(self) -> None:
        """Wait for the list of everything, if one goes on beside the passes."""
        await self.reconciler.observer._full_scan.ended()

    async def scanned_at(self, instant: float) -> PassReport:
        """Run a pass, and after it the list of everything that it began, if it did."""
        report = await self.at(instant)
        await self.scanned()
        return report

    def use(self, *campaigns: Campaign, incidents: tuple[Incident, ...] = ()) -> None:
        """Put other rules in force."""
        self.book = rulebook(*campaigns, incidents=incidents, revision=self.book.rules.revision + "'")

    def add(self, status: Status = Status.ACTIVE, name: str = "US renewals", **fields: Any) -> str:
        """Add a job that has enough rows for ever and, unless told otherwise, the schedule that the rules ask for."""
        given = {"schedule": weekly(), "rows": 10**6, "max_concurrent_dials": 1, **fields}
        return self.sandbox.add_job(name, status=status, **given)

    def delete(self, job_id: str) -> None:
        """Let a job vanish, as the API has no call for."""
        del self.sandbox._workspace._jobs[job_id]

    def finish(self, job_id: str, status: Status = Status.COMPLETE) -> None:
        """Let a job end."""
        self.sandbox._workspace._jobs[job_id].status = status

    def status(self, job_id: str) -> Status:
        return self.sandbox.status(job_id)

    async def at(self, instant: float, trigger: Trigger = Trigger.RESYNC, **more: Any) -> PassReport:
        """Run a pass at that instant."""
        self.clock.instant = instant
        return await self.reconciler.run_pass(trigger, **more)

    async def settled_at(self, instant: float, **more: Any) -> PassReport:
        """Run a pass, and wait for its slow verifications."""
        report = await self.at(instant, **more)
        await self.reconciler.settled(report)
        return report

    async def claims(self, job_id: str) -> list[Claim]:
        """The job's claims as stored, oldest first."""
        return await self.store.claims(JobKey("main", job_id))

    async def states(self, job_id: str) -> list[str]:
        return [claim.state.value for claim in await self.claims(job_id)]

    async def findings(self) -> list[str]:
        """The kinds of the findings that stand, as stored."""
        return [finding.kind.value for finding, _since in await self.store.open_findings()]

    async def audit(self, event: str) -> list[AuditRow]:
        return await self.store.audit_rows(AuditFilter(event=event))

    def sent(self, method: str = "POST") -> list[str]:
        """Below which paths requests of that method arrived, in order."""
        return [path for seen, path in self.requests if seen == method]

    async def front(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What every request meets before the sandbox's endpoints."""
        self.requests.append(Seen(request.method, request.path.partition("batch_dial_jobs")[2]))
        for fault in self.faults:
            answer = await fault(request, handler)
            if answer is not None:
                return answer
        return await handler(request)


@asynccontextmanager
async def opened_stage(folder: Path) -> AsyncIterator[Stage]:
    """A stage with an empty sandbox and a new store. The key comes from the environment."""
    clock = HandClock()
    sandbox = Sandbox(WatchedClock(clock), KEY)
    stages: list[Stage] = []

    @web.middleware
    async def front(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await stages[0].front(request, handler)

    sandbox._runner.app.middlewares.append(front)
    async with sandbox:
        store = await Store.open(f"sqlite:///{folder / 'stage.db'}")
        watch = ClockWatch(clock)
        api = open_client(workspace_settings(sandbox.base_url), set(), watch)
        stage = Stage(sandbox, clock, api, store, watch)
        stages.append(stage)
        try:
            yield stage
        finally:
            await stage.reconciler.close()
            await api.close()
            await store.close()


class Meddler:
    """A client through which every call passes: a test replaces the methods that it meddles with."""

    def __init__(self, inner: JobsApi) -> None:
        self.workspace = inner.workspace
        self.list_jobs = inner.list_jobs
        self.get_job = inner.get_job
        self.pause = inner.pause
        self.unpause = inner.unpause
        self.room_for_pauses = inner.room_for_pauses
        self.put_schedule = inner.put_schedule
        self.queue = inner.queue
        self.close = inner.close


def lines(logs: list[Any], event: str) -> list[dict[str, Any]]:
    """The captured log lines of one event."""
    return [line for line in logs if line["event"] == event]


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Give others their turn until it is so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)
