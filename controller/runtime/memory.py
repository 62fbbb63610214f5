"""What is remembered from pass to pass, and over restarts by the store: open claims, findings, the rules in force."""

from collections.abc import Collection
from dataclasses import dataclass, field

from controller.core import claim as claims
from controller.core.claim import Claim, ClaimState
from controller.core.controls import Controls, OpenedIncident, PlacedHold
from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store.changes import (
    Audit,
    Change,
    CloseFinding,
    OpenFinding,
    PutClaim,
    PutHold,
    PutIncident,
    UseRevision,
)
from controller.store.records import Kept

FindingKey = tuple[JobKey, FindingKind]


@dataclass(slots=True)
class Memory:
    """`claims` are the open ones, `findings` those that stand, with the instant since when; `vanished` are the last
    claims of jobs that are gone, since an API that says so wrongly must not cost us our own pauses. `incidents` and
    `holds` are the open ones, by their ids; `signalled` the last incident, open or not, of each thing that a webhook
    spoke of, by the source and the sender's key.
    """

    claims: dict[JobKey, Claim] = field(default_factory=dict)
    findings: dict[FindingKey, tuple[Finding, Instant]] = field(default_factory=dict)
    vanished: dict[JobKey, Claim] = field(default_factory=dict)
    revision: UseRevision | None = None
    incidents: dict[str, OpenedIncident] = field(default_factory=dict)
    holds: dict[str, PlacedHold] = field(default_factory=dict)
    signalled: dict[tuple[str, str], OpenedIncident] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)

    def remember(self, change: Change) -> None:
        """Take one change in."""
        match change:
            case Audit():
                pass
            case PutClaim(claim):
                self._remember_claim(claim, claim.key)
            case OpenFinding(finding, since):
                self.findings[finding.job, finding.kind] = (finding, since)
            case CloseFinding(job, kind, _at):
                self.findings.pop((job, kind), None)
            case PutIncident(opened):
                self._remember_incident(opened)
            case PutHold(placed):
                self._remember_hold(placed)
            case UseRevision():
                self.revision = change

    def everything(self) -> list[Change]:
        """The changes that bring a store that knows nothing to what is remembered."""
        known = [self.revision] if self.revision else []
        held = [PutClaim(claim) for claim in (*self.vanished.values(), *self.claims.values())]
        findings = [OpenFinding(finding, since) for finding, since in self.findings.values()]
        opened = {each.id: each for each in (*self.signalled.values(), *self.incidents.values())}
        controls: list[Change] = [*map(PutIncident, opened.values()), *map(PutHold, self.holds.values())]
        return [*known, *controls, *held, *findings]

    def take_over(self, kept: Kept, told: Collection[str]) -> set[str]:
        """Go on from what a store holds, with all that happened while it could not be read. `told` are the ids of the
        claims, incidents and holds that it is yet to hear of. Returns the ids that are no more: their claims continue
        stored ones.
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
        self._take_over_controls(kept, told)
        return renamed

    def continue_as(self, stored: Claim, claim: Claim) -> None:
        """The store knows this claim as another one, which is the same pause."""
        for known in (self.claims, self.vanished):
            mine = known.get(claim.key)
            if mine is not None and mine.id == claim.id:
                known[claim.key] = claims.continued(stored, mine)

    def _take_over_controls(self, kept: Kept, told: Collection[str]) -> None:
        for opened in kept.incidents:
            if opened.id not in told:
                self._remember_incident(opened)
        for placed in kept.holds:
            if placed.id not in told:
                self._remember_hold(placed)

    def _remember_claim(self, claim: Claim, key: JobKey) -> None:
        if claim.state.open:
            self.claims[key] = claim
        else:
            self.claims.pop(key, None)
        if claim.state is ClaimState.GONE:
            self.vanished[key] = claim
        else:
            self.vanished.pop(key, None)

    def _remember_incident(self, opened: OpenedIncident) -> None:
        if opened.closed is None:
            self.incidents[opened.id] = opened
        else:
            self.incidents.pop(opened.id, None)
        if opened.signal is not None:
            key = opened.source, opened.signal.key
            known = self.signalled.get(key, opened)
            self.signalled[key] = opened if known.incident.since <= opened.incident.since else known
        self._show_controls()

    def _remember_hold(self, placed: PlacedHold) -> None:
        if placed.closed is None:
            self.holds[placed.id] = placed
        else:
            self.holds.pop(placed.id, None)
        self._show_controls()

    def _show_controls(self) -> None:
        self.controls = Controls.of(self.incidents.values(), self.holds.values())

    def disown(self, claim: Claim) -> None:
        """The store will never hold this claim."""
        for known in (self.claims, self.vanished):
            mine = known.get(claim.key)
            if mine is not None and mine.id == claim.id:
                del known[claim.key]
