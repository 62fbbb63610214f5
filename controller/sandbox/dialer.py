"""Dialing over time: which calls begin and end between two looks at the clock.

Calls begin and end at instants of their own, in order, whatever the instants at which `step` is called: a late step
skips none and begins no more at once than a job may have in progress.
"""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from controller.core.interval import Instant
from controller.core.job import Status
from controller.sandbox.jobs import Call, SandboxJob
from controller.sandbox.schedule import open_at

SHORTEST_CALL, LONGEST_CALL = 20.0, 180.0
"""Seconds of the clock."""

Judge: TypeAlias = Callable[[SandboxJob, Instant], str | None]
"""Why a call of this job must not begin at this instant, or None."""


class Dialer:
    """Dials every ACTIVE job while its provider schedule is open, up to its `maxConcurrentDials`.

    `judge` is asked about every call as it begins, and its answer is kept with the call; `on_call` hears of each call
    after it was counted, `on_complete` of each job that has become COMPLETE.
    """

    def __init__(
        self,
        seed: int,
        *,
        judge: Judge,
        on_call: Callable[[Call], None],
        on_complete: Callable[[SandboxJob], None],
    ) -> None:
        self._seed = seed
        self._judge = judge
        self._on_call = on_call
        self._on_complete = on_complete
        self._due: list[tuple[Instant, int, SandboxJob]] = []

    def wake(self, job: SandboxJob, at: Instant) -> None:
        """Look at the job at this instant: it is new, or it has changed."""
        job.due = at
        heapq.heappush(self._due, (at, job.number, job))  # one that was there for it before counts no more

    def step(self, now: Instant) -> None:
        """Do all that happens up to and at `now`."""
        while self._due and self._due[0][0] <= now:
            at, _, job = heapq.heappop(self._due)
            if job.due == at:
                job.due = None
                self._visit(job, at)

    def _visit(self, job: SandboxJob, at: Instant) -> None:
        job.in_progress = [call for call in job.in_progress if call.ends > at]
        if job.status is Status.ACTIVE:
            if open_at(job.running.schedule, at):
                self._begin_calls(job, at)
            if not job.waiting and not job.in_progress:
                job.status = Status.COMPLETE
                self._on_complete(job)
        following = self._next_visit(job, at)
        if following < math.inf:
            self.wake(job, following)

    def _begin_calls(self, job: SandboxJob, at: Instant) -> None:
        for _ in range(min(_free(job), job.waiting)):
            call = Call(job.id, job.dialed, job.row(job.dialed).to_number, at, at + self._length(job))
            call = replace(call, forbidden=self._judge(job, at))
            job.dialed += 1
            job.calls_begun += 1
            job.in_progress.append(call)
            if call.forbidden is not None:
                job.forbidden[call.forbidden] += 1
            self._on_call(call)

    def _next_visit(self, job: SandboxJob, at: Instant) -> Instant:
        """When a call ends, or the next minute begins where only the schedule keeps the job from dialing."""
        following = min((call.ends for call in job.in_progress), default=math.inf)
        if job.status is Status.ACTIVE and job.waiting and _free(job) > 0:
            following = min(following, (at // 60 + 1) * 60)
        return following

    def _length(self, job: SandboxJob) -> float:
        """Draw a length that is the same for the same seed, job and row, in whatever order calls begin."""
        numbers = random.Random(f"{self._seed}/{job.id}/{job.dialed}")  # noqa: S311 - simulated lengths, no secret
        return round(numbers.uniform(SHORTEST_CALL, LONGEST_CALL), 3)


def _free(job: SandboxJob) -> int:
    return job.running.max_concurrent_dials - len(job.in_progress)
