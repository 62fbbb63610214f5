"""Vogent as it truly is, in the simulation: jobs with one status each, and people who change them.

What happened is kept with its instant, so that reads can lag behind it and the observer can judge it afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Actor(StrEnum):
    """Who changed a job."""

    US = "us"
    PERSON = "person"
    PROVIDER = "provider"


@dataclass(slots=True)
class TrueJob:
    """A job, and every status that it had: (since when, status), oldest first."""

    id: str
    name: str
    status: str
    history: list[tuple[float, str]]
    paused_by: Actor | None = None
    paused_at: float = 0.0
    resumed_by_us_at: float = 0.0

    def status_at(self, at: float) -> str:
        """The status at an instant of the past."""
        return next((status for since, status in reversed(self.history) if since <= at), self.history[0][1])


@dataclass(frozen=True, slots=True)
class Change:
    """A status that truly changed, or a request that asked for one."""

    at: float
    job: str
    actor: Actor
    before: str
    after: str
    asked_at: float


@dataclass(slots=True)
class Provider:
    """`now` is true time. `changes` are all that happened."""

    now: Callable[[], float]
    jobs: dict[str, TrueJob] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    heard: list[Callable[[Change], None]] = field(default_factory=list)

    def add(self, job_id: str, name: str, status: str) -> None:
        """A job that appears."""
        self.jobs[job_id] = TrueJob(job_id, name, status, [(self.now(), status)])
        if status == "PAUSED":
            self.jobs[job_id].paused_by = Actor.PERSON

    def set_paused(self, job_id: str, paused: bool, actor: Actor, asked_at: float | None = None) -> None:
        """What POST …/paused does, whoever asks: true pauses what runs, false runs what does not. A pause of ours that
        takes effect behind a resume that we asked for later is nobody's.
        """
        job = self.jobs[job_id]
        if actor is Actor.US and not paused:
            job.resumed_by_us_at = self.now()
        elif actor is Actor.US and asked_at is not None and asked_at < job.resumed_by_us_at:
            actor = Actor.PROVIDER
        paused_now = "PAUSED" if job.status in ("ACTIVE", "PAUSED", "SUSPENDED") else job.status
        self._become(job, paused_now if paused else "ACTIVE", actor, self.now() if asked_at is None else asked_at)

    def finish(self, job_id: str, status: str) -> None:
        """The job ends, by itself or by hand."""
        self._become(self.jobs[job_id], status, Actor.PROVIDER, self.now())

    def _become(self, job: TrueJob, after: str, actor: Actor, asked_at: float) -> None:
        change = Change(self.now(), job.id, actor, job.status, after, asked_at)
        if after == "PAUSED" and job.status != "PAUSED":
            job.paused_by, job.paused_at = actor, change.at
        if after != job.status:
            job.status = after
            job.history.append((change.at, after))
        self.changes.append(change)
        for hear in self.heard:
            hear(change)

    def shown(self, job: TrueJob, lag: float = 0.0) -> dict[str, Any]:
        """The job as an answer shows it, as it was `lag` seconds ago."""
        status = job.status_at(self.now() - lag) if lag else job.status
        return {"id": job.id, "name": job.name, "callAgentId": "agent-1", "status": status, "maxConcurrentDials": 1}
