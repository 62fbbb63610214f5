"""The composition root: builds the parts from settings, runs them together, and ends them in order."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

import structlog

from controller.clock import Clock
from controller.core.interval import Instant
from controller.core.rulebook import Rulebook
from controller.runtime.changer import Changer
from controller.runtime.control import ControlSocket
from controller.runtime.incident_log import IncidentLog
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer
from controller.runtime.ownership import Ownership
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import PassReport, Trigger
from controller.runtime.rules_keeper import RulesKeeper
from controller.runtime.timers import Timers
from controller.runtime.watch import watch_folder
from controller.runtime.workspace_loop import WorkspaceLoop
from controller.settings import Settings, WorkspaceSettings
from controller.store.store import Store
from controller.vogent.api import JobsApi
from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.retries import install_retry_hook
from controller.vogent.transport import open_session

log = structlog.get_logger()

DRAIN_SECONDS = 20.0
"""How long the passes in flight may take to end after the first signal, in real seconds."""


def new_id() -> str:
    """A string that is unique for ever."""
    return uuid.uuid4().hex


def open_client(settings: WorkspaceSettings, seen_keys: set[str]) -> VogentClient:
    """The client of one workspace. Needs a running loop; whoever gets it closes it. Each key that it reads goes into
    `seen_keys`, so that the logs can keep it out.
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
    )


@asynccontextmanager
async def open_clients(settings: Settings, seen_keys: set[str]) -> AsyncIterator[Mapping[str, VogentClient]]:
    """The clients of all workspaces, closed at the end."""
    install_retry_hook()
    async with AsyncExitStack() as stack:
        clients = {}
        for name, workspace in settings.workspaces.items():
            clients[name] = open_client(workspace, seen_keys)
            stack.push_async_callback(clients[name].close)
        yield clients


async def open_ledger(store: Store) -> Ledger:
    """The ledger with what the store holds."""
    claims = {claim.key: claim for claim in await store.open_claims()}
    findings = {(each.job, each.kind): (each, since) for each, since in await store.open_findings()}
    return Ledger(store.write, claims, findings)


def build_reconciler(
    settings: WorkspaceSettings,
    api: JobsApi,
    ledger: Ledger,
    clock: Clock,
    rules: Callable[[], Rulebook],
    *,
    first_full_scan: Instant,
) -> Reconciler:
    """One workspace's reconciler with its own memory of jobs."""
    observer = Observer(api, settings.name, first_full_scan=first_full_scan)
    changer = Changer(api, observer, clock, settings.verify_within)
    return Reconciler(
        settings.name, observer=observer, changer=changer, ledger=ledger, clock=clock, rules=rules, new_id=new_id
    )


async def run_once(
    settings: Settings, clock: Clock, apis: Mapping[str, JobsApi], ledger: Ledger, rules: Rulebook
) -> list[PassReport]:
    """One pass over each workspace, slow verifications waited for."""

    async def one(name: str) -> PassReport:
        reconciler = build_reconciler(
            settings.workspaces[name], apis[name], ledger, clock, lambda: rules, first_full_scan=clock.now()
        )
        report = await reconciler.run_pass(Trigger.REQUEST)
        await reconciler.settled(report)
        return report

    return list(await asyncio.gather(*(one(name) for name in settings.workspaces)))


