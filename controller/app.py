"""The composition root: builds the daemon's parts, runs them together, and ends them in order."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import structlog

from controller import __version__
from controller.build import build_reconciler, new_id, open_clients, open_ledger, watch_clock
from controller.clock import Clock
from controller.page.page import Page
from controller.runtime.clock_log import ClockLog
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.engine import Engine
from controller.runtime.event_measures import EventMeasures
from controller.runtime.expiry import Expiry
from controller.runtime.health import Health, Part
from controller.runtime.incident_log import IncidentLog
from controller.runtime.ledger import Ledger
from controller.runtime.measures import Measures
from controller.runtime.operations import Operations
from controller.runtime.ownership import Ownership
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import PassReport
from controller.runtime.rules_keeper import RulesKeeper
from controller.runtime.service import ServiceReporter
from controller.runtime.store_check import check_store
from controller.runtime.view import View
from controller.runtime.watch import watch_folder
from controller.settings import Settings
from controller.telemetry.logs import LogPipeline
from controller.telemetry.metrics import open_registry, render
from controller.telemetry.notify import NobodyAsks, ServiceManager
from controller.vogent.client import VogentClient
from controller.web.build import Faces, Parts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Running:
    engine: Engine
    rules: RulesKeeper
    service: ServiceReporter
    view: View
    heard: list[Callable[[PassReport], None]]
    """They are told of each pass that ended."""

    async def reload(self) -> None:
        self.service.reloading()
        await self.rules.look()
        self.service.reloaded()


class Daemon:
    """The long-running program: the engine with the store, the API's clients, the rules' watcher and the control
    socket around it. `manager` is told how it is, and wants to hear so every `watchdog` real seconds; the losses of
    `logs` are among what is measured in `registry`.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        seen_keys: set[str],
        manager: ServiceManager | None = None,
        watchdog: float | None = None,
        logs: LogPipeline | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._seen_keys = seen_keys
        self._manager = manager or NobodyAsks()
        self._watchdog = watchdog
        self._logs = logs
        self.registry = open_registry()
        self._events = EventMeasures(self.registry, settings.workspaces)
        self._stop = asyncio.Event()
        self._running: _Running | None = None
        self._faces: Faces | None = None
        self.loaded: Callable[[], None] = lambda: None
        """Called once everything is loaded, before the first pass."""

    @property
    def url(self) -> str | None:
        """Where the HTTP API is served; None while it is not."""
        listener = None if self._faces is None else self._faces.listener
        return listener.url if listener is not None and listener.listening.is_set() else None

    def stop(self) -> None:
        """Begin to end: no new pass, the ones in flight are drained."""
        self._stop.set()

    def reload(self) -> None:
        """Look at the rules files now."""
        if self._running is not None:
            self._running.engine.spawn(self._running.reload())

    async def run(self) -> None:
        """Run until stopped. Raises RulesError where no rules can be had, StoreError where the store cannot."""
        async with AsyncExitStack() as stack:
            ledger, last_rules, damaged = await stack.enter_async_context(open_ledger(self._settings.store))
            rules = self._rules(ledger)
            await rules.start(last_rules)
            watches = watch_clock(self._settings, self._clock)
            clients = await stack.enter_async_context(
                open_clients(self._settings, self._seen_keys, watches, self._events.requests)
            )
            running = self._build(clients, watches, ledger, rules)
            faces = self._faces = self._serve(clients, ledger, running)
            await faces.start()
            stack.push_async_callback(faces.close)
            self.loaded()
            log.info("daemon.started", version=__version__, workspaces=sorted(clients))
            await self._run_until_stopped(running, check_store(damaged, ledger, self._clock))
        log.info("daemon.stopped")

    def _build(
        self,
        clients: Mapping[str, VogentClient],
        watches: Mapping[str, ClockWatch],
        ledger: Ledger,
        rules: RulesKeeper,
    ) -> _Running:
        parts = {
            name: Part(self._reconciler(client, watches[name], ledger, rules), watches[name], _throttled(client))
            for name, client in clients.items()
        }
        health = Health(self._clock, self._settings.resync, parts, ledger, rules)
        service = ServiceReporter(self._manager, health, self._watchdog)
        heard: list[Callable[[PassReport], None]] = [service.passed, self._events.passed]

        def passed(report: PassReport) -> None:
            for each in heard:
                each(report)

        engine = Engine(
            self._clock,
            self._settings.resync,
            rules,
            IncidentLog(ledger.record),
            Expiry(ledger),
            ClockLog(ledger.record, watches),
            [part.reconciler for part in parts.values()],
            passed,
        )
        self.registry.register(Measures(health, self._logs, lambda: engine.crashes))
        health.next_transition = lambda: engine.next_transition
        health.lately_blocked = lambda: engine.lately_blocked
        health.busy = lambda: engine.busy
        return _Running(engine, rules, service, View(self._clock, health, ledger, rules), heard)

    async def _run_until_stopped(self, running: _Running, beside: Coroutine[Any, Any, None]) -> None:
        engine = running.engine
        self._running = running
        engine.start()
        engine.spawn(watch_folder(self._settings.rules, running.rules.look))
        engine.spawn(running.service.run())
        engine.spawn(beside)
        try:
            await self._stop.wait()
            running.service.stopping()
            log.info("daemon.stopping")
        finally:
            self._running = None
            await engine.stop()

    def _rules(self, ledger: Ledger) -> RulesKeeper:
        workspaces = frozenset(self._settings.workspaces)
        return RulesKeeper(self._settings.rules, workspaces, self._clock, ledger.record, self._rules_changed)

    def _rules_changed(self) -> None:
        if self._running is not None:
            self._running.engine.rules_changed()

    def _reconciler(self, client: VogentClient, watch: ClockWatch, ledger: Ledger, rules: RulesKeeper) -> Reconciler:
        return build_reconciler(
            self._settings.workspaces[client.workspace],
            client,
            ledger,
            watch,
            lambda: rules.book,
            first_full_scan=self._clock.monotonic() + self._settings.resync / 2,
        )

    def _serve(self, clients: Mapping[str, VogentClient], ledger: Ledger, running: _Running) -> Faces:
        view, wake = running.view, running.engine.requested
        operations = Operations(ledger, self._clock, lambda: view.book, frozenset(clients), new_id, view.job_name, wake)
        ownership = Ownership(clients, ledger, self._clock, lambda: view.book, new_id)
        parts = Parts(
            view,
            operations,
            ownership,
            wake,
            self._seen_keys,
            new_id,
            lambda accept: render(self.registry, accept),
            Page,
        )
        faces = Faces(self._settings, parts)
        running.heard.append(faces.passed)
        return faces


def _throttled(client: VogentClient) -> Callable[[], bool]:
    return lambda: client.throttled


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
