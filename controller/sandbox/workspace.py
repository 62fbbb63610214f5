"""The stand-in for one workspace, without the network: its jobs, the dialing, the judge and the state on disk."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import structlog

from controller.clock import Clock
from controller.core.campaign import RuleSet
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.job import Job, Status
from controller.sandbox.answers import CallCounts, Stats
from controller.sandbox.bodies import CreateBody, UpdateBody
from controller.sandbox.dialer import Dialer
from controller.sandbox.jobs import Call, Row, SandboxJob, Settings
from controller.sandbox.oracle import Oracle
from controller.sandbox.refused import RefusedError
from controller.sandbox.seed import SeedJob
from controller.sandbox.state_file import SavedState, read_state, write_state

RECENT_CALLS = 1000
USER = "user-1"
"""Whose jobs they are, for the `userId` filter: no answer shows it."""

log = structlog.get_logger()


class SandboxWorkspace:
    """Everything first lets the dialing catch up with the clock, so that what it answers is true at that instant.

    With a state file, jobs are read from it (StateFileError if it is not one), and written whole at every change of
    a job and at every forbidden call; while the process is away nobody dials.
    """

    def __init__(self, clock: Clock, *, seed: int, name: str, state_file: Path | None) -> None:
        self._clock = clock
        self._name = name
        self._state_file = state_file
        self._unsaved = False
        self._oracle: Oracle | None = None
        self._calls: deque[Call] = deque(maxlen=RECENT_CALLS)
        self._dialer = Dialer(seed, judge=self._judge, on_call=self._calls.append, on_complete=self._completed)
        saved = read_state(state_file) if state_file is not None else None
        self.restored = saved is not None
        self._numbered = saved.numbered if saved is not None else 0
        self._jobs = {job.id: job for job in saved.jobs} if saved is not None else {}
        for job in self._jobs.values():
            job.due = None
            self._dialer.wake(job, clock.now())

    def step(self) -> Instant:
        """Let happen what happens until now, and say when that is."""
        now = self._clock.now()
        self._dialer.step(now)
        if self._unsaved:
            self.save()
        return now

    def add(self, seeded: SeedJob) -> str:
        """Take in a job in any status but UNKNOWN, and return its id. Raises ValueError where the id is taken."""
        if seeded.status is Status.UNKNOWN:
            raise ValueError(
                "the reference knows no status UNKNOWN: a job is INIT, ACTIVE, PAUSED, COMPLETE, CANCELLED"
            )
        if seeded.id in self._jobs:
            raise ValueError(f"the id {seeded.id!r} is taken: ids must differ")
        schedule = json.dumps(seeded.schedule) if seeded.schedule is not None else None
        settings = Settings(seeded.max_concurrent_dials, schedule)
        job = self._new_job(seeded.name, seeded.agent, settings, seeded.rows, job_id=seeded.id)
        job.status = seeded.status
        job.dialed = job.rows if seeded.status is Status.COMPLETE else 0
        self._keep(job)
        return job.id

    def create(self, body: CreateBody) -> SandboxJob:
        """Make a new job, in INIT."""
        rows = tuple(Row(row.toNumber, row.inputs or {}) for row in body.rows)
        settings = Settings(
            body.maxConcurrentDials,
            body.schedule.as_text() if body.schedule is not None else None,
            tuple(body.fromPhoneNumberIds) if body.fromPhoneNumberIds is not None else None,
        )
        job = self._new_job(body.name, body.callAgentId, settings, len(rows))
        job.given = rows
        self._keep(job)
        return job

    def find(self, job_id: str) -> SandboxJob:
        """Find the job as it is now. Raises RefusedError (404)."""
        self.step()
        job = self._jobs.get(job_id)
        if job is None:
            raise RefusedError(404, "there is no batch dial job with this id")
        return job

    def jobs_after(self, number: int) -> Iterator[SandboxJob]:
        """List the jobs as they are now, in the order in which they came, behind the one with this number."""
        self.step()
        return (job for job in self._jobs.values() if job.number > number)

    def statuses(self) -> dict[str, Status]:
        """Each job's status now, by its id."""
        self.step()
        return {job.id: job.status for job in self._jobs.values()}

    def set_paused(self, job_id: str, *, paused: bool) -> SandboxJob:
        """Pause, resume or start a job. Raises RefusedError where it is unknown or finished."""
        job = self.find(job_id)
        before = job.status
        job.set_paused(paused=paused)
        if job.status is not before:
            self._changed(job, before, by="request")
        return job

    def update(self, job_id: str, body: UpdateBody) -> SandboxJob:
        """Change what the body names. Raises RefusedError where the job is unknown or finished."""
        job = self.find(job_id)
        settings = job.shown
        if body.maxConcurrentDials is not None:
            settings = replace(settings, max_concurrent_dials=body.maxConcurrentDials)
        if body.fromPhoneNumberIds is not None:
            settings = replace(settings, from_phone_number_ids=tuple(body.fromPhoneNumberIds))
        if body.schedule is not None:
            settings = replace(settings, schedule=body.schedule.as_text())
        job.change(settings)
        self.save()
        return job

    def judge_by(self, rules: RuleSet | None) -> None:
        """From now on count the calls that these rules forbid; None counts none."""
        self.step()
        self._oracle = Oracle(rules) if rules is not None else None

    def stats(self) -> Stats:
        """Count as things are now."""
        self.step()
        jobs = {job.id: _counts([job]) for job in self._jobs.values()}
        return Stats(_counts(self._jobs.values()), jobs)

    def calls(self) -> tuple[Call, ...]:
        """List the last thousand calls, in the order in which they began."""
        self.step()
        return tuple(self._calls)

    def save(self) -> None:
        """Write the state file, if there is one. Raises OSError."""
        if self._state_file is not None:
            write_state(self._state_file, SavedState(1, self._numbered, list(self._jobs.values())))
        self._unsaved = False

    def _new_job(
        self, name: str, agent: str, settings: Settings, rows: int, *, job_id: str | None = None
    ) -> SandboxJob:
        now = self.step()
        self._numbered += 1
        return SandboxJob(
            id=self._free_id() if job_id is None else job_id,
            number=self._numbered,
            name=name,
            agent_id=agent,
            user_id=USER,
            created=now,
            status=Status.INIT,
            shown=settings,
            running=settings,
            rows=rows,
        )

    def _free_id(self) -> str:
        while (job_id := f"job-{self._numbered:04d}") in self._jobs:
            self._numbered += 1
        return job_id

    def _keep(self, job: SandboxJob) -> None:
        self._jobs[job.id] = job
        self._dialer.wake(job, job.created)
        self.save()

    def _judge(self, job: SandboxJob, at: Instant) -> str | None:
        if self._oracle is None:
            return None
        observed = Job(self._name, job.id, job.name, job.status, job.agent_id, job.running.schedule, job.status.value)
        verdict = self._oracle.forbids(observed, at)
        if verdict is None:
            return None
        log.warning("sandbox.forbidden_call", job=job.id, at=rfc3339(at), reason=verdict.reason, detail=verdict.detail)
        self._unsaved = True
        return verdict.reason

    def _completed(self, job: SandboxJob) -> None:
        _log_change(job, Status.ACTIVE, by="dialer")
        self._unsaved = True

    def _changed(self, job: SandboxJob, before: Status, *, by: str) -> None:
        _log_change(job, before, by=by)
        self._dialer.wake(job, self._clock.now())
        self.save()


def _log_change(job: SandboxJob, before: Status, *, by: str) -> None:
    log.info("sandbox.job_changed", job=job.id, by=by, to=job.status.value, **{"from": before.value})


def _counts(jobs: Iterable[SandboxJob]) -> CallCounts:
    begun = in_progress = 0
    forbidden: Counter[str] = Counter()
    for job in jobs:
        begun += job.calls_begun
        in_progress += len(job.in_progress)
        forbidden.update(job.forbidden)
    return CallCounts(begun, in_progress, begun - in_progress, forbidden)
