"""What the provider's own schedules allow a campaign's jobs, beside what the rules' weekly hours ask of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.core.drift import weekly_hours
from controller.core.interval import Interval, Intervals, difference, intersection, merged
from controller.core.job import Job
from controller.core.rulebook import Rulebook
from controller.core.schedule import UnreadableScheduleError, read_schedule

if TYPE_CHECKING:
    from controller.core.campaign import Campaign


@dataclass(frozen=True, slots=True)
class Provided:
    """Of all jobs together. `agreed`: some job may dial, and should be let; `wider`: some job may dial when its rules'
    weekly hours are closed; `narrower`: some job may not when they are open. `jobs` counts all, `missing` those whose
    dialing the provider limits in no way, `unreadable` those whose schedule cannot be read: they are in no interval.
    """

    agreed: Intervals = ()
    wider: Intervals = ()
    narrower: Intervals = ()
    jobs: int = 0
    schedules: int = 0
    missing: int = 0
    unreadable: int = 0


def provided(book: Rulebook, jobs: Iterable[Job], span: Interval) -> Provided:
    """Compare the schedules of those of the jobs that may still dial, each with all campaigns that match it."""
    groups: Counter[tuple[str | None, tuple[Campaign, ...]]] = Counter()
    for job in jobs:
        campaigns = tuple(hours.campaign for hours in book.campaigns_of(job))
        if campaigns and not job.status.finished:
            groups[job.schedule, campaigns] += 1
    agreed: list[Interval] = []
    wider: list[Interval] = []
    narrower: list[Interval] = []
    missing = unreadable = 0
    for (schedule, campaigns), count in groups.items():
        try:
            given = (span,) if schedule is None else read_schedule(schedule).intervals(span)
        except UnreadableScheduleError:
            unreadable += count
            continue
        missing += count * (schedule is None)
        allowed = weekly_hours(campaigns, span)
        agreed += intersection(given, allowed)
        wider += difference(given, allowed)
        narrower += difference(allowed, given)
    distinct = len({schedule for schedule, _campaigns in groups if schedule is not None})
    together = (merged(agreed), merged(wider), merged(narrower))
    return Provided(*together, groups.total(), distinct, missing, unreadable)
