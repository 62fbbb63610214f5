"""What people change of our ownership: adopting a pause, releasing a claim. Nothing is sent to the API by either."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controller.clock import Clock
from controller.core import claim as claims
from controller.core.job import JobKey, Status
from controller.core.rulebook import Rulebook
from controller.runtime.journal import Journal
from controller.runtime.ledger import Ledger
from controller.store.changes import PutClaim
from controller.vogent.api import JobsApi
from controller.vogent.errors import ApiError


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one job of a request; `problem` is None where it was done."""

    workspace: str
    job: str
    name: str
    problem: str | None

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Ownership:
    """Carries out requests of people; `apis` are the workspaces' clients."""

    apis: Mapping[str, JobsApi]
    ledger: Ledger
    clock: Clock
    rules: Callable[[], Rulebook]
    new_id: Callable[[], str]

    async def adopt(self, jobs: Sequence[JobKey], author: str, reason: str, via: str | None = None) -> list[Answer]:
        """Make the pauses on these jobs ours, one by one: PAUSED jobs that a campaign matches, without a claim. `via`
        is the way by which it was asked for, for the audit.
        """
        return [await self._adopt(job, author, reason, via) for job in jobs]

    async def release(self, jobs: Sequence[JobKey], author: str, reason: str, via: str | None = None) -> list[Answer]:
        """End our ownership of the pauses on these jobs; they stay paused, and are others' to resume."""
        return [await self._release(job, author, reason, via) for job in jobs]

    async def _adopt(self, key: JobKey, author: str, reason: str, via: str | None) -> Answer:
        if (refusal := self._not_to_adopt(key)) is not None:
            return refusal
        try:
            job = await self.apis[key.workspace].get_job(key.id)
        except ApiError as error:
            return Answer(*key, key.id, str(error))
        if (refusal := self._not_to_adopt(key)) is not None:  # meanwhile another request may have, or we have paused it
            return refusal
        campaigns = self.rules().matching(job).names
        if job.status is not Status.PAUSED:
            return Answer(*key, job.name, f"it is {job.status_text}; only the pause of a PAUSED job can be adopted")
        if not campaigns:
            return Answer(*key, job.name, "no campaign matches it, so nothing would ever resume it")
        now = self.clock.now()
        claim = claims.adopt(job, campaigns, author, reason, now, self.new_id())
        return await self._put(claim, "claim.adopted", author, reason, via)

    def _not_to_adopt(self, key: JobKey) -> Answer | None:
        if key.workspace not in self.apis:
            return Answer(*key, key.id, f"there is no workspace {key.workspace!r} in the configuration")
        standing = self.ledger.claims.get(key)
        if standing is None:
            return None
        return Answer(*key, standing.job_name, f"it is ours already, since {standing.reason}")

    async def _release(self, key: JobKey, author: str, reason: str, via: str | None) -> Answer:
        claim = self.ledger.claims.get(key)
        if claim is None:
            return Answer(*key, key.id, "no claim of ours is open on it")
        return await self._put(claims.released(claim, self.clock.now()), "claim.released", author, reason, via)

    async def _put(self, claim: claims.Claim, event: str, author: str, reason: str, via: str | None) -> Answer:
        journal = Journal("", self.rules().rules.revision, claim.workspace)
        row = journal.claim_changed(event, claim, self.clock.now(), author, reason, via)
        durable = await self.ledger.record([PutClaim(claim), row])
        problem = None if durable else "done, but the store could not be written: it is lost if the daemon stops now"
        if claim.state.open and claim.key not in self.ledger.claims:
            problem = "the store refused the claim; the daemon's log says why"
        return Answer(*claim.key, claim.job_name, problem)
