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


_Dialed = tuple[tuple[CampaignHours, ...], tuple[Incident | Hold, ...], Instant]
"""The campaigns and stops of a job, and since when it may have been dialing."""
_Known = tuple[int, tuple[int, ...], Instant]
"""The same by the ids of these objects: an incident's own hash is made anew each time, of all that it holds."""


class ForbiddenMeter:
    """Of one workspace. `seconds` are all that were measured since the start."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._active: dict[str, Instant] = {}
        """By ids, which take a third less memory than keys, and are nothing for the garbage collector to walk over."""
        self._episodes: dict[JobKey, _Episode] = {}
        self._until: Instant | None = None
        self._forbidden: dict[_Known, tuple[_Dialed, float]] = {}
        """What was found of looks at `_until`, and of what, which must live as long as its ids are spoken of. Nearly
        all jobs of a pass were seen by the pass before, too.
        """

    def saw(
        self,
        job: Job,
        campaigns: tuple[CampaignHours, ...],
        stops: tuple[Incident | Hold, ...],
        journal: Journal,
        now: Instant,
    ) -> Iterable[Change]:
        """The job, of these campaigns and under these stops, was observed; the audit rows of an episode that begins or
        ends by it.
        """
        before = self._active.get(job.id)
        if before is not None and before < now:
            self._measure(job, self._seconds((campaigns, stops, before), now))
        if job.status is not Status.ACTIVE:
            return self.ended(job.key, journal, now)
        self._active[job.id] = now
        return self._begun(job, journal, now) if job.key in self._episodes else ()

    def watches(self, job: Job) -> bool:
        """Whether what is seen of a job changes anything: it dials, or did the last time."""
        return job.status is Status.ACTIVE or job.id in self._active or job.key in self._episodes

    def ended(self, key: JobKey, journal: Journal, now: Instant) -> Iterator[Change]:
        """The job dials no more, or is gone."""
        self._active.pop(key.id, None)
        episode = self._episodes.pop(key, None)
        if episode is not None:
            yield journal.dialed_forbidden(key, episode.name, episode.seconds, now)

    def _seconds(self, dialed: _Dialed, now: Instant) -> float:
        if now != self._until:
            self._forbidden.clear()
            self._until = now
        campaigns, stops, before = dialed
        key = (id(campaigns), tuple(map(id, stops)), before)
        known = self._forbidden.get(key)
        if known is None:
            known = dialed, forbidden_seconds(campaigns, stops, Interval(before, now))
            self._forbidden[key] = known
        return known[1]

    def _measure(self, job: Job, seconds: float) -> None:
        if seconds > 0:
            self.seconds += seconds
            self._episodes.setdefault(job.key, _Episode(job.name, 0.0)).seconds += seconds

    def _begun(self, job: Job, journal: Journal, now: Instant) -> Iterator[Change]:
        episode = self._episodes.get(job.key)
        if episode is not None and not episode.told:
            episode.told = True
            yield journal.dialing_forbidden(job, episode.seconds, now)
