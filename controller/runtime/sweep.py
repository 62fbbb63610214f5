"""The two phases of a pass that change jobs: pauses, then resumes and starts.

Intents are stored before requests leave, in batches of one transaction each; a batch's requests start once it is
durable, and the batches overlap. What was not verified at once is followed on its own timer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import structlog

from controller.core import claim as claims
from controller.core.claim import Claim
from controller.core.decision import Action, Because, Decision
from controller.core.interval import Instant
from controller.core.job import Job, JobKey, Status
from controller.core.verify import agrees, verify_failed
from controller.runtime import findings
from controller.runtime.changer import Changer
from controller.runtime.forbidden_meter import ForbiddenMeter
from controller.runtime.journal import Journal
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer
from controller.runtime.overrides import Overrides
from controller.runtime.report import Outcome, Result
from controller.runtime.snapshot import Snapshots
from controller.store.changes import Change, PutClaim

log = structlog.get_logger()

BATCH = 200
"""The most intents of one transaction."""


class Sweep:
    """Carries out decisions of one workspace and keeps the ledger true to what came of them."""

    def __init__(
        self,
        changer: Changer,
        observer: Observer,
        ledger: Ledger,
        snapshots: Snapshots,
        overrides: Overrides,
        meter: ForbiddenMeter,
        new_id: Callable[[], str],
    ) -> None:
        self._changer = changer
        self._observer = observer
        self._ledger = ledger
        self._clock = snapshots.watch.clock
        self._snapshots = snapshots
        self._new_id = new_id
        self._settling: dict[JobKey, asyncio.Task[Outcome]] = {}
        self._locks: WeakValueDictionary[JobKey, asyncio.Lock] = WeakValueDictionary()
        self._overrides = overrides
        self._meter = meter

    async def pause(self, decisions: list[Decision], journal: Journal, now: Instant) -> list[Outcome]:
        """Store the intents and send the pauses."""
        batches = [self._pause_batch(batch, journal, now) for batch in _batches(decisions)]
        return [outcome for outcomes in await asyncio.gather(*batches) for outcome in outcomes]

    async def unpause(
        self, decisions: list[Decision], journal: Journal, now: Instant, interrupted: Callable[[], bool]
    ) -> list[Outcome]:
        """Send resumes and starts, batch by batch, until `interrupted` or the store refuses an intent."""
        outcomes: list[Outcome] = []
        for batch in _batches(decisions):
            if interrupted():
                journal.log.info("pass.interrupted", left=len(decisions) - len(outcomes))
                break
            self._supersede(batch)
            if not await self._move_claims(batch, claims.resuming, now):
                journal.log.error("resume.postponed", jobs=len(decisions) - len(outcomes), problem="store.unwritable")
                await self._move_claims(batch, claims.paused, now)
                break
            outcomes += await self._unpause_batch(batch, journal, now, interrupted)
        return outcomes

    def changing(self, key: JobKey) -> bool:
        """Whether a change of the job is under way at this moment."""
        lock = self._locks.get(key)
        return lock is not None and lock.locked()

    async def settled(self) -> list[Outcome]:
        """Wait for all changes that are still followed, and say what became of them."""
        return list(await asyncio.gather(*self._settling.values()))

    async def close(self) -> None:
        """Stop following."""
        tasks = list(self._settling.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def vanished(self, job: Job | JobKey, journal: Journal, now: Instant) -> Iterator[Change]:
        """The changes for a job that is no longer there: its claim is closed, its findings end."""
        key = job if isinstance(job, JobKey) else job.key
        claim = self._ledger.claims.get(key)
        name = job.name if isinstance(job, Job) else (claim.job_name if claim else key.id)
        yield journal.vanished(key, name, now)
        if claim is not None:
            closed = claims.gone(claim, now)
            yield PutClaim(closed)
            yield journal.claim_changed("claim.closed", closed, now)
        yield from findings.close_all(self._ledger, key, name, journal, now)
        yield from self._meter.ended(key, journal, now)
        self._overrides.forget(key)
        self.forget([key])

    def found(self, job: Job, journal: Journal, now: Instant) -> Iterator[Change]:
        """The changes for a job without a claim that may have been gone for a while."""
        claim = self._ledger.vanished.pop(job.key, None)
        if claim is not None and job.status is Status.PAUSED:
            found = claims.found(claim, now)
            yield PutClaim(found)
            yield journal.claim_changed("claim.reopened", found, now)

    def forget(self, keys: Sequence[JobKey]) -> None:
        """Drop finished or vanished jobs from memory."""
        self._observer.drop(keys)
        self._snapshots.rules().forget(keys)
        self._snapshots.unproven.difference_update(keys)

    async def _pause_batch(self, batch: Sequence[Decision], journal: Journal, now: Instant) -> list[Outcome]:
        self._supersede(batch)
        await self._ledger.record([change for each in batch for change in self._intent(each, journal, now)])
        sent = await asyncio.gather(*(self._pause_one(decision) for decision in batch))
        outcomes = [outcome for outcome in sent if outcome is not None]
        await self._record(outcomes, journal)
        return outcomes

    def _intent(self, decision: Decision, journal: Journal, now: Instant) -> Iterator[Change]:
        job = decision.job
        names = self._campaigns(job)
        standing = self._ledger.claims.get(job.key)
        if standing is None and decision.because is Because.RESUME_UNPROVEN:
            return  # the pause behind a resume that needed no claim makes none
        intent = claims.intend(job, decision, names, standing, now, self._new_id())
        if intent is not standing:
            yield PutClaim(intent)
        if decision.because is Because.OVERRIDDEN:
            yield journal.overridden(decision, names, self._overrides.add(job.key, now), now)

    async def _pause_one(self, decision: Decision) -> Outcome | None:
        async with self._alone(decision.job.key):
            if self._stopped_meanwhile(decision):
                return None
            return await _guarded(decision, self._changer.pause(decision))

    def _stopped_meanwhile(self, decision: Decision) -> bool:
        """Whether another phase, on the same judgement, paused the job while this one waited for it. A resume that is
        not proven yet may still take effect after such an answer.
        """
        job = self._observer.jobs.get(decision.job.key)
        newer = job is not None and job is not decision.job and agrees(Action.PAUSE, job)
        return newer and decision.because is not Because.RESUME_UNPROVEN

    async def _move_claims(
        self, batch: Sequence[Decision], move: Callable[[Claim, Instant], Claim], now: Instant
    ) -> bool:
        """Record the open claims of these jobs, moved; whether that is on disk."""
        standing = (self._ledger.claims.get(decision.job.key) for decision in batch)
        return await self._ledger.record([PutClaim(move(claim, now)) for claim in standing if claim is not None])

    async def _unpause_batch(
        self, batch: Sequence[Decision], journal: Journal, now: Instant, interrupted: Callable[[], bool]
    ) -> list[Outcome]:
        outcomes = await asyncio.gather(*(self._unpause_one(each, now, interrupted) for each in batch))
        await self._record(outcomes, journal)
        return outcomes

    async def _unpause_one(self, decision: Decision, now: Instant, interrupted: Callable[[], bool]) -> Outcome:
        def still_wanted() -> bool:
            if interrupted() or not self._ledger.durable:
                return False
            job = self._observer.jobs.get(decision.job.key)
            wanted = job is not None and self._snapshots.take(now).decide(job).action is decision.action
            if wanted and decision.job.key not in self._ledger.claims:
                self._snapshots.unproven.add(decision.job.key)
            return wanted

        change = self._changer.unpause(decision, still_wanted, self._alone(decision.job.key))
        return await _guarded(decision, change)

    async def _record(self, outcomes: Sequence[Outcome], journal: Journal) -> None:
        now = self._clock.now()
        await self._ledger.record([change for each in outcomes for change in self._result(each, journal, now)])
        for outcome in outcomes:
            if outcome.result is Result.UNVERIFIED:
                self._follow(outcome, journal)
            elif outcome.result in (Result.VERIFIED, Result.GONE):
                self._unfollow(outcome.decision.job.key)

    def _result(self, outcome: Outcome, journal: Journal, now: Instant) -> Iterator[Change]:
        job = outcome.decision.job
        if outcome.result is Result.GONE:
            yield from self.vanished(job, journal, now)
            return
        if _proven(outcome):
            self._snapshots.unproven.discard(job.key)
        yield journal.outcome(outcome, self._campaigns(job), now)
        if outcome.answer is not None:
            yield from self._meter.saw(outcome.answer, self._snapshots.rules(), journal, now)
        claim = self._ledger.claims.get(job.key)
        if claim is None and _stopped_a_start(outcome):
            claim = claims.intend(job, outcome.decision, self._campaigns(job), None, now, self._new_id())
        if claim is not None and (after := _claim_after(outcome, claim, now)) is not claim:
            yield PutClaim(after)

    def _follow(self, outcome: Outcome, journal: Journal) -> None:
        """Read the job again on a timer of its own. A change that is followed already keeps its deadline."""
        key = outcome.decision.job.key
        if key in self._settling:
            return
        task = asyncio.create_task(self._settle(outcome, journal), name=outcome.decision.action)
        self._settling[key] = task
        task.add_done_callback(lambda done: self._settling.pop(key) if self._settling.get(key) is done else None)

    def _unfollow(self, key: JobKey) -> None:
        followed = self._settling.pop(key, None)
        if followed is not None:
            followed.cancel()

    def _supersede(self, batch: Sequence[Decision]) -> None:
        """Follow no earlier change of the other kind: a late proof of it must not speak for what is sent now."""
        for decision in batch:
            followed = self._settling.get(decision.job.key)
            if followed is not None and followed.get_name() != decision.action:
                self._unfollow(decision.job.key)

    async def _settle(self, outcome: Outcome, journal: Journal) -> Outcome:
        settled = await self._changer.settle(outcome)
        now = self._clock.now()
        decision = settled.decision
        if settled.result is not Result.UNVERIFIED:
            await self._ledger.record(list(self._result(settled, journal, now)))
            return settled
        answer = settled.answer or decision.job
        finding = verify_failed(decision.action, answer, self._changer.verify_within)
        await self._ledger.record(list(findings.open_one(self._ledger, finding, decision.job, journal, now)))
        return settled

    def _campaigns(self, job: Job) -> tuple[str, ...]:
        return tuple(hours.campaign.name for hours in self._snapshots.rules().campaigns_of(job))

    @asynccontextmanager
    async def _alone(self, key: JobKey) -> AsyncIterator[None]:
        """At most one change of a job is under way."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield


