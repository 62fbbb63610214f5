"""The independent observer: asks the local clock and what truly happened, and nothing of the code that it judges."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from controller.core.campaign import RuleSet
from controller.core.job import Job, Status
from controller.runtime.clock_watch import DATE_TOLERANCE
from controller.sandbox.oracle import Oracle
from tests.simulation.correspondence import Correspondence
from tests.simulation.provider import Actor, Change, Provider, TrueJob
from tests.simulation.rules import BRIEF, BURSTS, STARTS, TAKES_ALL, UNMATCHED

DAY = 86_400
GRID = 1800
"""Seconds: every window, but for the bursts, begins and ends on it."""
KNOWN_AFTER = 45.0
"""Seconds within which a file that was written is surely read: a resync with its jitter, and a pass."""
HEALED_AFTER = 2 * 33.0 + 60.0
"""Seconds after a trouble within which all must be well: two resyncs, and the longest Retry-After."""
STOPPED_AFTER = 5.0
"""Seconds after somebody stopped a job from which on it must not dial; its pause leaves within two."""
AT_ONCE = 0.1
"""Seconds after that from which on no resume may leave."""
SEEN_AFTER = 45.0
"""Seconds within which what a person did is surely seen and answered."""


@dataclass(slots=True)
class Trouble:
    """A span in which something was made to fail."""

    kind: str
    since: float
    until: float


@dataclass(slots=True)
class Stop:
    """What a person stopped beside the rules, `until` they let go: one job, or those whose names begin so."""

    name: str
    since: float
    until: float
    job: str | None = None
    prefixes: tuple[str, ...] = ()

    def covers(self, job: TrueJob) -> bool:
        """Whether it speaks of the job."""
        return job.id == self.job if self.job is not None else job.name.startswith(self.prefixes)


@dataclass(slots=True)
class Watcher:
    """`violations` are sentences; `forbidden` counts seconds by cause."""

    provider: Provider
    correspondence: Correspondence
    clock_off: Callable[[], float] = lambda: 0.0
    paused_open: float = 0.0
    dialable: float = 0.0
    rules: list[tuple[float, Oracle]] = field(default_factory=list)
    points: set[float] = field(default_factory=set)
    """Instants at which it may change what the rules say."""
    troubles: list[Trouble] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    forbidden: Counter[str] = field(default_factory=Counter)
    foreign: dict[str, float] = field(default_factory=dict)
    stops: dict[str, Stop] = field(default_factory=dict)

    def stopped(self, stop: Stop) -> None:
        """Somebody stopped jobs."""
        self.stops[stop.name] = stop
        self.points |= {stop.since, stop.since + STOPPED_AFTER, stop.until} - {math.inf}

    def let_go(self, stop: Stop) -> None:
        """Somebody let go, or it went down with the process."""
        stop.until = min(stop.until, self.provider.now())
        self.points.add(stop.until)

    def rules_written(self, rules: RuleSet) -> None:
        """These rules are in the files from now on."""
        now = self.provider.now()
        self.rules.append((now, Oracle(rules)))
        self.points |= {now, now + KNOWN_AFTER}
        self.points |= {at for incident in rules.incidents for at in (incident.since, incident.until)}

    def heard(self, change: Change) -> None:
        """Judge what our requests did."""
        if change.actor is not Actor.US or change.after != "ACTIVE" or change.before == "ACTIVE":
            return
        job = self.provider.jobs[change.job]
        what = f"{change.at:.3f}: {job.id} {job.name!r} {change.before} → ACTIVE by us"
        if change.before == "INIT" and not job.name.startswith(STARTS):
            self.violations.append(f"{what}: nothing says that it may be started")
        elif change.before not in ("INIT", "PAUSED"):
            self.violations.append(f"{what}: never to be sent")

    def leaves(self, job_id: str, paused: bool) -> None:
        """Judge a change of ours at the instant at which it leaves."""
        job, now = self.provider.jobs.get(job_id), self.provider.now()
        whys = list(self.correspondence.leaves(job_id, paused))
        if not paused and job is not None and (why := self._closed_by_clocks(job, now)) is not None:
            whys.append(f"though closed, {why}")
        paused_by_person = job is not None and job.status == "PAUSED" and job_id in self.foreign
        if not paused and job is not None and paused_by_person and not job.name.startswith(TAKES_ALL):
            whys.append(f"though it was seen paused by a person since {self.foreign[job_id]:.3f}")
        self.violations += [f"{now:.3f}: a resume of {job_id} {job and job.name!r} left {why}" for why in whys]

    def _closed_by_clocks(self, job: TrueJob, at: float) -> str | None:
        """A clock that is off by less than a date can tell is taken for right: the daemon may be early by so much."""
        why, off = self.closed(job, at, after=AT_ONCE), self.clock_off()
        if why is None or abs(off) > DATE_TOLERANCE:
            return why
        return self.closed(job, at + off, after=AT_ONCE)

    def closed(self, job: TrueJob, at: float, *, after: float = STOPPED_AFTER) -> str | None:
        """Why the job must not dial: somebody stopped it that long before, or the rules say so."""
        for stop in self.stops.values():
            if stop.since + after <= at < stop.until and stop.covers(job):
                return f"stopped: {stop.name}"
        return self.planned(job, at)

    def planned(self, job: TrueJob, at: float) -> str | None:
        """Why it must not by the rules alone: every file that may have been in force says so."""
        why = None
        for oracle in self._in_force(at):
            verdict = oracle.forbids(_as_job(job), at)
            if verdict is None:
                return None
            why = f"{verdict.reason}: {verdict.detail}"
        return why

    def settle(self, until: float) -> None:
        """Add up the seconds in which jobs dialed that should not have."""
        for job_id in self.provider.jobs:
            self.settle_one(job_id, until)

    def settle_one(self, job_id: str, until: float) -> None:
        """The same for one job, which may vanish afterwards."""
        job = self.provider.jobs[job_id]
        ends = [since for since, _status in job.history[1:]] + [until]
        for (since, status), end in zip(job.history, ends, strict=True):
            if status == "ACTIVE":
                self._judge_span(job, since, end)
            elif status == "PAUSED" and self._changes(job, since)[-1].actor is Actor.US:
                self._count_open(job, since, end)

    def _judge_span(self, job: TrueJob, since: float, until: float) -> None:
        for begin, end in self._parts(job, since, until):
            why = self.closed(job, begin)
            if why is not None:
                self._blame(job, since, begin, end, why)
            elif not job.name.startswith(UNMATCHED):
                self.dialable += end - begin

    def _count_open(self, job: TrueJob, since: float, until: float) -> None:
        """Seconds for which we kept a job paused that might have dialed."""
        for begin, end in self._parts(job, since, until):
            if not job.name.startswith(UNMATCHED) and self.closed(job, begin) is None:
                self.paused_open += end - begin
                self.dialable += end - begin

    def _parts(self, job: TrueJob, since: float, until: float) -> Iterator[tuple[float, float]]:
        """The span, cut wherever rules may change or a window may begin or end."""
        points = {since, until, *self.points, *range(int(since // GRID) * GRID, int(until) + 1, GRID)}
        if job.name.startswith(BRIEF):
            days = range(int(since // DAY), int(until // DAY) + 1)
            points |= {DAY * day + begin + part for day in days for begin in BURSTS for part in (0, 60)}
        inside = sorted(point for point in points if since <= point <= until)
        return pairwise(inside)

    def _blame(self, job: TrueJob, since: float, begin: float, end: float, why: str) -> None:
        self.violations += self.correspondence.overdue(job, since, begin, end)
        begun = begin
        for excuse in sorted(self._excuses(job, since), key=lambda each: each.since):
            if excuse.since <= begun < excuse.until:
                excused = min(end, excuse.until)
                self.forbidden[excuse.kind] += excused - begun
                begun = excused
        if end - begun > 0.001:
            self.forbidden["nothing"] += end - begun
            self.violations.append(f"{begun:.3f}: {job.id} {job.name!r} dialed {end - begun:.1f} s though {why}")

    def _excuses(self, job: TrueJob, since: float) -> Iterator[Trouble]:
        """A broken disk is none: it never stops a pause."""
        for trouble in self.troubles:
            if trouble.kind != "disk":
                yield Trouble(trouble.kind, trouble.since, trouble.until + HEALED_AFTER)
        if self._changes(job, since)[-1].actor is not Actor.US:
            yield Trouble("person", since, since + SEEN_AFTER)

    def _changes(self, job: TrueJob, until: float) -> list[Change]:
        first = Change(job.history[0][0], job.id, Actor.PROVIDER, "", job.history[0][1], 0.0)
        return [
            first,
            *(
                change
                for change in self.provider.changes
                if change.job == job.id and change.after != change.before and change.at <= until
            ),
        ]

    def _in_force(self, at: float) -> list[Oracle]:
        last = bisect_right(self.rules, at, key=lambda written: written[0])
        first = bisect_right(self.rules, at - KNOWN_AFTER, key=lambda written: written[0])
        return [oracle for _since, oracle in self.rules[max(0, first - 1) : last]]


def _as_job(job: TrueJob) -> Job:
    return Job("main", job.id, job.name, Status.ACTIVE, "agent-1", None, "ACTIVE")
