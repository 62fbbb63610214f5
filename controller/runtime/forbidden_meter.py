"""Measuring forbidden dialing from what was observed: between two looks at a job that was ACTIVE at the first one.

What happened between them is unknown, and counted as dialing: the measure may be too high, never too low.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.core.campaign import Hold, Incident
from controller.core.forbidden import forbidden_seconds
from controller.core.hours import CampaignHours
from controller.core.interval import Instant, Interval
from controller.core.job import Job, JobKey, Status
from controller.runtime.journal import Journal
from controller.store.changes import Change


@dataclass(slots=True)
class _Episode:
    name: str
    seconds: float
    told: bool = False


class ForbiddenMeter:
    """Of one workspace. `seconds` are all that were measured since the start."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._active: dict[JobKey, Instant] = {}
        self._episodes: dict[JobKey, _Episode] = {}

    def saw(
        self,
        job: Job,
        campaigns: Iterable[CampaignHours],
        stops: Iterable[Incident | Hold],
        journal: Journal,
        now: Instant,
    ) -> Iterator[Change]:
        """The job, of these campaigns and under these stops, was observed; the audit rows of an episode that begins or
        ends by it.
        """
        before = self._active.get(job.key)
        if before is not None and before < now:
            self._measure(job, forbidden_seconds(campaigns, stops, Interval(before, now)))
        if job.status is Status.ACTIVE:
            self._active[job.key] = now
            yield from self._begun(job, journal, now)
        else:
            yield from self.ended(job.key, journal, now)

    def watches(self, job: JobKey) -> bool:
        """Whether what is seen of a job that does not dial changes anything: it dialed the last time."""
        return job in self._active or job in self._episodes

    def ended(self, key: JobKey, journal: Journal, now: Instant) -> Iterator[Change]:
        """The job dials no more, or is gone."""
        self._active.pop(key, None)
        episode = self._episodes.pop(key, None)
        if episode is not None:
            yield journal.dialed_forbidden(key, episode.name, episode.seconds, now)

    def _measure(self, job: Job, seconds: float) -> None:
        if seconds > 0:
            self.seconds += seconds
            self._episodes.setdefault(job.key, _Episode(job.name, 0.0)).seconds += seconds

    def _begun(self, job: Job, journal: Journal, now: Instant) -> Iterator[Change]:
        episode = self._episodes.get(job.key)
        if episode is not None and not episode.told:
            episode.told = True
            yield journal.dialing_forbidden(job, episode.seconds, now)
