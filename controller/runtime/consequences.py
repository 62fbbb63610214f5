"""What becomes of claims, findings and measures once it is known what became of a change, or of a job."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from controller.core import claim as claims
from controller.core.claim import Claim
from controller.core.decision import Action, Because
from controller.core.interval import Instant
from controller.core.job import Job, JobKey, Status
from controller.core.situation import Situation
from controller.runtime import findings
from controller.runtime.forbidden_meter import ForbiddenMeter
from controller.runtime.journal import Journal
from controller.runtime.ledger import Ledger
from controller.runtime.observation import Observer
from controller.runtime.overrides import Overrides
from controller.runtime.report import Outcome, Result
from controller.runtime.snapshot import Snapshots
from controller.store.changes import Change, PutClaim


class Consequences:
    """Of one workspace. Each method gives the changes to record; the memory of the jobs changes at once."""

    def __init__(
        self, observer: Observer, ledger: Ledger, snapshots: Snapshots, overrides: Overrides, meter: ForbiddenMeter
    ) -> None:
        self._observer = observer
        self._ledger = ledger
        self._snapshots = snapshots
        self._overrides = overrides
        self._meter = meter
        self.changes: Counter[tuple[Action, Result]] = Counter()
        """What became of changes since the start; one that was unverified counts again with what it came to."""

    def of(self, outcome: Outcome, journal: Journal, now: Instant) -> Iterator[Change]:
        """Of a change that was sent, or was to be."""
        job = outcome.decision.job
        self.changes[outcome.decision.action, outcome.result] += 1
        if outcome.result is Result.GONE:
            yield from self.vanished(job, journal, now)
            return
        if _proven(outcome):
            self._snapshots.unproven.discard(job.key)
        yield journal.outcome(outcome, self.campaigns(job), now)
        if outcome.answer is not None:
            yield from self.observed(outcome.answer, journal, now)
        claim = self._ledger.claims.get(job.key)
        if claim is not None and (after := _claim_after(outcome, claim, now)) is not claim:
            yield PutClaim(after)

    def observed(self, job: Job, journal: Journal, now: Instant) -> Iterable[Change]:
        """Of a job that was read: what it dialed when it must not is measured."""
        if not self._meter.watches(job):
            return ()
        campaigns = self._snapshots.rules().campaigns_of(job)
        return self._meter.saw(job, campaigns, self._snapshots.stops(job), journal, now)

    def observed_in(self, situation: Situation, job: Job, journal: Journal, now: Instant) -> Iterable[Change]:
        """The same, where the job's situation by what is in force is known."""
        if not self._meter.watches(job):
            return ()
        stopped = situation.incidents or situation.holds  # these may begin later than in the situation
        stops = self._snapshots.stops(job) if stopped else ()
        return self._meter.saw(job, situation.campaigns, stops, journal, now)

    def vanished(self, job: Job | JobKey, journal: Journal, now: Instant) -> Iterator[Change]:
        """Of a job that is no longer there: its claim is closed, its findings end."""
        key = job if isinstance(job, JobKey) else job.key
        claim = self._ledger.claims.get(key)
        name = job.name if isinstance(job, Job) else (claim.job_name if claim else key.id)
        yield journal.vanished(key, name, now)
        if claim is not None:
            closed = claims.gone(claim, now)
            yield PutClaim(closed)
            yield journal.claim_changed("claim.closed", closed, now)
        yield from findings.close_all(self._ledger, key, name, journal, now)
        yield from self._meter.ended(key, journal, now)
        self.forget([key])

    def found(self, job: Job, journal: Journal, now: Instant) -> Iterator[Change]:
        """Of a job without a claim that may have been gone for a while: a claim of before serves once."""
        claim = self._ledger.vanished.get(job.key)
        if claim is None:
            return
        found = claims.found(claim, job.status, now)
        yield PutClaim(found)
        if found.state.open:
            yield journal.claim_changed("claim.reopened", found, now)

    def forget(self, keys: Sequence[JobKey]) -> None:
        """Drop finished or vanished jobs from memory."""
        self._observer.drop(keys)
        self._snapshots.rules().forget(keys)
        self._snapshots.unproven.difference_update(keys)
        self._overrides.forget(keys)

    def campaigns(self, job: Job) -> tuple[str, ...]:
        """The names of the campaigns that match the job by the rules in force."""
        return self._snapshots.rules().matching(job).names


def _proven(outcome: Outcome) -> bool:
    """Whether no change that was sent before can take effect any more."""
    if outcome.result is Result.VERIFIED:
        return True
    return not outcome.unproven_before and _had_no_effect(outcome)


def _had_no_effect(outcome: Outcome) -> bool:
    """Whether a resume or start surely changed nothing."""
    return outcome.result in (Result.FAILED, Result.WITHDRAWN) and outcome.decision.action is not Action.PAUSE


def _claim_after(outcome: Outcome, claim: Claim, now: Instant) -> Claim:
    """The claim as it stands, which another change may have moved meanwhile: what it says of that stays."""
    if outcome.result is Result.VERIFIED:
        if outcome.decision.action is not Action.PAUSE:
            return claims.resumed(claim, now)
        never_started = outcome.decision.because is Because.RESUME_UNPROVEN and _is_init(outcome)
        return claim if never_started else claims.paused(claim, now)
    if _had_no_effect(outcome) and not outcome.unproven_before:
        return claims.still_paused(claim, now)
    return claim


def _is_init(outcome: Outcome) -> bool:
    return outcome.answer is not None and outcome.answer.status is Status.INIT
