"""What the daemon knows at this moment, for whoever shows it: it asks the parts and the core, and concludes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from controller.clock import Clock
from controller.core.claim import Claim
from controller.core.decide import verdicts
from controller.core.decision import Decision
from controller.core.interval import Instant
from controller.core.job import Job, JobKey
from controller.core.precedence import Verdict
from controller.core.rulebook import Rulebook
from controller.core.situation import Situation
from controller.runtime.health import Health
from controller.runtime.ledger import Ledger
from controller.runtime.rules_keeper import RulesKeeper
from controller.runtime.snapshot import Snapshot

Decided = tuple[Decision, Situation]


@dataclass(frozen=True, slots=True)
class View:
    """Of all workspaces. Every answer is of the moment in which it is asked for."""

    clock: Clock
    health: Health
    ledger: Ledger
    rules: RulesKeeper

    @property
    def book(self) -> Rulebook:
        """The rules in force."""
        return self.rules.book

    @property
    def workspaces(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.health.parts)

    def now(self) -> Instant:
        """What the clock reads."""
        return self.clock.now()

    def jobs(self) -> Iterator[Decided]:
        """Each job that is known, with what would be decided about it now."""
        return self.decided(self.known_jobs())

    def known_jobs(self) -> list[Job]:
        """The jobs as last observed."""
        return [job for part in self.health.parts.values() for job in part.reconciler.observer.jobs.values()]

    def decided(self, jobs: Iterable[Job]) -> Iterator[Decided]:
        """The jobs with what would be decided about them now: at one instant, and with what is in force then, for all
        of a workspace. One that cannot be decided is left out: the pass says so.
        """
        snapshots: dict[str, Snapshot] = {}
        for job in jobs:
            snapshot = snapshots.get(job.workspace)
            if snapshot is None:
                snapshot = snapshots[job.workspace] = self.health.parts[job.workspace].reconciler.snapshot()
            try:
                decided = _decided(snapshot, job)
            except Exception:  # noqa: BLE001, S112 - the pass says what is wrong with it
                continue
            yield decided

    def job(self, key: JobKey) -> tuple[Decided, tuple[Verdict, ...]] | None:
        """One job with each rule's verdict; None where it is not known."""
        job = self.known(key)
        if job is None:
            return None
        snapshot = self.health.parts[key.workspace].reconciler.snapshot()
        decided = _decided(snapshot, job)
        return decided, verdicts(job, decided[1], snapshot.now)

    def known(self, key: JobKey) -> Job | None:
        """The job as last observed."""
        part = self.health.parts.get(key.workspace)
        return None if part is None else part.reconciler.observer.jobs.get(key)

    def named(self, text: str) -> list[Job]:
        """The jobs that a person means by an id, `workspace/id` or a name."""
        workspace, _slash, job_id = text.partition("/")
        exact = self.known(JobKey(workspace, job_id))
        if exact is not None:
            return [exact]
        jobs = self.known_jobs()
        return [job for job in jobs if job.id == text] or [job for job in jobs if job.name == text]

    def job_name(self, key: JobKey) -> str:
        """A job's name as far as it is known, else its id."""
        job = self.known(key)
        if job is not None:
            return job.name
        claim = self.ledger.claims.get(key)
        return claim.job_name if claim is not None else key.id

    def orphaned(self, claim: Claim) -> bool:
        """Whether no campaign matches the job of a claim that was made for one."""
        job = self.known(claim.key)
        return bool(claim.campaigns) and job is not None and not self.book.campaigns_of(job)

    def dialing(self) -> Mapping[str, int]:
        """How many jobs are in each status."""
        return Counter(job.status.value for job in self.known_jobs())


def _decided(snapshot: Snapshot, job: Job) -> Decided:
    situation = snapshot.situation(job)
    return snapshot.decide(job, situation), situation
