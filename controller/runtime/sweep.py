"""The two phases of a pass that change jobs: pauses, then resumes and starts.

Intents are stored before requests leave, in portions of one transaction each; a portion's requests start once it is
durable, and the next one begins as soon as few of them wait for their place: ten thousand tasks at once would keep
the event loop and the garbage collector busy. What becomes of a request is noted before another one for the same job
may leave. What was not verified at once is followed on its own timer.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import structlog

from controller.core import claim as claims
from controller.core.claim import Claim, ClaimState
from controller.core.decision import Action, Because, Decision
from controller.core.interval import Instant
from controller.core.job import JobKey, Status
from controller.core.pausing_order import pausing_order
from controller.core.verify import agrees
from controller.runtime.changer import Changer
from controller.runtime.consequences import Consequences
from controller.runtime.intents import Intents
from controller.runtime.journal import Journal
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer
from controller.runtime.overrides import Overrides
from controller.runtime.report import Outcome, Result
from controller.runtime.settling import Settling
from controller.runtime.snapshot import Snapshots
from controller.runtime.turns import Turns
from controller.store.changes import Change, PutClaim

log = structlog.get_logger()

BATCH = 200
"""How many changes end together; the most intents of one transaction."""
IN_A_TURN = 10
"""How many pauses begin in one turn of the event loop: on Python 3.11 the first of them is written only in the next."""
PATIENCE = 5.0
"""Real seconds without any pause coming to its end, after which a pass goes on without those that are left."""


class Sweep:
    """Carries out decisions of one workspace and keeps the ledger true to what came of them."""

    def __init__(
        self,
        changer: Changer,
        observer: Observer,
        ledger: Ledger,
        snapshots: Snapshots,
        overrides: Overrides,
        consequences: Consequences,
        new_id: Callable[[], str],
    ) -> None:
        self._changer = changer
        self._observer = observer
        self._ledger = ledger
        self._snapshots = snapshots
        self._new_id = new_id
        self._overrides = overrides
        self._consequences = consequences
        self._settling = Settling(changer, consequences, ledger, snapshots.watch.clock)
        self._late: set[asyncio.Task[list[Outcome]]] = set()
        self._ended = 0
        self._pausing: set[JobKey] = set()
        self._changing: Counter[JobKey] = Counter()
        self._turns = Turns()
        self._beginning = asyncio.Lock()
        self._intents = Intents(ledger)

    def begin(self) -> None:
        """A pass begins."""
        self._settling.followers.begin()

    async def pause(
        self, decisions: list[Decision], journal: Journal, now: Instant, leaving: asyncio.Event | None = None
    ) -> list[Outcome]:
        """Store the intents and send the pauses. One that hangs holds up neither the resumes nor the next pass.
        `leaving` is set once the first of them leave, or none will.
        """
        leaving = leaving or asyncio.Event()
        try:
            return await self._pause_all(decisions, journal, now, leaving)
        finally:
            leaving.set()

    async def _pause_all(
        self, decisions: list[Decision], journal: Journal, now: Instant, leaving: asyncio.Event
    ) -> list[Outcome]:
        stuck = self._changer.looks_in_vain
        wanted = [each for each in decisions if each.job.key not in self._pausing or stuck(each.job.key)]
        self._pausing.update(decision.job.key for decision in wanted)
        if not self._late:
            self._intents.begin()
        batches = [
            asyncio.create_task(self._pause_batch(batch, journal, now, leaving))
            for batch in _parts(pausing_order(wanted), BATCH)
        ]
        self._late.update(batches)
        for batch in batches:
            batch.add_done_callback(self._late.discard)
        pending: Collection[asyncio.Task[list[Outcome]]] = batches
        ended = -1
        while pending and ended != self._ended:
            ended = self._ended
            pending = await self._wait(pending)
        outcomes = [outcome for batch in batches if batch not in pending for outcome in batch.result()]
        left = sum(decision.job.key in self._pausing for decision in wanted)
        if left:
            journal.log.warning("pauses.late", jobs=left)
        return outcomes

    async def unpause(
        self, decisions: list[Decision], journal: Journal, now: Instant, interrupted: Callable[[], bool]
    ) -> list[Outcome]:
        """Send resumes and starts, batch by batch, until `interrupted` or the store refuses an intent."""
        outcomes: list[Outcome] = []
        for batch in _parts(decisions, BATCH):
            if interrupted():
                journal.log.info("pass.interrupted", left=len(decisions) - len(outcomes))
                break
            self._settling.followers.supersede(batch)
            unproven = {decision.job.key for decision in batch if self._unproven(decision.job.key)}
            with self._under_way(batch):
                if not await self._move_claims(batch, claims.resuming, now):
                    left = len(decisions) - len(outcomes)
                    journal.log.error("resume.postponed", jobs=left, problem="store.unwritable")
                    certain = [decision for decision in batch if decision.job.key not in unproven]
                    await self._move_claims(certain, claims.still_paused, now)
                    break
                sends = (self._unpause_one(each, journal, now, interrupted, unproven) for each in batch)
                outcomes += await asyncio.gather(*sends)
                await self._ledger.record([])
        return outcomes

    def changing(self, key: JobKey) -> bool:
        """Whether a change of the job is under way at this moment, from its intent on."""
        return self._changing[key] > 0

    async def settled(self) -> list[Outcome]:
        """Wait for all changes that are still under way or followed, and say what became of them."""
        late = [outcome for batch in await asyncio.gather(*self._late) for outcome in batch]
        return late + await self._settling.followers.settled()

    async def close(self) -> None:
        """Wait for the pauses that are under way, and stop following what was sent."""
        try:
            if self._late:
                await asyncio.wait(self._late)
        finally:
            for batch in list(self._late):
                batch.cancel()
            await self._settling.followers.close()

    async def _wait(self, batches: Collection[asyncio.Task[list[Outcome]]]) -> Collection[asyncio.Task[list[Outcome]]]:
        _done, pending = await asyncio.wait(batches, timeout=PATIENCE)
        return pending

    async def _pause_batch(
        self, batch: Sequence[Decision], journal: Journal, now: Instant, leaving: asyncio.Event
    ) -> list[Outcome]:
        self._settling.followers.supersede(batch)
        try:
            return await self._send_pauses(batch, journal, now, leaving)
        finally:
            self._pausing.difference_update(decision.job.key for decision in batch)

    async def _send_pauses(
        self, batch: Sequence[Decision], journal: Journal, now: Instant, leaving: asyncio.Event
    ) -> list[Outcome]:
        sending: list[asyncio.Task[Outcome | None]] = []
        with self._under_way(batch):
            try:
                async with self._beginning:
                    for portion in self._intents.portions(batch):
                        await self._changer.api.room_for_pauses()
                        await self._intents.store(
                            [change for each in portion for change in self._intent(each, journal, now)]
                        )
                        for some in _parts(portion, IN_A_TURN):
                            sending += [asyncio.create_task(self._pause_one(each, journal)) for each in some]
                            await asyncio.sleep(0)  # each takes its place, or stands in line for it
                            leaving.set()
                sent = await asyncio.gather(*sending)
            except asyncio.CancelledError:
                for task in sending:
                    task.cancel()
                raise
            await self._ledger.record([])
        return [outcome for outcome in sent if outcome is not None]

    def _intent(self, decision: Decision, journal: Journal, now: Instant) -> Iterator[Change]:
        job = decision.job
        names = self._consequences.campaigns(job)
        standing = self._ledger.claims.get(job.key)
        if decision.because is Because.OVERRIDDEN and standing is not None:
            yield from self._override(decision, standing, journal, now)
        seen = self._observer.jobs.get(job.key, job).status  # the resume may have been answered since the decision
        if standing is None and decision.because is Because.RESUME_UNPROVEN and seen is Status.PAUSED:
            return  # the pause behind a resume that needed no claim makes none
        intent = claims.intend(job, decision, names, standing, now, self._new_id())
        if intent is not standing:
            yield PutClaim(intent)

    def _override(self, decision: Decision, standing: Claim, journal: Journal, now: Instant) -> Iterator[Change]:
        """Somebody resumed the job; or, shortly after our pause, the reading is older than that."""
        names = self._consequences.campaigns(decision.job)
        if not claims.lately(standing, now):
            yield journal.overridden(decision, names, self._overrides.add(decision.job.key, now), now)
        elif (times := self._overrides.suspect(decision.job.key)) is not None:
            yield journal.overridden(decision, names, times, now, certain=False)

    async def _pause_one(self, decision: Decision, journal: Journal) -> Outcome | None:
        key = decision.job.key
        try:
            async with self._turns.of(key, lambda: self._changer.hurried(key)):
                self._settling.followers.supersede([decision])
                if self._stopped_meanwhile(decision):
                    return None
                outcome = await _guarded(decision, self._changer.pause(decision))
                try:
                    await asyncio.sleep(0)  # whoever gets the place that is free now sends first
                finally:
                    self._settling.note(outcome, journal)
                return outcome
        finally:
            self._pausing.discard(key)
            self._ended += 1

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

    async def _unpause_one(
        self,
        decision: Decision,
        journal: Journal,
        now: Instant,
        interrupted: Callable[[], bool],
        unproven: Collection[JobKey],
    ) -> Outcome:
        key = decision.job.key

        def still_wanted() -> bool:
            if interrupted() or not self._ledger.durable:
                return False
            job = self._observer.jobs.get(key)
            wanted = job is not None and self._snapshots.take(now).decide(job).action is decision.action
            if wanted and key not in self._ledger.claims:
                self._snapshots.unproven.add(key)
            return wanted

        try:
            withdrawn = await self._changer.refresh(decision)
        except Exception as error:  # noqa: BLE001 - it is logged
            withdrawn = _crashed(decision, error)
        async with self._turns.of(key):
            outcome = withdrawn or await _guarded(decision, self._changer.unpause(decision, still_wanted))
            outcome = outcome._replace(unproven_before=key in unproven)
            self._settling.note(outcome, journal)
            return outcome

    def _unproven(self, key: JobKey) -> bool:
        """Whether an earlier resume of the job may still take effect."""
        claim = self._ledger.claims.get(key)
        return key in self._snapshots.unproven or (claim is not None and claim.state is ClaimState.RESUMING)

    @contextmanager
    def _under_way(self, batch: Sequence[Decision]) -> Iterator[None]:
        keys = [decision.job.key for decision in batch]
        self._changing.update(keys)
        try:
            yield
        finally:
            self._changing.subtract(keys)
            for key in keys:
                if not self._changing[key]:
                    del self._changing[key]


def _parts(decisions: Sequence[Decision], size: int) -> Iterator[Sequence[Decision]]:
    for start in range(0, len(decisions), size):
        yield decisions[start : start + size]


async def _guarded(decision: Decision, change: Awaitable[Outcome]) -> Outcome:
    """One job's error never stops the rest."""
    try:
        return await change
    except Exception as error:  # noqa: BLE001 - it is logged
        return _crashed(decision, error)


def _crashed(decision: Decision, error: Exception) -> Outcome:
    log.error("job.change_crashed", job=decision.job.id, name=decision.job.name, exc_info=error)
    return Outcome(decision, Result.FAILED, problem="crashed")
