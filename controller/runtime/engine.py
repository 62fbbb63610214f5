"""What keeps the workspaces going: timers and triggers wake the loops, the loops run passes.

It knows neither files nor sockets nor processes, so that it runs under simulated time as it does in the daemon.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

import structlog

from controller.clock import Clock
from controller.core.interval import Instant
from controller.runtime.clock_log import ClockLog
from controller.runtime.expiry import Expiry
from controller.runtime.incident_log import IncidentLog
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import PassReport, Trigger
from controller.runtime.rules_keeper import RulesKeeper
from controller.runtime.timers import Timers
from controller.runtime.workspace_loop import WorkspaceLoop

log = structlog.get_logger()

CLOCK_LOOK = 1.0
"""Seconds between two looks at the clock, in real seconds."""
BLOCKED = 2.0
"""Real seconds by which that look may be late; more, and the process was stopped or its event loop blocked."""
BLOCKED_TOLD = 60.0
"""Seconds for which that stays in the state."""
DRAIN_SECONDS = 20.0
"""How long the passes in flight may take to end once it is told to stop, in real seconds."""


class Engine:
    """Runs the passes of all workspaces by the rules in force. `resync` is in seconds of the clock; `passed` is told of
    each pass that ended.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - it puts the parts together
        self,
        clock: Clock,
        resync: float,
        rules: RulesKeeper,
        incidents: IncidentLog,
        expiry: Expiry,
        clock_log: ClockLog,
        reconcilers: Iterable[Reconciler],
        passed: Callable[[PassReport], None] = lambda _report: None,
    ) -> None:
        self._clock = clock
        self._rules = rules
        self._incidents = incidents
        self._expiry = expiry
        self._loops = [WorkspaceLoop(reconciler, passed) for reconciler in reconcilers]
        self._clock_log = clock_log
        self._timers = Timers(clock, resync, self._on_resync, self._on_transition)
        self._blocked: tuple[float, float] | None = None
        self._passes: list[asyncio.Task[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin with a pass over every workspace. Needs the running loop, and rules that are loaded."""
        self._passes = [asyncio.create_task(loop.run()) for loop in self._loops]
        self._timers.start()
        self._wake(Trigger.START, self._clock.now())
        self._await_transition(self._clock.now())
        self.spawn(self._watch_clock())

    async def stop(self) -> None:
        """Begin no new pass, drain the ones in flight, and leave no task behind."""
        self._timers.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drain()

    @property
    def next_transition(self) -> Instant | None:
        """The instant that is waited for."""
        return self._timers.next_transition

    @property
    def lately_blocked(self) -> float | None:
        """For how many real seconds nothing ran, within the last minute of the clock; None where all went well."""
        if self._blocked is None or self._clock.monotonic() - self._blocked[0] > BLOCKED_TOLD:
            return None
        return self._blocked[1]

    @property
    def crashes(self) -> Mapping[str, int]:
        """How many passes over each workspace ended in a defect."""
        return {loop.workspace: loop.crashes for loop in self._loops}

    @property
    def busy(self) -> Mapping[str, float]:
        """The workspaces over which a pass is under way, with the real seconds since it began."""
        now = asyncio.get_running_loop().time()
        return {loop.workspace: now - loop.busy_since for loop in self._loops if loop.busy_since is not None}

    def look_at_rules(self) -> None:
        """Look at the rules files now."""
        self.spawn(self._rules.look())

    def rules_changed(self) -> None:
        """Other rules came into force: decide anew, and wait for their transitions."""
        self._wake(Trigger.RELOAD, self._clock.now())
        self._await_transition(self._clock.now())

    def requested(self, trigger: Trigger = Trigger.REQUEST) -> None:
        """Somebody changed something: decide anew, and wait for its transitions."""
        self._wake(trigger, self._clock.now())
        self._await_transition(self._clock.now())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the passes until it ends or the engine stops; its failure is told and ends nothing."""
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self) -> None:
        for loop in self._loops:
            loop.stop()
        if not self._passes:
            return
        _done, late = await asyncio.wait(self._passes, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        if late:
            log.error("daemon.drain_cut", passes=len(late), seconds=DRAIN_SECONDS)
        await asyncio.gather(*self._passes, return_exceptions=True)

    def _wake(self, trigger: Trigger, at: Instant) -> None:
        for loop in self._loops:
            loop.wake(trigger, at)

    def _await_transition(self, now: Instant) -> None:
        """Wait for the next transition after `now`, and say which incidents began or ended."""
        self._timers.set_transition(self._next_transition(now))
        self.spawn(self._incidents.look(self._rules.book, now))

    def _next_transition(self, now: Instant) -> Instant | None:
        """The next one by any reading of the clock, as the instant that the wall clock will show then."""
        book = self._rules.book
        readings = (now, *self._clock_log.others())
        coming = [(book.next_transition(reading), now - reading) for reading in readings]
        coming += [(self._expiry.next_end(reading), now - reading) for reading in readings]
        return min((at + ahead for at, ahead in coming if at is not None), default=None)

    async def _watch_clock(self) -> None:
        """Sleeps by the monotonic clock, so that it notices when the wall clock is set, and when nobody could run."""
        loop = asyncio.get_running_loop()
        told: str | None = None
        while True:
            due = loop.time() + CLOCK_LOOK
            await asyncio.sleep(CLOCK_LOOK)
            try:
                self.look_at_clock(late=loop.time() - due)
            except Exception as error:  # the next look may be luckier, and the clock is watched as long as we run
                if repr(error) != told:
                    log.exception("task.crashed")
                told = repr(error)
            else:
                told = None

    def look_at_clock(self, late: float = 0.0) -> None:
        """Decide anew, and count the timers anew, where time went on in another way than they counted on: the clock
        was set, is trusted no more or again, a timer overslept, or nothing ran for a while (`late`, in real seconds).
        """
        now = self._clock.now()
        rows = self._clock_log.look(now)
        if late > BLOCKED:
            self._blocked = self._clock.monotonic(), late
            log.error("loop.blocked", seconds=round(late, 3))
        overslept = self._timers.overslept
        if overslept:
            log.error("timer.overslept")
        if rows is not None or overslept or late > BLOCKED:
            self._timers.count_anew()
            self._wake(Trigger.CLOCK, now)
            self._await_transition(now)
            if rows:
                self.spawn(self._clock_log.record(rows))

    def _on_resync(self) -> None:
        self.look_at_rules()
        self._wake(Trigger.RESYNC, self._clock.now())
        self._await_transition(self._clock.now())
        self._end_what_is_over(self._clock.now())

    def _on_transition(self, at: Instant) -> None:
        now = max(at, self._clock.now())
        self._wake(Trigger.TRANSITION, at)
        self._await_transition(now)
        self._end_what_is_over(now)

    def _end_what_is_over(self, now: Instant) -> None:
        """For good, so only by a clock that is trusted."""
        if self._clock_log.trusted:
            self.spawn(self._expiry.look(now))


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # the passes go on
        log.exception("task.crashed")
