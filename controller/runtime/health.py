"""How the daemon is: what its last passes came to, and which parts work less well than they should.

It keeps nothing that another part knows; it asks.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.clock import Clock
from controller.core.decision import Reason
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.core.job import Status
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.ledger import Ledger
from controller.runtime.reconciler import Reconciler
from controller.runtime.report import PassReport
from controller.runtime.rules_keeper import RulesKeeper
from controller.vogent.errors import ErrorReason

LATE_AFTER = 3
"""After so many resync intervals without a pass, a workspace's passes count as stuck."""

LONGEST_PASS = 900.0
"""Real seconds that a pass may take before it counts as stuck: lists may take minutes."""

_OF_THE_KEY = (ErrorReason.UNAUTHORIZED.value, ErrorReason.KEY_UNREADABLE.value)

_PLAIN = {
    "dialing": "dialing",
    "ours": "paused by us",
    "others": "paused by others",
    "init": "not started",
    "unknown": "of unknown status",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of one workspace; `throttled` says whether the API refuses requests for being too many."""

    reconciler: Reconciler
    watch: ClockWatch
    throttled: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Health:
    """`resync` is in seconds of the clock; `next_transition` gives the instant that is waited for, if any,
    `lately_blocked` for how many seconds nothing ran lately, and `busy` the workspaces over which a pass is under way,
    with the real seconds since it began.
    """

    clock: Clock
    resync: float
    parts: Mapping[str, Part]
    ledger: Ledger
    rules: RulesKeeper
    next_transition: Callable[[], Instant | None] = lambda: None
    lately_blocked: Callable[[], float | None] = lambda: None
    last_verified: dict[str, Instant] = field(default_factory=dict)
    """When the last pass over each workspace ended that was verified."""
    reasons: dict[str, Mapping[str, Reason]] = field(default_factory=dict)
    """Why each workspace's jobs are to be as they are, by job id, as its last pass decided."""
    busy: Callable[[], Mapping[str, float]] = dict
    stopping: bool = False
    """Whether we were told to end."""
    _finished: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _read: dict[str, float] = field(default_factory=dict)
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock.monotonic()

    def passed(self, report: PassReport) -> None:
        """Take note of a pass that ended."""
        self._finished[report.workspace] = (self.clock.monotonic(), report.verified)
        if report.problem is None:
            self._read[report.workspace] = self.clock.monotonic()
        self.reasons[report.workspace] = {each.job.id: each.reason for each in report.decisions}
        if report.verified:
            self.last_verified[report.workspace] = self.clock.now()

    def seconds_since_read(self) -> Mapping[str, float]:
        """For each workspace whose jobs were ever read: how long ago a pass last ended that read them."""
        now = self.clock.monotonic()
        return {name: now - at for name, at in self._read.items()}

    @property
    def started(self) -> bool:
        """Whether each workspace had its first pass, and one of them was once read and brought to its rules.

        One workspace that cannot be reached keeps nobody from the others, and an outage undoes no start.
        """
        return self.parts.keys() <= self._finished.keys() and bool(self.last_verified)

    @property
    def alive(self) -> bool:
        """Whether passes over each workspace come to their end in time, and the last one of any was verified."""
        late = self.clock.monotonic() - LATE_AFTER * self.resync
        return self.started and self._any_verified() and all(at >= late for at, _verified in self._finished.values())

    @property
    def passing(self) -> bool:
        """Whether passes over each workspace happen at all: one ended lately, or the start is that young, or one is
        under way and not for too long. What they come to does not matter: nobody is helped by starting a daemon anew
        that works its way through an outage of the API, and pauses what it knows meanwhile.
        """
        late = self.clock.monotonic() - LATE_AFTER * self.resync
        busy = self.busy()
        ended = {name: self._finished.get(name, (self._begun, False))[0] for name in self.parts}
        return all(at >= late or busy.get(name, LONGEST_PASS) < LONGEST_PASS for name, at in ended.items())

    @property
    def patient(self) -> bool:
        """Whether passes happen, and fail for what no new daemon would mend: that one would not even know which jobs
        dialed. Another key is what it may mend, since the service manager hands keys over at a start.
        """
        return self.passing and not all(part.reconciler.problem in _OF_THE_KEY for part in self.parts.values())

    def degraded(self) -> Sequence[str]:
        """The modes in which less is done than the rules ask for, each as a few plain words."""
        found = [] if self.ledger.durable else ["the store cannot be written: nothing is resumed"]
        if self.rules.rejected:
            found.append("the rules files are wrong: the last good ones are in force")
        blocked = self.lately_blocked()
        if blocked is not None:
            found.append(f"nothing ran for {blocked:.0f} s")
        for name, part in self.parts.items():
            if part.reconciler.problem is not None:
                found.append(f"{name} cannot be read: {part.reconciler.problem}")
            if part.throttled():
                found.append(f"{name} is throttled: all but pauses wait")
            if part.watch.doubt is not None:
                found.append(f"{name}: the clock is not trusted ({part.watch.doubt}): nothing is resumed")
        return found

    def summary(self) -> str:
        """All of it in one line."""
        counts = Counter(kind for part in self.parts.values() for kind in self._kinds(part.reconciler))
        jobs = ", ".join(f"{counts[kind]} {words}" for kind, words in _PLAIN.items() if counts[kind]) or "no jobs"
        at = self.next_transition()
        line = f"{jobs}; next change {rfc3339(at)}" if at is not None else jobs
        degraded = "; ".join(self.degraded())
        return f"DEGRADED: {degraded}; {line}" if degraded else line

    def _kinds(self, reconciler: Reconciler) -> list[str]:
        ours = self.ledger.claims
        kinds = {Status.ACTIVE: "dialing", Status.INIT: "init"}
        return [
            ("ours" if key in ours else "others") if job.status is Status.PAUSED else kinds.get(job.status, "unknown")
            for key, job in reconciler.observer.jobs.items()
        ]

    def _any_verified(self) -> bool:
        return any(verified for _at, verified in self._finished.values())
