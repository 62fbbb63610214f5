"""Reading a workspace: what the API says of its jobs, merged with what we last knew.

Finished jobs pile up for ever, so the live statuses are asked for one by one; once an hour everything is listed, beside
the passes, to find jobs whose status the reference does not know. A job that is missing from the lists is read by
itself before anything is concluded from it.
"""

import asyncio
import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import structlog

from controller.clock import Clock
from controller.core.job import Job, JobKey, Status
from controller.runtime.full_scan import FullScan
from controller.vogent.api import JobsApi, Unreadable
from controller.vogent.errors import ApiError, NotFound

log = structlog.get_logger()

LIVE = (Status.INIT, Status.PAUSED, Status.ACTIVE)
"""A job that moves while the lists are read may be in several: the last of these counts, the one that could dial."""

FRESH = 5.0
"""Seconds for which what was read of a job is good enough to resume or start it by."""

UNKNOWN_FRESH = 300.0
"""Seconds for which a job of unknown status, which no list of one status can hold, is not read by itself again."""

COLLAPSE = 10
"""Lists that lack more jobs than this, and more than half of those known, are said to have collapsed."""


class Moment(NamedTuple):
    """The begin of a request: its place in the order of all, and what the monotonic clock read."""

    order: int
    at: float


_NEVER = Moment(0, -math.inf)


@dataclass(slots=True)
class Reading:
    """What one read brought: `gone` are jobs that no longer exist; `unread` are jobs that could not be read, of which
    `jobs` has what was known before; `errors` counts these and the rows of lists that could not be read.
    """

    jobs: list[Job] = field(default_factory=list)
    gone: list[Job | JobKey] = field(default_factory=list)
    unread: set[JobKey] = field(default_factory=set)
    errors: int = 0


