"""What one pass decides with: one instant, one set of rules, the claims as they stand."""

from collections.abc import Mapping

from controller.core.claim import Claim
from controller.core.decide import apply, judge
from controller.core.decision import Decision, Judgement
from controller.core.interval import Instant
from controller.core.job import Job, JobKey
from controller.core.rulebook import Rulebook
from controller.core.situation import Situation, any_pauses_on_drift


class Snapshot:
    """Answers for jobs at one instant. Jobs in the same situation share one judgement."""

    def __init__(self, now: Instant, rulebook: Rulebook, claims: Mapping[JobKey, Claim]) -> None:
        self.now = now
        self.rulebook = rulebook
        self._claims = claims
        self._judgements: dict[object, Judgement] = {}

    def situation(self, job: Job) -> Situation:
        """Everything beside the job's own state that its decision rests on."""
        book = self.rulebook
        return Situation(
            campaigns=book.campaigns_of(job),
            incidents=book.incidents_of(job),
            claim=self._claims.get(job.key),
            drift=book.drift_of(job, self.now),
        )

    def decide(self, job: Job, situation: Situation | None = None) -> Decision:
        """The decision about the job at this instant."""
        situation = situation or self.situation(job)
        return apply(job, situation, self._judge(situation))

    def _judge(self, situation: Situation) -> Judgement:
        campaigns = tuple(hours.campaign for hours in situation.campaigns)
        drift = tuple(found.detail for found in situation.drift) if any_pauses_on_drift(campaigns) else ()
        key = (situation.campaigns, situation.incidents, situation.holds, drift)
        judgement = self._judgements.get(key)
        if judgement is None:
            judgement = self._judgements[key] = judge(situation, self.now)
        return judgement