class Daemon:
    """The long-running program: every workspace's loop, the timers, the rules' watcher and the control socket."""

    def __init__(self, settings: Settings, clock: Clock, seen_keys: set[str]) -> None:
        self._settings = settings
        self._clock = clock
        self._seen_keys = seen_keys
        self._stop = asyncio.Event()
        self._loops: list[WorkspaceLoop] = []
        self._timers = Timers(clock, settings.resync, self._on_resync, self._on_transition)

    def stop(self) -> None:
        """Begin to end: no new pass, the ones in flight are drained."""
        self._stop.set()

    async def run(self) -> None:
        """Run until stopped. Raises RulesError where no rules can be had, StoreError where the store cannot."""
        async with AsyncExitStack() as stack:
            store = await Store.open(self._settings.store)
            stack.push_async_callback(store.close)
            self._ledger = await open_ledger(store)
            self._rules = RulesKeeper(
                self._settings.rules,
                frozenset(self._settings.workspaces),
                self._clock,
                self._ledger.record,
                self._on_reload,
            )
            await self._rules.start(await store.last_revision())
            self._incidents = IncidentLog(self._ledger.record)
            clients = await stack.enter_async_context(open_clients(self._settings, self._seen_keys))
            control = self._control(clients)
            await control.start()
            stack.push_async_callback(control.close)
            self._loops = [self._loop(name, clients[name]) for name in clients]
            log.info("daemon.started", version=version("campaign-controller"), workspaces=sorted(clients))
            await self._run_until_stopped()
        log.info("daemon.stopped")

    def reload(self) -> None:
        """Look at the rules files now."""
        self._spawn(self._rules.look())

    async def _run_until_stopped(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        passes = [asyncio.create_task(loop.run()) for loop in self._loops]
        self._spawn(watch_folder(self._settings.rules, self._rules.look))
        self._timers.start()
        self._wake(Trigger.START, self._clock.now())
        self._arm()
        try:
            await self._stop.wait()
            log.info("daemon.stopping")
        finally:
            self._timers.stop()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._drain(passes)

    async def _drain(self, passes: list[asyncio.Task[None]]) -> None:
        for loop in self._loops:
            loop.stop()
        _done, late = await asyncio.wait(passes, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        if late:
            log.error("daemon.drain_cut", passes=len(late), seconds=DRAIN_SECONDS)
        await asyncio.gather(*passes, return_exceptions=True)

    def _loop(self, name: str, client: VogentClient) -> WorkspaceLoop:
        reconciler = build_reconciler(
            self._settings.workspaces[name],
            client,
            self._ledger,
            self._clock,
            lambda: self._rules.book,
            first_full_scan=self._clock.now() + self._settings.resync / 2,
        )
        return WorkspaceLoop(reconciler)

    def _control(self, clients: Mapping[str, VogentClient]) -> ControlSocket:
        ownership = Ownership(clients, self._ledger, self._clock, lambda: self._rules.book, new_id)
        return ControlSocket(self._settings.control, ownership, self._on_request)

    def _wake(self, trigger: Trigger, at: Instant) -> None:
        for loop in self._loops:
            loop.wake(trigger, at)

    def _arm(self) -> None:
        """Wait for the next transition, and say which incidents began or ended."""
        now = self._clock.now()
        self._timers.set_transition(self._rules.book.next_transition(now))
        self._spawn(self._incidents.look(self._rules.book, now))

    def _on_resync(self) -> None:
        self._spawn(self._rules.look())
        self._wake(Trigger.RESYNC, self._clock.now())
        self._arm()

    def _on_transition(self, at: Instant) -> None:
        self._wake(Trigger.TRANSITION, at)
        now = max(at, self._clock.now())
        self._timers.set_transition(self._rules.book.next_transition(now))
        self._spawn(self._incidents.look(self._rules.book, now))

    def _on_reload(self) -> None:
        self._wake(Trigger.RELOAD, self._clock.now())
        self._arm()

    def _on_request(self) -> None:
        self._wake(Trigger.REQUEST, self._clock.now())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # the passes go on
        log.exception("task.crashed")


def handle_signals(daemon: Daemon) -> None:
    """SIGTERM and SIGINT drain, a second one ends at once; SIGHUP looks at the rules. Needs the running loop."""
    loop = asyncio.get_running_loop()
    signalled = False

    def end(number: int) -> None:
        nonlocal signalled
        if signalled:
            os._exit(128 + number)
        signalled = True
        daemon.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload)
