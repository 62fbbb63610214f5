"""The second observer, on the wire: what we send is judged as it leaves, whether or not it takes effect, and what we
say of it against what came back. It knows the words of the API and of the audit, and nothing of the code.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from controller.store.changes import Audit, Change
from tests.simulation.provider import Actor, Provider, TrueJob
from tests.simulation.rules import STARTS, TAKES_ALL, UNMATCHED_LEAD, lead

KNOWN_FOR = 70.0
"""Seconds before a resume within which an answer must have shown the job: it may wait for a minute after that."""
CONTRADICTS = 75.0
"""Seconds between our clock and the last date that we were told, from which on they cannot be said to agree."""
STARTED_AFTER = 10.0
"""Seconds from a start to the first pass that has read the jobs."""
SEEN_AFTER = 45.0
"""Seconds after an answer showed a job dialing within which a pause for it must leave."""
AGAIN = 75.0
"""Seconds between two pauses for a job that goes on dialing: three attempts that time out, and a pass."""
AT_ONCE = 1.0
"""Seconds after our own close within which a pause for a job that is known to dial must leave."""
BEFORE = 3.0
"""Seconds before the true close, which is 5 s at least after ours, by which the first pause must have left."""
STEP = 15.0
"""Seconds: a quarter of the shortest time for which jobs are closed."""
LOST_BEFORE = 15.0
"""Seconds before the true close, which is 5 s at least after ours, from which on a resume may still get its answer."""
AGREE = {
    "pause": frozenset({"PAUSED", "INIT", "COMPLETE", "CANCELLED"}),
    "resume": frozenset({"ACTIVE", "COMPLETE", "CANCELLED"}),
    "start": frozenset({"ACTIVE", "COMPLETE", "CANCELLED"}),
}
"""The statuses that prove an action done."""
GONE = (400, 404, 422)
"""The statuses of an answer to a GET that say that a job is not there."""


class Sent(NamedTuple):
    """A change that left."""

    at: float
    paused: bool


class Told(NamedTuple):
    """An answer that showed a job."""

    at: float
    status: str


@dataclass(slots=True)
class Span:
    """From an instant on, until another."""

    since: float
    until: float


class Unproven(NamedTuple):
    """A resume of which nobody knows what became of it."""

    left_at: float
    lost_at: float


@dataclass(slots=True)
class Correspondence:
    """`violations` are sentences. `off` is what the daemon's clock is off by, `refusing` whether the disk refused what
    was written last, `closed` why a job must not dial at an instant, `planned` why not by the rules alone.
    """

    provider: Provider
    off: Callable[[], float]
    refusing: Callable[[], bool]
    closed: Callable[[TrueJob, float], str | None]
    planned: Callable[[TrueJob, float], str | None]
    violations: list[str] = field(default_factory=list)
    sent: dict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    said_gone: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    unproven: dict[str, Unproven] = field(default_factory=dict)
    """Jobs that a resume may still set dialing."""
    births: list[float] = field(default_factory=list)
    died: float = 0.0
    edited_at: float = 0.0
    """When other rules were written, which a daemon reads within a resync."""
    dated: tuple[float, float] | None = None
    """The date that we were told last, and when."""
    unable: list[Span] = field(default_factory=list)
    """Spans in which no pause can be asked for: nobody lives, or what lives cannot know the time."""

    def born(self) -> None:
        """Another daemon begins; it knows what the disk knows."""
        now = self.provider.now()
        self.dated = None
        self.births.append(now)
        self.unable.append(Span(self.died, now + STARTED_AFTER))
        for job_id in list(self.unproven):
            if self._speaks_no_claim(job_id):
                del self.unproven[job_id]

    def disable(self, until: float) -> Span:
        """From now until then no pause can be asked for; the end may be moved."""
        self.unable.append(Span(self.provider.now(), until))
        return self.unable[-1]

    def leaves(self, job_id: str, paused: bool) -> Iterator[str]:
        """A change leaves: a sentence for each reason why it must not."""
        now = self.provider.now()
        self.sent[job_id].append(Sent(now, paused))
        self.violations += self.unfollowed(job_id)
        if paused:
            self.violations += self._late(job_id)
            self.unproven.pop(job_id, None)
            return
        if self.refusing():
            yield "while nothing could be stored"
        if not self.told[job_id] or self.told[job_id][-1].at < now - KNOWN_FOR:
            yield "by what was known of the job long before"
        if self.dated is not None:
            date, at = self.dated
            differs = self.off() - (date - at)
            if abs(differs) > CONTRADICTS:
                yield f"while the clock was {differs:.0f} s ahead of the date that came last"

    def arrives(
        self, job_id: str, method: str, status: int, rows: Iterable[tuple[str, str]], date: float | None
    ) -> None:
        """An answer arrives; `job_id` is empty for a list."""
        now = self.provider.now()
        if date is not None:
            self.dated = date, now
        if method == "GET" and status in GONE and job_id:
            self.said_gone[job_id].append(now)
            self.unproven.pop(job_id, None)
        for row, shown in rows:
            self.told[row].append(Told(now, shown))
            self._mislead(row, shown)
            if shown in AGREE["resume"] and row in self.unproven:
                self.violations += self.unfollowed(row)
                del self.unproven[row]

    def _mislead(self, job_id: str, shown: str) -> None:
        """A reading that shows a job as it was before our pause proves a resume that had no effect: from then on that
        pause is nobody's.
        """
        job, sent = self.provider.jobs.get(job_id), self.sent[job_id]
        if job is None or not sent or sent[-1].paused or (job.status, shown) != ("PAUSED", "ACTIVE"):
            return
        if job.paused_by is Actor.US and job.history[-1][0] < sent[-1].at:
            job.paused_by = Actor.PROVIDER

    def lost(self, job_id: str, paused: bool, left_at: float) -> None:
        """Of a change that left then nothing is known; unless something was seen, or a pause left, since."""
        if paused or job_id in self.unproven or self._sent_since(job_id, left_at, paused=True):
            return
        if not any(told.status in AGREE["resume"] for told in self._told_since(job_id, left_at)):
            self.unproven[job_id] = Unproven(left_at, self.provider.now())

    def forget(self, job_id: str) -> None:
        """A person said whose the job's pause is."""
        self.unproven.pop(job_id, None)

    def written(self, changes: Iterable[Change]) -> None:
        """Judge what is written down, or would be."""
        self.violations += self._untrue(changes)

    def _untrue(self, changes: Iterable[Change]) -> Iterator[str]:
        """A sentence for each thing that is written down and is not so."""
        now = self.provider.now()
        for change in changes:
            if not isinstance(change, Audit) or change.job_id is None:
                continue
            job_id = change.job_id
            what = f"{now:.3f}: it says {change.event} of {job_id}"
            if change.result == "verified" and not self._proven(job_id, change.action or ""):
                yield f"{what}, and no answer has shown that"
            if change.event == "job.vanished" and job_id in self.provider.jobs and not self.said_gone[job_id]:
                yield f"{what}, which is there, and nobody said that it were gone"

    def unfollowed(self, job_id: str) -> Iterator[str]:
        """A sentence where a resume of unknown outcome should have been followed by a pause by now: since it was known
        that nobody knows, the job has closed, and we could have asked.
        """
        now, job, resume = self.provider.now(), self.provider.jobs.get(job_id), self.unproven.get(job_id)
        if job is None or resume is None or self.closed(job, resume.left_at) is not None:
            return
        since = next((at for at in _steps(resume.lost_at + LOST_BEFORE, now) if self.closed(job, at) is not None), None)
        if since is not None and self._able(min(resume.lost_at, since - 60.0), now):
            yield (
                f"{now:.3f}: a resume of {job_id} {job.name!r} left at {resume.left_at:.3f}, nobody knows what became "
                "of it, and no pause had followed when it closed"
            )

    def _late(self, job_id: str) -> Iterator[str]:
        """A sentence where the first pause for a job that was long known to dial leaves now, and should have before."""
        now, job = self.provider.now(), self.provider.jobs.get(job_id)
        if job is None or job.status != "ACTIVE":
            return
        since, alive = job.history[-1][0], self.births[-1]
        shown = list(self._told_since(job_id, max(since, alive)))
        before = [sent for sent in self.sent[job_id][:-1] if sent.paused and sent.at >= since]
        known = bool(shown) and shown[-1].at < now - SEEN_AFTER and all(told.status == "ACTIVE" for told in shown)
        closes = now + lead(job.name) - AT_ONCE
        if (self.planned(job, closes) or "").startswith("incident"):  # of a job that no campaign may match just now
            closes = min(closes, now + UNMATCHED_LEAD - AT_ONCE)
        read = self.edited_at < now - SEEN_AFTER
        if read and known and not before and self._able(now - 60.0, now) and self.planned(job, closes) is not None:
            yield f"{now:.3f}: the pause of {job_id} {job.name!r} leaves too late: it is closed at {closes:.3f}"

    def overdue(self, job: TrueJob, since: float, begin: float, end: float) -> Iterator[str]:
        """A sentence where a pause should have left for a job that is ACTIVE since `since`, and closed from `begin` to
        `end`: it was shown to us, we could have asked, and did not.
        """
        alive = max((birth for birth in self.births if birth <= end), default=end)
        begin = max(begin, alive)
        shown = [told for told in self._told_since(job.id, max(since, alive)) if told.at <= end]
        if not shown or any(told.status != "ACTIVE" for told in shown):
            return
        if any(max(since, alive) <= at <= end for at in self.said_gone[job.id]):
            return
        first = max(begin - BEFORE, shown[-1].at + SEEN_AFTER)
        left = [sent.at for sent in self.sent[job.id] if sent.paused and max(since, alive) <= sent.at <= end]
        expected = [(min([begin, *left]), first), *((at, at + AGAIN) for at in left)]
        for (after, by), answered in zip(expected, [*left, end], strict=True):
            if answered > by and end > by and self._able(max(since, after - SEEN_AFTER), by):
                yield f"{by:.3f}: no pause left for {job.id} {job.name!r}, which dials, closed since {begin:.3f}"

    def _able(self, begin: float, end: float) -> bool:
        return not any(span.since < end and begin < span.until for span in self.unable)

    def _proven(self, job_id: str, action: str) -> bool:
        left = [sent.at for sent in self.sent[job_id] if sent.paused is (action == "pause")]
        return not left or any(told.status in AGREE[action] for told in self._told_since(job_id, left[-1]))

    def _told_since(self, job_id: str, at: float) -> Iterator[Told]:
        """What answers showed of the job from then on, latest first: nearly always few of many."""
        return takewhile(lambda told: told.at >= at, reversed(self.told[job_id]))

    def _sent_since(self, job_id: str, at: float, *, paused: bool) -> bool:
        return any(sent.at >= at and sent.paused is paused for sent in self.sent[job_id])

    def _speaks_no_claim(self, job_id: str) -> bool:
        job = self.provider.jobs.get(job_id)
        return job is None or job.status == "INIT" or job.name.startswith((*STARTS, *TAKES_ALL))


def _steps(since: float, until: float) -> Iterator[float]:
    """Instants of the span, near enough to meet each close and not too many of them."""
    step = max(STEP, (until - since) / 20.0)
    return (since + step * number for number in range(int((until - since) // step) + 1))
