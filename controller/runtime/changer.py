"""Sending one change and seeing what became of it.

A 4xx or a lost answer is no end: the job is read, and its status decides. An answer that disagrees is read again, on a
timer of its own, until it agrees or `verify_within` passes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from controller.clock import Clock
from controller.core.decision import Decision
from controller.core.job import Job, JobKey
from controller.core.verify import agrees
from controller.runtime.observation import Observer
from controller.runtime.report import Outcome, Result
from controller.vogent.api import JobsApi, WithdrawnError
from controller.vogent.errors import ApiError, NotFound

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 4.0
LOOKED_ENOUGH = 20.0
"""Seconds after which a reading that a 429 may hold back for minutes keeps no other pause from leaving."""


@dataclass(frozen=True, slots=True)
class Changer:
    """Applies decisions to one workspace. `verify_within` is in seconds."""

    api: JobsApi
    observer: Observer
    clock: Clock
    verify_within: float
    _looks: dict[JobKey, asyncio.Task[Outcome]] = field(default_factory=dict)
    _looking_since: dict[JobKey, float] = field(default_factory=dict)
    _unsent: dict[JobKey, asyncio.Task[Outcome]] = field(default_factory=dict)
    _hurried: set[JobKey] = field(default_factory=set)

    @contextmanager
    def hurried(self, key: JobKey) -> Iterator[None]:
        """Meanwhile a pause waits for its turn: the job is not read where a change of it gets no answer, and a resume
        that waits for its place is not sent.
        """
        self._hurried.add(key)
        for task in (self._looks.get(key), self._unsent.pop(key, None)):
            if task is not None:
                task.cancel()
        try:
            yield
        finally:
            self._hurried.discard(key)

    def looks_in_vain(self, key: JobKey) -> bool:
        """Whether the last change of the job was refused or lost, and the job has been read for so long since, without
        an answer, that another one may be sent.
        """
        since = self._looking_since.get(key)
        return since is not None and self.clock.monotonic() - since >= LOOKED_ENOUGH

    async def pause(self, decision: Decision) -> Outcome:
        """Send paused: true."""
        return await self._send(decision, lambda: self.api.pause(decision.job.id))

    async def refresh(self, decision: Decision) -> Outcome | None:
        """Read a job again that was read too long ago to be resumed or started by that. None: now it may be."""
        try:
            await self.observer.refresh(decision.job.key)
        except NotFound:
            return Outcome(decision, Result.GONE)
        except ApiError as error:
            return Outcome(decision, Result.WITHDRAWN, problem=error.reason.value)
        return None

    async def unpause(self, decision: Decision, still_wanted: Callable[[], bool]) -> Outcome:
        """Send paused: false, unless `still_wanted` says no at the last moment before the request leaves, or a pause
        comes to wait for its turn before the request has its place, which a 429 may keep from it for a minute.
        """
        key = decision.job.key

        def has_its_place() -> bool:
            self._unsent.pop(key, None)
            return still_wanted()

        sending = asyncio.create_task(self._send(decision, lambda: self.api.unpause(decision.job.id, has_its_place)))
        self._unsent[key] = sending
        try:
            await asyncio.wait({sending})
            return Outcome(decision, Result.WITHDRAWN) if sending.cancelled() else sending.result()
        except WithdrawnError:
            return Outcome(decision, Result.WITHDRAWN)
        finally:
            self._unsent.pop(key, None)
            sending.cancel()
            await asyncio.wait({sending})

    async def settle(self, outcome: Outcome) -> Outcome:
        """Read the job again until it agrees with what was sent, or `verify_within` has passed."""
        deadline = self.clock.now() + self.verify_within
        wait, waited = _FIRST_WAIT, 0.0
        while (left := min(deadline - self.clock.now(), self.verify_within - waited)) > 0:
            await self.clock.sleep(min(wait, left))
            waited += min(wait, left)
            wait = min(wait * 2, _LONGEST_WAIT)
            outcome = await self._read(outcome.decision, outcome.problem)
            if outcome.result is not Result.UNVERIFIED:
                return outcome
        return outcome

    async def _send(self, decision: Decision, request: Callable[[], Awaitable[Job]]) -> Outcome:
        try:
            answer = await request()
        except ApiError as error:
            outcome = await self._look(decision, error.reason.value)
            if outcome.result is Result.UNVERIFIED and not error.outcome_unknown:
                return Outcome(decision, Result.FAILED, outcome.answer, error.reason.value)
            return outcome
        self.observer.changed(answer)
        agreed = agrees(decision.action, answer)
        return Outcome(decision, Result.VERIFIED if agreed else Result.UNVERIFIED, answer)

    async def _look(self, decision: Decision, problem: str) -> Outcome:
        """Read the job at once; where that is `hurried`, nothing is known."""
        key = decision.job.key
        if key in self._hurried:
            return Outcome(decision, Result.UNVERIFIED, problem=problem)
        self._looking_since[key] = self.clock.monotonic()
        look = self._looks[key] = asyncio.create_task(self._read(decision, problem))
        try:
            await asyncio.wait({look})
            return Outcome(decision, Result.UNVERIFIED, problem=problem) if look.cancelled() else look.result()
        finally:
            look.cancel()
            self._looks.pop(key, None)
            self._looking_since.pop(key, None)

    async def _read(self, decision: Decision, problem: str | None) -> Outcome:
        begun = self.observer.begin()
        try:
            answer = self.observer.take(await self.api.get_job(decision.job.id), begun)
        except NotFound:
            return Outcome(decision, Result.GONE, problem=problem)
        except ApiError as error:
            return Outcome(decision, Result.UNVERIFIED, problem=error.reason.value)
        if agrees(decision.action, answer):
            return Outcome(decision, Result.VERIFIED, answer, problem)
        return Outcome(decision, Result.UNVERIFIED, answer, problem)
