"""The parts of the program as settings ask for them, for the daemon and for the commands that do without one."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import NamedTuple

import structlog

from controller.clock import Clock
from controller.core.rulebook import Rulebook
from controller.runtime.changer import Changer
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import PassReport, Trigger
from controller.settings import Settings, WorkspaceSettings
from controller.store.keeper import StoreKeeper
from controller.store.records import StoredRevision
from controller.vogent.api import JobsApi
from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.date_header import TimeWitness
from controller.vogent.request_meter import RequestMeter
from controller.vogent.retries import install_retry_hook
from controller.vogent.transport import open_session

log = structlog.get_logger()


_IDS = Random(secrets.randbits(256))  # noqa: S311 - unique, not secret; half the time of asking the system


def new_id() -> str:
    """A string that is unique for ever: 32 hexadecimal digits."""
    return f"{_IDS.getrandbits(128):032x}"


def open_client(
    settings: WorkspaceSettings,
    seen_keys: set[str],
    witness: TimeWitness | None = None,
    meter: RequestMeter | None = None,
) -> VogentClient:
    """The client of one workspace. Needs a running loop; whoever gets it closes it. Each key that it reads goes into
    `seen_keys`, so that the logs can keep it out; `witness` is shown the dates of the answers, `meter` is told what
    became of each request.
    """

    def read_key() -> str:
        key = settings.api_key.read()
        seen_keys.add(key)
        return key

    return VogentClient(
        session=open_session(settings.max_concurrency),
        workspace=settings.name,
        base_url=settings.base_url,
        key=read_key,
        request_timeout=settings.request_timeout,
        budget=Budget(settings.max_concurrency),
        witness=witness,
        meter=meter,
    )


@asynccontextmanager
async def open_clients(
    settings: Settings,
    seen_keys: set[str],
    witnesses: Mapping[str, TimeWitness] | None = None,
    meters: Mapping[str, RequestMeter] | None = None,
) -> AsyncIterator[Mapping[str, VogentClient]]:
    """The clients of all workspaces, closed at the end."""
    install_retry_hook()
    async with AsyncExitStack() as stack:
        clients = {}
        for name, workspace in settings.workspaces.items():
            clients[name] = open_client(workspace, seen_keys, (witnesses or {}).get(name), (meters or {}).get(name))
            stack.push_async_callback(clients[name].close)
        yield clients


def watch_clock(settings: Settings, clock: Clock) -> dict[str, ClockWatch]:
    """A watch of the clock for each workspace: each has answers of its own to compare it with."""
    return {name: ClockWatch(clock) for name in settings.workspaces}


class OpenedLedger(NamedTuple):
    """The ledger with what the store holds, the rules that it knows as the last good ones, how to look for damage."""

    ledger: Ledger
    last_rules: StoredRevision | None
    damaged: Callable[[], Awaitable[str | None]]


@asynccontextmanager
async def open_ledger(url: str) -> AsyncIterator[OpenedLedger]:
    """Open the store, and keep it open through whatever befalls it.

    Raises StoreLocked while another process writes the store, StoreError where nothing good was ever there.
    """
    keeper, kept = await StoreKeeper.open(url)
    try:
        if keeper.problem is not None:
            log.error("store.unwritable", reason=keeper.problem.reason.value, problem=str(keeper.problem))
        ledger = Ledger.of(keeper.write, kept, keeper.mend, keeper.open_claim, keeper.taken_over)
        try:
            yield OpenedLedger(ledger, kept.revision if kept else None, keeper.damaged)
        finally:
            await ledger.close()
    finally:
        await keeper.close()


def build_reconciler(
    settings: WorkspaceSettings,
    api: JobsApi,
    ledger: Ledger,
    watch: ClockWatch,
    rules: Callable[[], Rulebook],
    *,
    first_full_scan: float,
) -> Reconciler:
    """One workspace's reconciler with its own memory of jobs. `first_full_scan` is by the monotonic clock."""
    observer = Observer(api, settings.name, watch.clock, first_full_scan=first_full_scan)
    changer = Changer(api, observer, watch.clock, settings.verify_within)
    return Reconciler(
        settings.name,
        observer=observer,
        changer=changer,
        ledger=ledger,
        watch=watch,
        rules=rules,
        new_id=new_id,
    )


async def run_once(
    settings: Settings,
    clock: Clock,
    watches: Mapping[str, ClockWatch],
    apis: Mapping[str, JobsApi],
    ledger: Ledger,
    rules: Rulebook,
) -> list[PassReport]:
    """One pass over each workspace, slow verifications waited for."""

    async def one(name: str) -> PassReport:
        reconciler = build_reconciler(
            settings.workspaces[name],
            apis[name],
            ledger,
            watches[name],
            lambda: rules,
            first_full_scan=clock.monotonic(),
        )
        await reconciler.observer.full_scan()
        report = await reconciler.run_pass(Trigger.REQUEST)
        await reconciler.settled(report)
        return report

    return list(await asyncio.gather(*(one(name) for name in settings.workspaces)))
