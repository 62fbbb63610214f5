"""What must be true once nothing fails any more."""

from collections.abc import Iterator

from tests.simulation import rules
from tests.simulation.provider import Actor, TrueJob
from tests.simulation.watcher import Watcher

SOON = 150.0
"""Seconds ahead of a close in which a job may be paused already, and is not resumed any more."""

CLAIMED_AFTER = 5.0
"""Seconds after a pause of ours within which it may be on its way to the disk."""
UNCLAIMED_AFTER = 120.0
"""Seconds for which a job dials within which that was seen and believed."""


def wrong(watcher: Watcher, claimed: set[str], lost: set[str], now: float) -> Iterator[str]:
    """A sentence for each job that is not as it should be. `claimed` are the jobs with an open claim in the store;
    `lost` those whose claims went down with a process while the disk refused them.
    """
    yield from misclaimed(watcher, claimed, lost, now)
    for job in watcher.provider.jobs.values():
        what = f"at the end {job.id} {job.name!r}"
        why = watcher.closed(job, now)
        if job.status == "ACTIVE" and why is not None:
            yield f"{what} dials though {why}"
        if not (job.status == "PAUSED" and job.paused_by is Actor.US) or job.id in lost:
            continue
        unmatched = job.name.startswith(rules.UNMATCHED)
        if why is None and watcher.closed(job, now + SOON) is None and not unmatched:
            yield f"{what} is paused by us and should dial"


def misclaimed(watcher: Watcher, claimed: set[str], lost: set[str], now: float) -> Iterator[str]:
    """A sentence for each job that we paused and do not call ours, and for each that dials and may, and is called so.
    Jobs whose pauses are all undone need no claim.
    """
    for job in watcher.provider.jobs.values():
        dials = job.status == "ACTIVE" and job.history[-1][0] < now - UNCLAIMED_AFTER
        looks = (0.0, UNCLAIMED_AFTER / 2, UNCLAIMED_AFTER)
        if dials and job.id in claimed and not any(watcher.closed(job, now - before) for before in looks):
            since = job.history[-1][0]
            yield f"{job.id} {job.name!r} dials since {since:.3f}, as it may, and a claim says that it is paused by us"
        ours = job.status == "PAUSED" and job.paused_by is Actor.US and job.paused_at < now - CLAIMED_AFTER
        if ours and job.id not in claimed | lost and not job.name.startswith(rules.TAKES_ALL):
            yield f"{job.id} {job.name!r} is paused by us since {job.paused_at:.3f}, and no claim says so"


def change_is_near(watcher: Watcher, now: float) -> bool:
    """Whether any job's hours begin or end about now."""

    def open_at(job: TrueJob, at: float) -> bool:
        return watcher.closed(job, at) is None

    return any(
        len({open_at(job, now - 90), open_at(job, now), open_at(job, now + SOON)}) > 1
        for job in watcher.provider.jobs.values()
    )
