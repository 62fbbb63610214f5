"""What is remembered from pass to pass, and over restarts by the store: open claims, findings, the rules in force."""

from collections.abc import Collection
from dataclasses import dataclass, field

from controller.core import claim as claims
from controller.core.claim import Claim, ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store.changes import Change, CloseFinding, OpenFinding, PutClaim, UseRevision
from controller.store.records import Kept

FindingKey = tuple[JobKey, FindingKind]


@dataclass(slots=True)
class Memory:
    """`claims` are the open ones, `findings` those that stand, with the instant since when; `vanished` are the last
    claims of jobs that are gone, since an API that says so wrongly must not cost us our own pauses.
    """

    claims: dict[JobKey, Claim] = field(default_factory=dict)
    findings: dict[FindingKey, tuple[Finding, Instant]] = field(default_factory=dict)
    vanished: dict[JobKey, Claim] = field(default_factory=dict)
    revision: UseRevision | None = None

    def remember(self, change: Change) -> None:
        """Take one change in."""
        match change:
            case PutClaim(claim):
                if claim.state.open:
                    self.claims[claim.key] = claim
                else:
                    self.claims.pop(claim.key, None)
                if claim.state is ClaimState.GONE:
                    self.vanished[claim.key] = claim
                else:
                    self.vanished.pop(claim.key, None)
            case OpenFinding(finding, since):
                self.findings[finding.job, finding.kind] = (finding, since)
            case CloseFinding(job, kind, _at):
                self.findings.pop((job, kind), None)
            case UseRevision():
                self.revision = change
            case _:
                pass

    def everything(self) -> list[Change]:
        """The changes that bring a store that knows nothing to what is remembered."""
        known = [self.revision] if self.revision else []
        held = [PutClaim(claim) for claim in (*self.vanished.values(), *self.claims.values())]
        findings = [OpenFinding(finding, since) for finding, since in self.findings.values()]
        return [*known, *held, *findings]

    def take_over(self, kept: Kept, told: Collection[str]) -> set[str]:
        """Go on from what a store holds, with all that happened while it could not be read. `told` are the ids of the
        claims that it is yet to hear of. Returns the ids that are no more: their claims continue stored ones.
        """
        renamed = set[str]()
        for claim in kept.claims:
            mine = self.claims.get(claim.key)
            if mine is not None and mine.id != claim.id:
                renamed.add(mine.id)
                self.claims[claim.key] = claims.continued(claim, mine)
            elif mine is None and claim.id not in told:
                self.claims[claim.key] = claim
        for claim in kept.vanished:
            self.vanished.setdefault(claim.key, claim)
        for finding, since in kept.findings:
            self.findings.setdefault((finding.job, finding.kind), (finding, since))
        return renamed

    def continue_as(self, stored: Claim, claim: Claim) -> None:
        """The store knows this claim as another one, which is the same pause."""
        for known in (self.claims, self.vanished):
            mine = known.get(claim.key)
            if mine is not None and mine.id == claim.id:
                known[claim.key] = claims.continued(stored, mine)

    def disown(self, claim: Claim) -> None:
        """The store will never hold this claim."""
        for known in (self.claims, self.vanished):
            mine = known.get(claim.key)
            if mine is not None and mine.id == claim.id:
                del known[claim.key]
