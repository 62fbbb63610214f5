"""When passes of one workspace run: one at a time, triggers that arrive meanwhile collapsed into one.

The fast path does not wait for a pass under way: a slow list must not delay a close. Nor does it delay the pause of a
job that an early page shows dialing: while a pass takes long, what is known by then is paused now and then.
"""

import asyncio
from collections.abc import Callable

import structlog

from controller.core.interval import Instant
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import FAST_TRIGGERS, PassReport, Trigger

log = structlog.get_logger()

PATIENCE = 5.0
"""Real seconds for which a pass may take before what it knows by then is paused: lists may take minutes."""


class WorkspaceLoop:
    """`wake` may be called at any time from the event loop's thread; `passed` is told of each pass that ended."""

    def __init__(self, reconciler: Reconciler, passed: Callable[[PassReport], None] = lambda _report: None) -> None:
        self._reconciler = reconciler
        self._passed = passed
        self._pending: dict[Trigger, Instant] = {}
        self._event = asyncio.Event()
        self._fast: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.crashes = 0
        """How many passes, or parts of them, ended in a defect."""
        self.busy_since: float | None = None
        """When the pass under way began, by the event loop's time; None where none is."""

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self._reconciler.workspace

    def wake(self, trigger: Trigger, at: Instant) -> None:
        """Ask for a pass. `at` is the instant it is for: now, or the transition's own."""
        if self._stopping:
            return
        if trigger in FAST_TRIGGERS:
            task = asyncio.create_task(self._fast_path(at))
            self._fast.add(task)
            task.add_done_callback(self._fast.discard)
        if trigger is Trigger.CLOCK:  # what waits may bear instants of a clock that was wrong
            self._pending = dict.fromkeys(self._pending, at)
        self._pending[trigger] = max(at, self._pending.get(trigger, at))
        self._event.set()

    def stop(self) -> None:
        """No new pass; the resume phase of the one in flight ends."""
        self._stopping = True
        self._event.set()

    async def run(self) -> None:
        """Run passes until stopped; the one in flight is finished first."""
        while True:
            await self._event.wait()
            self._event.clear()
            if self._stopping:
                break
            trigger = next(trigger for trigger in Trigger if trigger in self._pending)
            at = max(self._pending.values())
            self._pending.clear()
            await self._run_one(trigger, at)
        if self._fast:
            await asyncio.wait(self._fast)
        await self._reconciler.close()

    async def _run_one(self, trigger: Trigger, at: Instant) -> None:
        if self._fast:
            await asyncio.wait(self._fast)
        try:
            self._passed(await self._pass(trigger, at))
        except Exception:  # the next pass starts from what is
            self.crashes += 1
            log.exception("pass.crashed", workspace=self._reconciler.workspace, trigger=trigger.value)

    async def _pass(self, trigger: Trigger, at: Instant) -> PassReport:
        running = asyncio.create_task(self._reconciler.run_pass(trigger, at, self._interrupted))
        self.busy_since = asyncio.get_running_loop().time()
        try:
            while not (await asyncio.wait({running}, timeout=PATIENCE))[0]:
                await self._fast_path(None)
        finally:
            self.busy_since = None
            running.cancel()
            await asyncio.wait({running})
        return running.result()

    async def _fast_path(self, at: Instant | None) -> None:
        try:
            await self._reconciler.fast_path(at)
        except Exception:  # the ordinary pass follows in any case
            self.crashes += 1
            log.exception("pass.crashed", workspace=self._reconciler.workspace, trigger="fast_path")

    def _interrupted(self) -> bool:
        """A resync that is due brings nothing new. Where reading takes longer than the time between two, one is always
        due, and nothing would ever be resumed.
        """
        return self._stopping or any(trigger is not Trigger.RESYNC for trigger in self._pending)
