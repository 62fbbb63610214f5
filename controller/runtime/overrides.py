"""Counting how often somebody resumes a job that must not dial, and raising it once where that becomes a tug-of-war."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable

from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import Job, JobKey

CONTESTED_AFTER = 3
"""How many overrides within REMEMBERED are a tug-of-war."""
REMEMBERED = 3600.0
"""Seconds."""


class Overrides:
    """Of one workspace, since the start."""

    def __init__(self) -> None:
        self.total = 0
        """All that are certain; jobs that are gone since count on."""
        self._times: dict[JobKey, int] = {}
        self._suspected: dict[JobKey, int] = {}
        self._lately: defaultdict[JobKey, deque[Instant]] = defaultdict(lambda: deque(maxlen=CONTESTED_AFTER))

    def add(self, key: JobKey, now: Instant) -> int:
        """Count one more, and those that were suspected before it; returns how many there were."""
        self._lately[key].append(now)
        more = 1 + self._suspected.pop(key, 0)
        self.total += more
        self._times[key] = self._times.get(key, 0) + more
        return self._times[key]

    def suspect(self, key: JobKey) -> int | None:
        """It looks like one more, but the reading may be older than our pause: the next ones will tell.

        Returns how many there are with it, None where it was suspected already.
        """
        suspected = self._suspected[key] = self._suspected.get(key, 0) + 1
        return self._times.get(key, 0) + 1 if suspected == 1 else None

    def absolve(self, key: JobKey) -> None:
        """It was seen paused when no old reading could say so: nobody resumed it."""
        self._suspected.pop(key, None)

    @property
    def overridden(self) -> Collection[JobKey]:
        """The jobs of which any are certain."""
        return self._lately.keys()

    def contest(self, job: Job, now: Instant) -> Finding | None:
        """The finding while the last few overrides lie within an hour, and the last one no longer ago than that."""
        lately = self._lately.get(job.key)
        if lately is None or len(lately) < CONTESTED_AFTER:
            return None
        if lately[-1] - lately[0] > REMEMBERED or now - lately[-1] > REMEMBERED:
            return None
        times = self._times[job.key]
        detail = f"somebody resumed it {times} times while it must not dial; it was paused every time"
        return Finding(job.key, FindingKind.TUG_OF_WAR, detail, {"times": times})

    def forget(self, keys: Iterable[JobKey]) -> None:
        """These jobs are finished or gone."""
        for key in keys:
            self._times.pop(key, None)
            self._lately.pop(key, None)
            self._suspected.pop(key, None)
