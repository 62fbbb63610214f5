"""What one pass decides with: one instant, one set of rules, the claims as they stand."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from controller.core.campaign import Hold, Incident
from controller.core.claim import Claim
from controller.core.controls import Controls
from controller.core.decide import apply, cautious, judge
from controller.core.decision import Action, Decision, Judgement
from controller.core.finding import Finding
from controller.core.interval import Instant
from controller.core.job import Job, JobKey
from controller.core.judgements import grounds
from controller.core.rulebook import Matching, Rulebook
from controller.core.situation import Situation
from controller.runtime.clock_watch import ClockWatch
from controller.runtime.ledger import Ledger

NO_CONTROLS = Controls()

EARLY = 1.0
"""By how many real seconds a timer may fire before its instant."""


class Snapshot:
    """Answers for jobs at one instant. Jobs in the same situation share one judgement.

    `others` are what the clock may read instead while it is not trusted; `unproven` are jobs that a resume or start of
    ours, of which no claim speaks, may still set dialing; `controls` are the incidents and holds beside the rules.
    """

    def __init__(
        self,
        now: Instant,
        rulebook: Rulebook,
        claims: Mapping[JobKey, Claim],
        *,
        others: tuple[Instant, ...] = (),
        unproven: Collection[JobKey] = frozenset(),
        controls: Controls = NO_CONTROLS,
    ) -> None:
        self.now = now
        self.rulebook = rulebook
        self._claims = claims
        self._readings = (now, *others)
        self._controls = controls.begun_by(min(self._readings))
        self._unproven = unproven
        self._judgements: dict[object, tuple[Judgement, ...]] = {}
        self._shared: dict[int, tuple[Judgement, ...]] = {}  # by the ids of situations that the rulebook keeps

    def situation(self, job: Job) -> Situation:
        """Everything beside the job's own state that its decision rests on."""
        return self._situation(job, self.rulebook.matching(job), self.rulebook.drift_of(job, self.now))

    def decide(self, job: Job, situation: Situation | None = None) -> Decision:
        """The decision about the job at this instant."""
        if situation is None:
            matching = self.rulebook.matching(job)
            situation = self.situation(job) if matching.pauses_on_drift else self._situation(job, matching, ())
        judgements = self._shared.get(id(situation)) or self._judge(situation)
        if len(judgements) == 1:
            return apply(job, situation, judgements[0])
        return cautious([apply(job, situation, judgement) for judgement in judgements])

    def pause_at_least(self, job: Job) -> Decision | None:
        """The pause that is asked for by whatever can be evaluated, where `decide` raises: it may be only the drift or
        one reading of the clock that cannot. Raises nothing; nothing else is concluded from a part.
        """
        for reading in self._readings:
            with suppress(Exception):
                situation = self._situation(job, self.rulebook.matching(job), ())
                decision = apply(job, situation, judge(situation, reading))
                if decision.action is Action.PAUSE:
                    return decision
        return None

    def _situation(self, job: Job, matching: Matching, drift: tuple[Finding, ...]) -> Situation:
        key, controls = job.key, self._controls
        incidents = controls.incidents and controls.incidents_of(job, matching.names)
        claim = self._claims.get(key)
        if not (drift or claim or incidents or key in controls.holds or key in self._unproven):
            self._shared.setdefault(id(matching.situation), ())  # judged when that is asked: it may raise
            return matching.situation
        return Situation(
            campaigns=matching.campaigns,
            incidents=matching.incidents + incidents,
            holds=self._controls.holds_on(job.key),
            claim=claim,
            drift=drift,
            unproven=key in self._unproven,
        )

    def _judge(self, situation: Situation) -> tuple[Judgement, ...]:
        key = grounds(situation)
        judgements = self._judgements.get(key)
        if judgements is None:
            kept = self.rulebook.judgements
            judgements = self._judgements[key] = tuple([kept.at(situation, key, now) for now in self._readings])
        if id(situation) in self._shared:
            self._shared[id(situation)] = judgements
        return judgements


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Takes the snapshots of one workspace, from what is in force at that moment."""

    watch: ClockWatch
    rules: Callable[[], Rulebook]
    ledger: Ledger
    unproven: set[JobKey]

    def take(self, at: Instant) -> Snapshot:
        """A snapshot of now, or of `at` where that lies just ahead: timers may fire before their instant. One further
        ahead was read off a clock that has been set back since.
        """
        now, *others = self.watch.readings()
        just_ahead = 0 < at - now <= EARLY * self.watch.clock.rate
        return Snapshot(
            at if just_ahead else now,
            self.rules(),
            self.ledger.claims,
            others=tuple(others),
            unproven=self.unproven,
            controls=self.ledger.controls,
        )

    def stops(self, job: Job) -> tuple[Incident | Hold, ...]:
        """All incidents and holds that speak of the job, at whatever time."""
        book, controls = self.rules(), self.ledger.controls
        names = book.matching(job).names
        return (*book.incidents_of(job), *controls.incidents_of(job, names), *controls.holds_on(job.key))
