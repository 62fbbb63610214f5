"""The product's own parts over one workspace, put together as the daemon does: client, store on disk, ledger, logs."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.build import build_reconciler, open_client, open_ledger
from controller.clock import SystemClock
from controller.core.calendar import Calendar
from controller.core.campaign import Campaign, Incident, RuleSet
from controller.core.job import Status
from controller.core.rulebook import Rulebook
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import Trigger
from controller.runtime.timers import Timers
from controller.runtime.workspace_loop import WorkspaceLoop
from controller.settings import EnvKey, WorkspaceSettings
from controller.telemetry.logs import configure_logs
from tests.core.build import ALWAYS, calendar, campaign, windows

KEY_VARIABLE = "CAMPAIGN_CONTROLLER_BENCH_KEY"
CLOSE_EARLY = 60
FOREVER = 10.0**9


def rulebook(*campaigns: Campaign, incidents: tuple[Incident, ...] = (), revision: str = "open") -> Rulebook:
    """These campaigns and incidents in force."""
    calendars = {each.name: each for one in campaigns for each in one.calendars}
    return Rulebook(RuleSet(revision, calendars, campaigns, incidents, {}))


RENEWALS = campaign(calendar(hours=ALWAYS), name="us-renewals", close_early=CLOSE_EARLY)
OPEN = rulebook(RENEWALS)


def closing_at(instant: float) -> Rulebook:
    """The same campaign, and an incident over it, whose pause is due at that instant."""
    incident = Incident("carrier", "One-way audio on trunk 3", instant + CLOSE_EARLY)
    return rulebook(RENEWALS, incidents=(incident,), revision=f"closing-{instant}")


class Workspace:
    """One workspace of ours, by the rules in `book`."""

    reconciler: Reconciler

    def __init__(self) -> None:
        self.book = OPEN
        self.clock = SystemClock()
        self.closed = 0.0

    async def see(self) -> None:
        """Read the jobs, by rules that leave them alone."""
        self.book = OPEN
        await self.reconciler.run_pass(Trigger.START)

    async def close(self) -> None:
        """Meet a close at `closed`, as the daemon does at a transition: whole once every outcome is on disk."""
        self.closed = self.clock.now()
        self.book = closing_at(self.closed)
        await self.reconciler.fast_path(self.closed)

    @property
    def dialing(self) -> int:
        """How many jobs it knows to dial."""
        return sum(job.status is Status.ACTIVE for job in self.reconciler.observer.jobs.values())


@asynccontextmanager
async def opened(
    base_url: str, connections: int, *, name: str = "main", request_timeout: int = 10
) -> AsyncIterator[Workspace]:
    """A workspace that has seen nothing yet. Its log goes to a file, a line an event."""
    os.environ[KEY_VARIABLE] = "key-of-the-benchmark"
    settings = WorkspaceSettings(name, base_url, EnvKey(KEY_VARIABLE), connections, request_timeout, 15)
    workspace = Workspace()
    seen: set[str] = set()
    with TemporaryDirectory() as folder, Path(folder, "log").open("w") as log:  # noqa: ASYNC230 - before it is measured
        pipeline = configure_logs("json", "info", log, now=workspace.clock.now, secrets=lambda: seen)
        async with open_ledger(f"sqlite:///{folder}/controller.db") as ledger:
            watch = ClockWatch(workspace.clock)
            client = open_client(settings, seen, watch)
            workspace.reconciler = build_reconciler(
                settings, client, ledger.ledger, watch, lambda: workspace.book, first_full_scan=FOREVER
            )
            try:
                yield workspace
            finally:
                await workspace.reconciler.close()
                await client.close()
        pipeline.close(5.0)


@asynccontextmanager
async def waiting(workspace: Workspace) -> AsyncIterator[Timers]:
    """The timers and the loop of passes around the workspace; the rules' transitions are set by whoever measures."""
    loop = WorkspaceLoop(workspace.reconciler)
    timers = Timers(workspace.clock, FOREVER, lambda: None, lambda at: loop.wake(Trigger.TRANSITION, at))
    running = asyncio.create_task(loop.run())
    timers.start()
    try:
        yield timers
    finally:
        timers.stop()
        loop.stop()
        await running


def floor() -> Calendar:
    """The calendar that contestants have too: two windows a weekday, one on Saturday, New York's holidays."""
    everyday, saturday = windows("09:00-12:30", "13:30-17:00"), windows("10:00-14:00")
    holidays = {date(year, 12, 25): ("Christmas Day",) for year in range(2025, 2030)}
    holidays |= {date(2026, 11, 26): ("Thanksgiving Day",), date(2027, 1, 1): ("New Year's Day",)}
    return calendar("us-floor", "America/New_York", (*(everyday,) * 5, saturday, ()), holidays=holidays)
