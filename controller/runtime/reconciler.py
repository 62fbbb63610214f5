"""One pass over one workspace: read, decide, pause, then resume and start."""

import asyncio
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

import structlog

from controller.core import claim as claims
from controller.core.decision import Action, Because, Decision, withheld
from controller.core.interval import Instant
from controller.core.job import Job, JobKey, Status
from controller.core.rulebook import Rulebook
from controller.core.situation import Situation
from controller.runtime import findings
from controller.runtime.changer import Changer
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.consequences import Consequences
from controller.runtime.forbidden_meter import ForbiddenMeter
from controller.runtime.journal import Journal
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer, Reading
from controller.runtime.overrides import Overrides
from controller.runtime.report import PassReport, Result, Trigger
from controller.runtime.snapshot import Snapshot, Snapshots
from controller.runtime.sweep import Sweep
from controller.store.changes import Change, PutClaim
from controller.vogent.errors import ApiError

log = structlog.get_logger()

IN_A_TURN = 100
"""So many jobs are decided about before the first pauses leave, and then before others get their turn."""
TURNS = 5
"""After so many turns what is to be paused is put into one order, and leaves."""

Decided = list[tuple[Decision, Situation]]


class Reconciler:
    """Keeps the jobs of one workspace as the rules in force say. `rules` gives these; `new_id` unique strings."""

    def __init__(
        self,
        workspace: str,
        *,
        observer: Observer,
        changer: Changer,
        ledger: Ledger,
        watch: ClockWatch,
        rules: Callable[[], Rulebook],
        new_id: Callable[[], str],
    ) -> None:
        self.workspace = workspace
        self.observer = observer
        self._ledger = ledger
        self._clock = watch.clock
        self._new_id = new_id
        self._snapshots = Snapshots(watch, rules, ledger, set())
        self.meter = ForbiddenMeter()
        self._overrides = Overrides()
        self._consequences = Consequences(observer, ledger, self._snapshots, self._overrides, self.meter)
        self._sweep = Sweep(changer, observer, ledger, self._snapshots, self._overrides, self._consequences, new_id)
        self.problem: str | None = None
        """Why the jobs could not be read the last time, None where they were."""

    def snapshot(self) -> Snapshot:
        """What would be decided with now."""
        return self._snapshots.take(self._clock.now())

    async def fast_path(self, at: Instant | None = None) -> None:
        """Pause, before anything is read, the jobs last seen dialing that must stop at the instant `at`, or now."""
        snapshot = self._snapshots.take(self._clock.now() if at is None else at)
        journal = self._journal(snapshot)
        leaving = asyncio.Event()
        wanted: list[Decision] = []
        async with asyncio.TaskGroup() as pausing:
            for turn, jobs in enumerate(_portions(self.observer.jobs.values()), 1):
                decided, pauses = self._decide(jobs, snapshot)
                wanted += [decision for decision, _situation in decided if decision.action is Action.PAUSE]
                wanted += pauses
                if wanted and (turn % TURNS == 0 or not leaving.is_set()):
                    pausing.create_task(self._sweep.pause(wanted, journal, snapshot.now, leaving))
                    wanted = []
                    await leaving.wait()  # the disk comes first: deciding would keep the interpreter from it
                await asyncio.sleep(0)
            await self._sweep.pause(wanted, journal, snapshot.now)

    async def run_pass(
        self, trigger: Trigger, at: Instant | None = None, interrupted: Callable[[], bool] = lambda: False
    ) -> PassReport:
        """Bring the workspace to what the rules say. `at` is the instant of the transition that woke us, since timers
        may fire early; once `interrupted` says so, nothing more is resumed in this pass. Raises nothing of the API.
        """
        begun, monotonic = self._clock.now(), self._clock.monotonic()
        self._sweep.begin()
        before = dict(self.observer.jobs)
        reading, problem = await self._read()
        snapshot = self._snapshots.take(begun if at is None else at)
        now = snapshot.now
        journal = self._journal(snapshot)
        report = PassReport(journal.pass_id, self.workspace, trigger, now, problem)
        decided, pauses = self._decide(reading.jobs if reading else self.observer.jobs.values(), snapshot)
        unread = reading.unread if reading else self.observer.jobs.keys()
        if unread:
            decided = [(_as_unread(each, unread), situation) for each, situation in decided]
        report.decisions = [*(decision for decision, _situation in decided), *pauses]
        if reading is not None:
            report.unreadable = reading.errors
            read = [each for each in decided if each[0].job.key not in unread] if unread else decided
            await self._ledger.record(list(self._observe(reading, read, before, journal, now)))
        await self._act(report, journal, interrupted)
        report.seconds = self._clock.monotonic() - monotonic
        self._tell(report, journal)
        return report

    async def settled(self, report: PassReport) -> None:
        """Wait until each change of the pass is verified or given up, and put that into the report."""
        report.replace_outcomes(await self._sweep.settled())

    @property
    def changes(self) -> Mapping[tuple[Action, Result], int]:
        """How many changes came to what since the start, as `Consequences` counts them."""
        return self._consequences.changes

    @property
    def overridden(self) -> int:
        """How often people resumed a job that must not dial, since the start."""
        return self._overrides.total

    async def close(self) -> None:
        """Stop waiting for slow verifications and lists; the next start reads the jobs again."""
        await self._sweep.close()
        await self.observer.close()

    async def _read(self) -> tuple[Reading | None, str | None]:
        claimed = [key for key in self._ledger.claims if key.workspace == self.workspace]
        try:
            return await self.observer.read(claimed), None
        except ApiError as error:
            if self.problem is None:
                log.error(
                    "workspace.unreachable", workspace=self.workspace, problem=error.reason.value, detail=str(error)
                )
            self.problem = error.reason.value
            return None, self.problem

    def _journal(self, snapshot: Snapshot) -> Journal:
        return Journal(self._new_id()[:12], snapshot.rulebook.rules.revision, self.workspace)

    def _decide(self, jobs: Iterable[Job], snapshot: Snapshot) -> tuple[Decided, list[Decision]]:
        """What to do about each job, and the pauses of those about which not everything can be said."""
        decided: Decided = []
        pauses: list[Decision] = []
        for job in list(jobs):
            try:
                situation = snapshot.situation(job)
                decided.append((snapshot.decide(job, situation), situation))
            except Exception:  # one job's error never stops the rest
                log.exception("job.undecided", workspace=self.workspace, job=job.id, name=job.name)
                pause = snapshot.pause_at_least(job)
                pauses += [pause] if pause is not None else []
        return decided, pauses

    def _observe(
        self, reading: Reading, decided: Decided, before: Mapping[JobKey, Job], journal: Journal, now: Instant
    ) -> Iterable[Change]:
        """Claims and findings after a reading, before anything is sent; `before` are the jobs as known till then."""
        vanished = self._ledger.vanished
        for decision, situation in decided:
            job = decision.job
            yield from self._consequences.observed_in(situation, job, journal, now)
            if situation.claim is not None:
                if not self._sweep.changing(job.key):
                    yield from self._observe_claim(situation, decision, journal, now)
                continue
            if job.key in vanished:
                yield from self._consequences.found(job, journal, now)
            if job.status is Status.PAUSED and _dialed(before.get(job.key)):
                yield journal.paused_by_others(decision, situation.campaign_names, now)
        yield from findings.compare(self._ledger, self._overrides, decided, journal, now)
        for gone in reading.gone:
            yield from self._consequences.vanished(gone, journal, now)
        self._consequences.forget([job.key for job in reading.jobs if job.status.finished])
        if self._snapshots.unproven:
            self._snapshots.unproven.difference_update(
                decision.job.key for decision, _situation in decided if decision.job.status is Status.ACTIVE
            )

    def _observe_claim(
        self, situation: Situation, decision: Decision, journal: Journal, now: Instant
    ) -> Iterable[Change]:
        claim = situation.claim
        if claim is None:
            return
        observed = claims.observe(claim, decision, situation.campaign_names, now)
        if decision.job.status is Status.PAUSED and not claims.lately(claim, now):
            self._overrides.absolve(decision.job.key)
        if observed is not claim:
            yield PutClaim(observed)
        if not observed.state.open:
            yield journal.claim_changed("claim.closed", observed, now)

    async def _act(self, report: PassReport, journal: Journal, interrupted: Callable[[], bool]) -> None:
        pauses = [decision for decision in report.decisions if decision.action is Action.PAUSE]
        report.outcomes += await self._sweep.pause(pauses, journal, report.now)
        dials = [decision for decision in report.decisions if decision.action in (Action.RESUME, Action.START)]
        report.outcomes += await self._sweep.unpause(dials, journal, report.now, interrupted)

    def _tell(self, report: PassReport, journal: Journal) -> None:
        facts = {"trigger": report.trigger.value, "seconds": round(report.seconds, 3)}
        if report.problem is not None:
            journal.log.error("pass.failed", **facts, problem=report.problem, jobs=len(report.decisions))
            return
        if self.problem is not None:
            journal.log.info("workspace.reachable", problem=self.problem)
            self.problem = None
        quiet = report.trigger is Trigger.RESYNC and not report.outcomes
        (journal.log.debug if quiet else journal.log.info)("pass.finished", **facts, **report.counts())


def _portions(known: Iterable[Job]) -> Iterator[Sequence[Job]]:
    """Those that dial first."""
    dialing: list[Job] = []
    others: list[Job] = []
    for job in known:
        (dialing if job.status is Status.ACTIVE else others).append(job)
    jobs = dialing + others
    for start in range(0, len(jobs), IN_A_TURN):
        yield jobs[start : start + IN_A_TURN]


def _dialed(job: Job | None) -> bool:
    return job is not None and job.status is Status.ACTIVE


def _as_unread(decision: Decision, unread: Container[JobKey]) -> Decision:
    """What was not read may have finished, or be somebody's own pause: it is only ever paused."""
    return withheld(decision, Because.UNREAD) if decision.job.key in unread else decision
