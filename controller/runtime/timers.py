"""What wakes the loop: one interval job, and one date job at the next transition.

Timers only wake; passes read what is. So nothing is lost where one is missed.
"""

from collections.abc import Callable

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from controller.clock import Clock
from controller.core.interval import Instant

log = structlog.get_logger()

_RESYNC = "resync"
_TRANSITION = "transition"
_JITTER = 0.1
"""The share of the resync interval by which each resync is moved at random, so that daemons spread."""


class Timers:
    """`resync` is called about every `resync_seconds`, `transition` with its instant at each one that was set.

    The scheduler sleeps by the wall clock; whether it slept too long is asked of the monotonic one.
    """

    def __init__(
        self,
        clock: Clock,
        resync_seconds: float,
        resync: Callable[[], None],
        transition: Callable[[Instant], None],
    ) -> None:
        self._clock = clock
        self._resync_seconds = resync_seconds
        self._resync = resync
        self._transition = transition
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._next: Instant | None = None
        self._awake = clock.monotonic()

    @property
    def overslept(self) -> bool:
        """Whether no resync came for twice its time: the wall clock was set meanwhile, or the scheduler is broken."""
        return self._clock.monotonic() - self._awake > 2 * self._resync_seconds

    @property
    def next_transition(self) -> Instant | None:
        """The transition that is waited for."""
        return self._next

    def start(self) -> None:
        """Begin to wake."""
        self._scheduler.add_listener(_tell, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        self._scheduler.add_job(
            self._on_resync,
            self._every_resync(),
            id=_RESYNC,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def set_transition(self, at: Instant | None) -> None:
        """Wait for this transition instead of the one before; None: for none."""
        self._next = at
        if at is None:
            if self._scheduler.get_job(_TRANSITION):
                self._scheduler.remove_job(_TRANSITION)
            return
        self._scheduler.add_job(
            self._on_transition,
            DateTrigger(run_date=self._clock.real(at)),
            args=(at,),
            id=_TRANSITION,
            replace_existing=True,
            coalesce=True,
            misfire_grace_time=None,
        )

    def count_anew(self) -> None:
        """The wall clock was set: count from now again. What waits for an instant would sleep on until the old one."""
        self._awake = self._clock.monotonic()
        if self._scheduler.running:
            self._scheduler.reschedule_job(_RESYNC, trigger=self._every_resync())
            self.set_transition(self._next)

    def stop(self) -> None:
        """Wake no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _every_resync(self) -> IntervalTrigger:
        seconds = self._resync_seconds / self._clock.rate
        return IntervalTrigger(seconds=seconds, jitter=seconds * _JITTER, timezone="UTC")

    async def _on_resync(self) -> None:
        self._awake = self._clock.monotonic()
        self._resync()

    async def _on_transition(self, at: Instant) -> None:
        self._transition(at)


def _tell(event: JobEvent) -> None:
    log.error("timer.failed", timer=event.job_id, code=event.code, problem=repr(getattr(event, "exception", None)))
