"""The composition root: builds the parts from settings, runs them together, and ends them in order."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from controller import __version__
from controller.clock import Clock
from controller.core.interval import Instant
from controller.core.rulebook import Rulebook
from controller.runtime.changer import Changer
from controller.runtime.clock_log import ClockLog
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.control import ControlSocket
from controller.runtime.engine import Engine
from controller.runtime.incident_log import IncidentLog
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer
from controller.runtime.ownership import Ownership
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import PassReport, Trigger
from controller.runtime.rules_keeper import RulesKeeper
from controller.runtime.watch import watch_folder
from controller.settings import Settings, WorkspaceSettings
from controller.store.keeper import StoreKeeper
from controller.store.records import StoredRevision
from controller.vogent.api import JobsApi
from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.date_header import TimeWitness
from controller.vogent.retries import install_retry_hook
from controller.vogent.transport import open_session

log = structlog.get_logger()


def new_id() -> str:
    """A string that is unique for ever."""
    return uuid.uuid4().hex


def open_client(settings: WorkspaceSettings, seen_keys: set[str], witness: TimeWitness | None = None) -> VogentClient:
    """The client of one workspace. Needs a running loop; whoever gets it closes it. Each key that it reads goes into
    `seen_keys`, so that the logs can keep it out; `witness` is shown the dates of the answers.
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
    )


@asynccontextmanager
async def open_clients(
    settings: Settings, seen_keys: set[str], witnesses: Mapping[str, TimeWitness] | None = None
) -> AsyncIterator[Mapping[str, VogentClient]]:
    """The clients of all workspaces, closed at the end."""
    install_retry_hook()
    async with AsyncExitStack() as stack:
        clients = {}
        for name, workspace in settings.workspaces.items():
            clients[name] = open_client(workspace, seen_keys, (witnesses or {}).get(name))
            stack.push_async_callback(clients[name].close)
        yield clients


def watch_clock(settings: Settings, clock: Clock) -> dict[str, ClockWatch]:
    """A watch of the clock for each workspace: each has answers of its own to compare it with."""
    return {name: ClockWatch(clock) for name in settings.workspaces}


@asynccontextmanager
async def open_ledger(url: str) -> AsyncIterator[tuple[Ledger, StoredRevision | None]]:
    """The ledger with what the store holds, and the rules that it knows as the last good ones.

    Raises StoreLocked while another process writes the store, StoreError where nothing good was ever there.
    """
    keeper, kept = await StoreKeeper.open(url)
    try:
        if keeper.problem is not None:
            log.error("store.unwritable", reason=keeper.problem.reason.value, problem=str(keeper.problem))
        yield Ledger.of(keeper.write, kept, keeper.mend), kept.revision if kept else None
    finally:
        await keeper.close()


def build_reconciler(
    settings: WorkspaceSettings,
    api: JobsApi,
    ledger: Ledger,
    watch: ClockWatch,
    rules: Callable[[], Rulebook],
    *,
    first_full_scan: Instant,
) -> Reconciler:
    """One workspace's reconciler with its own memory of jobs."""
    observer = Observer(api, settings.name, first_full_scan=first_full_scan)
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
            first_full_scan=clock.now(),
        )
        report = await reconciler.run_pass(Trigger.REQUEST)
        await reconciler.settled(report)
        return report

    return list(await asyncio.gather(*(one(name) for name in settings.workspaces)))


class Daemon:
    """The long-running program: the engine with the store, the API's clients, the rules' watcher and the control
    socket around it.
    """

    def __init__(self, settings: Settings, clock: Clock, seen_keys: set[str]) -> None:
        self._settings = settings
        self._clock = clock
        self._seen_keys = seen_keys
        self._stop = asyncio.Event()
        self._engine: Engine | None = None

    def stop(self) -> None:
        """Begin to end: no new pass, the ones in flight are drained."""
        self._stop.set()

    def reload(self) -> None:
        """Look at the rules files now."""
        if self._engine is not None:
            self._engine.look_at_rules()

    async def run(self) -> None:
        """Run until stopped. Raises RulesError where no rules can be had, StoreError where the store cannot."""
        async with AsyncExitStack() as stack:
            ledger, last = await stack.enter_async_context(open_ledger(self._settings.store))
            rules = self._rules(ledger)
            await rules.start(last)
            watches = watch_clock(self._settings, self._clock)
            clients = await stack.enter_async_context(open_clients(self._settings, self._seen_keys, watches))
            reconcilers = [self._reconciler(name, clients[name], watches[name], ledger, rules) for name in clients]
            engine = Engine(
                self._clock,
                self._settings.resync,
                rules,
                IncidentLog(ledger.record),
                ClockLog(ledger.record, watches),
                reconcilers,
            )
            control = self._control(clients, ledger, rules, engine)
            await control.start()
            stack.push_async_callback(control.close)
            log.info("daemon.started", version=__version__, workspaces=sorted(clients))
            await self._run_until_stopped(engine, rules)
        log.info("daemon.stopped")

    async def _run_until_stopped(self, engine: Engine, rules: RulesKeeper) -> None:
        self._engine = engine
        engine.start()
        engine.spawn(watch_folder(self._settings.rules, rules.look))
        try:
            await self._stop.wait()
            log.info("daemon.stopping")
        finally:
            self._engine = None
            await engine.stop()

    def _rules(self, ledger: Ledger) -> RulesKeeper:
        workspaces = frozenset(self._settings.workspaces)
        return RulesKeeper(self._settings.rules, workspaces, self._clock, ledger.record, self._rules_changed)

    def _rules_changed(self) -> None:
        if self._engine is not None:
            self._engine.rules_changed()

    def _reconciler(self, name: str, api: JobsApi, watch: ClockWatch, ledger: Ledger, rules: RulesKeeper) -> Reconciler:
        return build_reconciler(
            self._settings.workspaces[name],
            api,
            ledger,
            watch,
            lambda: rules.book,
            first_full_scan=self._clock.now() + self._settings.resync / 2,
        )

    def _control(
        self, clients: Mapping[str, JobsApi], ledger: Ledger, rules: RulesKeeper, engine: Engine
    ) -> ControlSocket:
        ownership = Ownership(clients, ledger, self._clock, lambda: rules.book, new_id)
        return ControlSocket(self._settings.control, ownership, engine.requested)


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
