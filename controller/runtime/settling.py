"""What follows once it is known what became of a change: it is remembered, and looked at again until it is verified."""

from controller.clock import Clock
from controller.core.verify import verify_failed
from controller.runtime import findings
from controller.runtime.changer import Changer
from controller.runtime.consequences import Consequences
from controller.runtime.followers import Followers
from controller.runtime.journal import Journal
from controller.runtime.ledger import Ledger
from controller.runtime.report import Outcome, Result


class Settling:
    """Of one workspace's changes."""

    def __init__(self, changer: Changer, consequences: Consequences, ledger: Ledger, clock: Clock) -> None:
        self.followers = Followers()
        self._changer = changer
        self._consequences = consequences
        self._ledger = ledger
        self._clock = clock

    def note(self, outcome: Outcome, journal: Journal) -> None:
        """Take what became of a change into memory while no other change of the job can be under way."""
        self._ledger.note(list(self._consequences.of(outcome, journal, self._clock.now())))
        if outcome.result is Result.UNVERIFIED:
            self.followers.follow(outcome, lambda unsettled: self._settle(unsettled, journal))
        elif outcome.result in (Result.VERIFIED, Result.GONE):
            self.followers.unfollow(outcome.decision.job.key)

    async def _settle(self, outcome: Outcome, journal: Journal) -> Outcome:
        settled = await self._changer.settle(outcome)
        settled = settled._replace(unproven_before=outcome.unproven_before)
        now = self._clock.now()
        decision = settled.decision
        if settled.result is not Result.UNVERIFIED:
            await self._ledger.record(list(self._consequences.of(settled, journal, now)))
            return settled
        answer = settled.answer or decision.job
        finding = verify_failed(decision.action, answer, self._changer.verify_within)
        await self._ledger.record(list(findings.open_one(self._ledger, finding, decision.job, journal, now)))
        return settled
