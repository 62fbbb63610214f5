"""One life of the daemon in the simulation: the product's own engine, client, ledger and rules, on a made-up world."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from controller.clock import Clock
from controller.core.campaign import Selector
from controller.core.claim import Claim
from controller.core.job import JobKey
from controller.runtime import engine as engine_module
from controller.runtime.changer import Changer
from controller.runtime.clock_log import ClockLog
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.control_rows import Actor
from controller.runtime.engine import Engine
from controller.runtime.expiry import Expiry
from controller.runtime.incident_log import IncidentLog
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer
from controller.runtime.operations import Operations, WantedIncident
from controller.runtime.ownership import Ownership
from controller.runtime.reconciler import Reconciler
from controller.runtime.rules_keeper import RulesKeeper
from controller.store import statements
from controller.store.changes import Change
from controller.store.errors import StoreError, StoreReason
from controller.store.records import Kept
from controller.store.tables import claims, findings, holds, incidents, revisions
from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from tests.simulation.wire import Wire

RESYNC = 30.0
VERIFY_WITHIN = 15.0
REQUEST_TIMEOUT = 10.0
NEVER = 1e9
SOMEBODY = Actor("somebody", "socket")

_LIFE: contextvars.ContextVar["Life | None"] = contextvars.ContextVar("life", default=None)


class SimClock:
    """The daemon's wall clock: true time and what somebody set it off by."""

    rate = 1.0

    def __init__(self, true: Callable[[], float]) -> None:
        self._true = true
        self.off = 0.0

    def now(self) -> float:
        return self._true() + self.off

    def monotonic(self) -> float:
        return self._true()

    def real(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Disk:
    """The store's SQL on one synchronous connection; it outlives the daemons. `broken` refuses every write; what is
    CORRUPT can be replaced by an empty one, and `aside` is what the damaged one held until something is written. It is
    `refusing` from a write that it refused until one that it took, or until another daemon begins.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.broken: StoreReason | None = None
        self.refusals = 0
        self.refusing = False
        self.aside: Kept | None = None

    def write(self, changes: Sequence[Change]) -> None:
        self.refusing = self.broken is not None
        if self.broken is not None:
            self.refusals += 1
            raise StoreError(self.broken, "the disk")
        with self.connection.begin():
            try:
                statements.apply(self.connection, changes)
            except IntegrityError as error:
                raise StoreError(StoreReason.REFUSED, str(error.orig)) from error

    def forget_aside(self) -> None:
        """All that was in the damaged one is in the new one."""
        self.aside = None

    def replace(self) -> Kept | None:
        """What the store's keeper does: put another one in the place of a damaged one."""
        if self.broken is not StoreReason.CORRUPT:
            return None
        self.aside = self.read(statements.kept)
        with self.connection.begin():
            for table in (claims, findings, revisions, incidents, holds):
                self.connection.execute(table.delete())
        self.broken = None
        return Kept()

    def kept(self) -> Kept:
        """What a start finds."""
        if self.broken is StoreReason.CORRUPT:
            self.replace()
        if self.aside is not None and self.broken is None:
            self.write(self.aside.as_changes())
            self.forget_aside()
        found: Kept = self.aside or self.read(statements.kept)
        return found

    def claimed(self) -> set[str]:
        """The jobs with an open claim."""
        claims = self.read(statements.open_claims) if self.aside is None else self.aside.claims
        return {claim.job_id for claim in claims}

    def stops(self) -> dict[str, float]:
        """What people stopped and did not let go of, with its end; a hold's reason is its name here."""
        found = self.aside or self.read(statements.kept)
        incidents = {each.incident.name: each.incident.until for each in found.incidents if each.closed is None}
        return incidents | {each.hold.reason: each.hold.until for each in found.holds}

    def read(self, statement: Callable[[Connection], Any]) -> Any:
        with self.connection.begin():
            return statement(self.connection)


class Life:
    """From a start to a kill. Every task that it starts is known, so that none outlives it."""

    def __init__(self, disk: Disk, wire: Wire, clock: Clock, folder: Path, new_id: Callable[[], str]) -> None:
        self.disk, self.wire, self.clock, self.folder, self.new_id = disk, wire, clock, folder, new_id
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.engine: Engine | None = None
        self.rules: RulesKeeper | None = None
        self.ledger: Ledger | None = None
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """As the daemon does. Raises RulesError where neither the files nor the store have rules."""
        with self._living():
            await asyncio.get_running_loop().create_task(self._start())

    async def _start(self) -> None:
        kept = self.disk.kept()
        ledger = self.ledger = Ledger.of(
            self._write, kept, self._mend, stored=self._stored, returned=self.disk.forget_aside
        )
        rules = self.rules = RulesKeeper(self.folder, frozenset({"main"}), self.clock, ledger.record, self._changed)
        await rules.start(kept.revision)
        watch = ClockWatch(self.clock)
        client = self.client = VogentClient(
            session=self.wire,  # type: ignore[arg-type] - it has what the transport uses
            workspace="main",
            base_url="https://provider.test/api",
            key=lambda: "key",
            request_timeout=REQUEST_TIMEOUT,
            budget=Budget(20),
            witness=watch,
        )
        observer = Observer(client, "main", self.clock, first_full_scan=self.clock.monotonic() + RESYNC / 2)
        reconciler = Reconciler(
            "main",
            observer=observer,
            changer=Changer(client, observer, self.clock, VERIFY_WITHIN),
            ledger=ledger,
            watch=watch,
            rules=lambda: rules.book,
            new_id=self.new_id,
        )
        clock_log = ClockLog(ledger.record, {"main": watch})
        engine = Engine(self.clock, RESYNC, rules, IncidentLog(ledger.record), Expiry(ledger), clock_log, [reconciler])
        engine_module.CLOCK_LOOK = NEVER
        engine.start()
        await asyncio.sleep(0)  # its own looks have begun to wait
        self._look_at_clock(engine, RESYNC / 2)
        self.engine = engine

    def _look_at_clock(self, engine: Engine, seconds: float) -> None:
        """In place of every second: the simulated years have many of them."""
        engine_module.CLOCK_LOOK = seconds
        if self._looking is not None:
            self._looking.cancel()
        self._looking = asyncio.create_task(engine._watch_clock())

    def pace(self, seconds: float) -> None:
        """Let resyncs come this far apart, and looks at the clock half as far."""
        if self.engine is not None:
            self.engine._timers._resync_seconds = seconds
            with self._living():
                self.engine._timers.count_anew()
                self._look_at_clock(self.engine, seconds / 2)

    def notice(self) -> None:
        """A file system event: look at the rules."""
        if self.engine is not None:
            with self._living():
                self.engine.look_at_rules()

    async def adopt(self, key: JobKey) -> bool:
        """As the command does; whether it was done."""
        return await self._own("adopt", key)

    async def release(self, key: JobKey) -> bool:
        """As the command does; whether it was done."""
        return await self._own("release", key)

    async def _own(self, what: str, key: JobKey) -> bool:
        assert self.rules is not None
        assert self.ledger is not None
        book = self.rules.book
        ownership = Ownership({"main": self.client}, self.ledger, self.clock, lambda: book, self.new_id)
        with self._living():
            task = asyncio.create_task(getattr(ownership, what)([key], "somebody", "because"))
        [answer] = await task
        return answer.problem is None

    async def stop_jobs(self, name: str, job: str | None, prefixes: Sequence[str], until: float) -> None:
        """As the commands do: a hold on the job, else an incident for jobs whose names begin so."""
        wanted = WantedIncident("because", name, until, Selector(names=tuple(f"{each}*" for each in prefixes)))
        await self._operate(
            lambda operations: (
                operations.open_incident(wanted, SOMEBODY)
                if job is None
                else operations.hold([JobKey("main", job)], until, SOMEBODY, name)
            )
        )

    async def let_go(self, name: str, job: str | None) -> None:
        """As the commands do: of the incident of that name, or of every hold on the job."""
        await self._operate(
            lambda operations: (
                operations.close_incident(name, SOMEBODY, "because")
                if job is None
                else operations.release([JobKey("main", job)], SOMEBODY, "because")
            )
        )

    async def _operate(self, change: Callable[[Operations], Coroutine[Any, Any, Any]]) -> None:
        assert self.rules is not None
        assert self.ledger is not None
        assert self.engine is not None
        book, wake = self.rules.book, self.engine.requested
        operations = Operations(self.ledger, self.clock, lambda: book, {"main"}, self.new_id, str, wake)
        with self._living():
            task = asyncio.create_task(change(operations))
        await task

    async def stop(self) -> None:
        """As SIGTERM does."""
        if self.engine is not None:
            with self._living():
                await asyncio.create_task(self.engine.stop())

    async def kill(self) -> None:
        """Nothing that it does reaches the world any more."""
        self.wire.cut = True
        if self.engine is not None:
            self.engine._timers.stop()
        while left := [task for task in self.tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.sleep(0)
        for task in self.tasks:
            if not task.cancelled():
                task.exception()

    async def _write(self, changes: Sequence[Change]) -> None:
        await asyncio.sleep(0.001)
        if self.wire.cut:
            raise asyncio.CancelledError
        self.wire.correspondence.written(changes)
        self.disk.write(changes)
        await asyncio.sleep(0.001)
        if self.wire.cut:
            raise asyncio.CancelledError

    async def _mend(self) -> Kept | None:
        await asyncio.sleep(0.001)
        if self.wire.cut:
            raise asyncio.CancelledError
        return self.disk.replace()

    async def _stored(self, job: JobKey) -> Claim | None:
        claims = self.disk.read(statements.open_claims)
        return next((claim for claim in claims if claim.key == job), None)

    def _changed(self) -> None:
        if self.engine is not None:
            self.engine.rules_changed()

    @contextmanager
    def _living(self) -> Any:
        token = _LIFE.set(self)
        try:
            yield
        finally:
            _LIFE.reset(token)


def task_factory(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
    """Note each task with the life that began it."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
    life = _LIFE.get()
    if life is not None:
        life.tasks[task] = None
        task.add_done_callback(lambda done: life.tasks.pop(done, None))
    return task
