"""Reading a workspace: what the API says of its jobs, merged with what we last knew.

Finished jobs pile up for ever, so the live statuses are asked for one by one; once an hour everything is listed, to
find jobs whose status the reference does not know. A job that is missing from the lists is read by itself before
anything is concluded from it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from controller.core.interval import Instant
from controller.core.job import Job, JobKey, Status
from controller.vogent.api import JobsApi
from controller.vogent.errors import ApiError, NotFound

log = structlog.get_logger()

LIVE = (Status.INIT, Status.PAUSED, Status.ACTIVE)
"""A job that moves while the lists are read may be in several: the last of these counts, the one that could dial."""

FULL_SCAN_EVERY = 3600.0
"""Seconds between two lists without a status filter."""

COLLAPSE = 10
"""Lists that lack more jobs than this, and more than half of those known, are said to have collapsed."""


@dataclass(slots=True)
class Reading:
    """What one read brought: `gone` are jobs that no longer exist; `errors` are jobs that could not be read."""

    jobs: dict[JobKey, Job] = field(default_factory=dict)
    gone: list[Job | JobKey] = field(default_factory=list)
    errors: int = 0


class Observer:
    """What is known of the jobs of one workspace. Unfinished jobs stay in memory, as lean records."""

    def __init__(self, api: JobsApi, workspace: str, *, first_full_scan: Instant) -> None:
        self.jobs: dict[JobKey, Job] = {}
        self._api = api
        self._workspace = workspace
        self._next_full_scan = first_full_scan
        self._sequence = 0
        self._known_as_of: dict[JobKey, int] = {}
        self._collapsed = False

    def begin(self) -> int:
        """Mark the begin of a request; give it to `take` with the answer."""
        self._sequence += 1
        return self._sequence

    def take(self, job: Job, begun: int) -> Job:
        """Remember an answer, unless what is known is newer: the answer to a change of ours that came after this
        request began, or to a read that began later. Returns what is known.
        """
        if begun < self._known_as_of.get(job.key, 0):
            return self.jobs.get(job.key, job)
        self._known_as_of[job.key] = begun
        self.jobs[job.key] = job
        return job

    def changed(self, job: Job) -> None:
        """Remember the answer to a change: reads that began before it say nothing any more."""
        self._known_as_of[job.key] = self.begin()
        self.jobs[job.key] = job

    def drop(self, keys: Iterable[JobKey]) -> None:
        """Forget finished and vanished jobs."""
        for key in keys:
            self.jobs.pop(key, None)
            self._known_as_of.pop(key, None)

    async def read(self, claimed: Iterable[JobKey], now: Instant) -> Reading:
        """Read all live jobs, and by themselves those that were known or claimed and are in no list.

        Raises ApiError where a list cannot be read.
        """
        listed, unreadable = await self._lists(now)
        reading = Reading(errors=unreadable)
        self._tell_collapse(listed)
        missing = sorted({*self.jobs, *claimed} - listed.keys())
        await asyncio.gather(*(self._read_missing(key, reading) for key in missing))
        # As known now: while the missing were read, a change of ours may have been answered.
        reading.jobs = {key: self.jobs[key] for key in (*listed, *missing) if key in self.jobs}
        for gone in reading.gone:
            reading.jobs.pop(gone if isinstance(gone, JobKey) else gone.key, None)
        return reading

    async def _lists(self, now: Instant) -> tuple[dict[JobKey, Job], int]:
        scans: list[Status | None] = [*LIVE]
        full = now >= self._next_full_scan
        if full:
            scans.append(None)
        begun = self.begin()
        answers = await asyncio.gather(*(self._api.list_jobs(status) for status in scans), return_exceptions=True)
        listings = [answer for answer in answers if not isinstance(answer, BaseException)]
        jobs = {job.key: job for listing in listings for job in listing.jobs if not job.status.finished}
        for job in jobs.values():
            self.take(job, begun)  # what was read counts, whatever became of the other lists
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        if full:
            self._next_full_scan = now + FULL_SCAN_EVERY
        unreadable = {(bad.id or "", bad.problem) for listing in listings for bad in listing.unreadable}
        for job_id, problem in sorted(unreadable):
            log.warning("job.unreadable", workspace=self._workspace, job=job_id or None, problem=problem)
        return jobs, len(unreadable)

    def _tell_collapse(self, listed: Mapping[JobKey, Job]) -> None:
        """Say once that the lists lack most of the jobs; each is read by itself in any case."""
        missing = len(self.jobs.keys() - listed.keys())
        collapsed = missing > max(COLLAPSE, len(self.jobs) / 2)
        if collapsed and not self._collapsed:
            log.error("list.collapsed", workspace=self._workspace, known=len(self.jobs), missing=missing)
        self._collapsed = collapsed

    async def _read_missing(self, key: JobKey, reading: Reading) -> None:
        begun = self.begin()
        try:
            self.take(await self._api.get_job(key.id), begun)
        except NotFound:
            reading.gone.append(self.jobs.get(key, key))
        except ApiError as error:
            reading.errors += 1
            log.warning("job.unreadable", workspace=key.workspace, job=key.id, problem=error.reason.value)