def _batches(decisions: Sequence[Decision]) -> Iterator[Sequence[Decision]]:
    for start in range(0, len(decisions), BATCH):
        yield decisions[start : start + BATCH]


async def _guarded(decision: Decision, change: Awaitable[Outcome]) -> Outcome:
    """One job's error never stops the rest."""
    try:
        return await change
    except Exception:
        log.exception("job.change_crashed", job=decision.job.id, name=decision.job.name)
        return Outcome(decision, Result.FAILED, problem="crashed")


def _stopped_a_start(outcome: Outcome) -> bool:
    """Whether a pause that was to make no claim found that the job, last seen INIT, had been started by us."""
    answer = outcome.answer
    unproven = outcome.decision.because is Because.RESUME_UNPROVEN and outcome.decision.job.status is Status.INIT
    return unproven and answer is not None and answer.status is Status.PAUSED


def _proven(outcome: Outcome) -> bool:
    """Whether no change that was sent before can take effect any more."""
    refused = outcome.result in (Result.FAILED, Result.WITHDRAWN) and outcome.decision.action is not Action.PAUSE
    return refused or outcome.result is Result.VERIFIED


def _claim_after(outcome: Outcome, claim: Claim, now: Instant) -> Claim:
    pausing = outcome.decision.action is Action.PAUSE
    match outcome.result:
        case Result.VERIFIED:
            return claims.paused(claim, now) if pausing else claims.resumed(claim, now)
        case Result.WITHDRAWN | Result.FAILED if not pausing:
            return claims.paused(claim, now)  # nothing took effect: the pause is still ours
        case _:
            return claim