class Observer:
    """What is known of the jobs of one workspace. Unfinished jobs stay in memory, as lean records.

    `first_full_scan` is what the monotonic clock reads when everything is to be listed for the first time.
    """

    def __init__(self, api: JobsApi, workspace: str, clock: Clock, *, first_full_scan: float) -> None:
        self.jobs: dict[JobKey, Job] = {}
        self._api = api
        self._workspace = workspace
        self._clock = clock
        self._full_scan = FullScan(workspace, self._list_all, clock.monotonic, first=first_full_scan)
        self._scanned_unreadable: set[Unreadable] = set()
        self._sequence = 0
        self._known_as_of: dict[str, Moment] = {}  # by ids, which take less memory than keys
        self._collapsed = False

    def begin(self) -> Moment:
        """Mark the begin of a request; give it to `take` with the answer."""
        self._sequence += 1
        return Moment(self._sequence, self._clock.monotonic())

    def take(self, job: Job, begun: Moment) -> Job:
        """Remember an answer, unless what is known is newer: the answer to a change of ours that came after this
        request began, or to a read that began later. Returns what is known.
        """
        if begun < self._known_as_of.get(job.id, _NEVER):
            return self.jobs.get(job.key, job)
        self._known_as_of[job.id] = begun
        self.jobs[job.key] = job
        return job

    def changed(self, job: Job) -> None:
        """Remember the answer to a change: reads that began before it say nothing any more."""
        self._known_as_of[job.id] = self.begin()
        self.jobs[job.key] = job

    def drop(self, keys: Iterable[JobKey]) -> None:
        """Forget finished and vanished jobs, but not yet since when: a long list that began before still has them."""
        for key in keys:
            self.jobs.pop(key, None)

    async def close(self) -> None:
        """Give up the list of everything, if it is under way."""
        await self._full_scan.close()

    async def full_scan(self) -> None:
        """List everything where that is due, and wait for it: for those who read only once. A failure is only told."""
        self._full_scan.begin_if_due()
        await self._full_scan.ended()

    async def refresh(self, key: JobKey) -> None:
        """Read a job again where what is known of it is not fresh any more. Raises ApiError."""
        if self._age(key) > FRESH:
            await self._read_one(key)

    async def read(self, claimed: Iterable[JobKey]) -> Reading:
        """Read all live jobs, and by themselves those that were known or claimed and are in no list.

        Raises ApiError where a list cannot be read.
        """
        listed, unreadable = await self._lists()  # where these fail, so would the list of everything
        self._full_scan.begin_if_due()
        reading = Reading(errors=unreadable)
        self._tell_collapse(listed)
        others = sorted({key for key in chain(self.jobs, claimed) if key not in listed})
        missing = [key for key in others if not (self._unknown(key) and self._age(key) <= UNKNOWN_FRESH)]
        await asyncio.gather(*(self._read_missing(key, reading) for key in missing))
        gone = {each if isinstance(each, JobKey) else each.key for each in reading.gone}
        # As known now: while the missing were read, a change of ours may have been answered.
        found = (self.jobs.get(key) for key in chain(listed, others) if key not in gone)
        reading.jobs = [job for job in found if job is not None]
        return reading

    async def _lists(self) -> tuple[dict[JobKey, None], int]:
        """Which jobs are listed, in the order of the lists, and how many rows are unreadable. What the lists say of a
        job was taken from its page.
        """
        pages = _Pages(self)
        lists = (self._api.list_jobs(status, page.shown, page.asking) for status in LIVE for page in [pages.of_one()])
        answers = await asyncio.gather(*lists, return_exceptions=True)
        listings = [answer for answer in answers if not isinstance(answer, BaseException)]
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        listed = {job.key: None for listing in listings for job in listing.jobs}
        found = self._scanned_unreadable.union(*(listing.unreadable for listing in listings))
        self._scanned_unreadable = set()
        unreadable = {(bad.id or "", bad.problem) for bad in found}
        for job_id, problem in sorted(unreadable):
            log.warning("job.unreadable", workspace=self._workspace, job=job_id or None, problem=problem)
        return listed, len(unreadable)

    async def _list_all(self) -> None:
        page = _Pages(self).of_one()
        try:
            listing = await self._api.list_jobs(None, page.shown, page.asking)
            self._scanned_unreadable.update(listing.unreadable)  # told and counted with the next lists
        finally:
            self._known_as_of = {key.id: self._known_as_of[key.id] for key in self.jobs}

    def _unknown(self, key: JobKey) -> bool:
        job = self.jobs.get(key)
        return job is not None and job.status is Status.UNKNOWN

    def _age(self, key: JobKey) -> float:
        return self._clock.monotonic() - self._known_as_of.get(key.id, _NEVER).at

    def _tell_collapse(self, listed: Container[JobKey]) -> None:
        """Say once that the lists lack most of the jobs that they could hold; each is read by itself in any case."""
        known = sum(job.status is not Status.UNKNOWN for job in self.jobs.values())
        missing = sum(key not in listed and not self._unknown(key) for key in self.jobs)
        collapsed = missing > max(COLLAPSE, known / 2)
        if collapsed and not self._collapsed:
            log.error("list.collapsed", workspace=self._workspace, known=known, missing=missing)
        self._collapsed = collapsed

    async def _read_missing(self, key: JobKey, reading: Reading) -> None:
        try:
            await self._read_one(key)
        except NotFound:
            reading.gone.append(self.jobs.get(key, key))
        except ApiError as error:
            reading.errors += 1
            reading.unread.add(key)
            log.warning("job.unreadable", workspace=key.workspace, job=key.id, problem=error.reason.value)

    async def _read_one(self, key: JobKey) -> None:
        begun = self.begin()
        self.take(await self._api.get_job(key.id), begun)


class _Pages:
    """What the pages of lists show, read together: it counts at once, whatever becomes of other pages."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.dialing: set[JobKey] = set()
        """Seen so on a page: of what comes twice, what could dial counts."""

    def of_one(self) -> "_ListPages":
        """Those of one list."""
        return _ListPages(self)


class _ListPages:
    """Each page is as of when it was asked for: that may be a minute after its list was, where a 429 came between."""

    def __init__(self, together: _Pages) -> None:
        self._together = together
        self._asked = together.observer.begin()

    def asking(self) -> None:
        """The next page is about to be asked for."""
        self._asked = self._together.observer.begin()

    def shown(self, jobs: Sequence[Job]) -> None:
        """A page showed these jobs."""
        dialing, take, asked = self._together.dialing, self._together.observer.take, self._asked
        for job in jobs:
            if job.status is Status.ACTIVE:
                dialing.add(job.key)
            elif job.status.finished or job.key in dialing:
                continue
            take(job, asked)
