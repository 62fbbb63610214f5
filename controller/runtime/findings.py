"""Findings that stand against findings that are wanted: what appeared, what changed, what went."""

from collections.abc import Iterable, Iterator

from controller.core.decision import Action, Because, Decision
from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import Job, JobKey, Status
from controller.core.situation import Situation
from controller.runtime.journal import Journal
from controller.runtime.ledger import Ledger
from controller.runtime.overrides import Overrides
from controller.store.changes import Change, CloseFinding, OpenFinding


def findings_of(decision: Decision, situation: Situation) -> tuple[Finding, ...]:
    """What this pass found on one job."""
    job = decision.job
    if not situation.drift and job.status is not Status.UNKNOWN and decision.because is not Because.ORPHANED:
        return ()
    if job.status.finished:
        return ()
    found = list(situation.drift)
    if job.status is Status.UNKNOWN and situation.campaigns:
        detail = f"the status is {job.status_text!r}, which the reference does not list: it is never resumed or started"
        found.append(Finding(job.key, FindingKind.UNKNOWN_STATUS, detail, {"status": job.status_text}))
    if decision.because is Because.ORPHANED and situation.claim is not None:
        names = ", ".join(situation.claim.campaigns)
        detail = f"paused by us for {names}, and no campaign matches it any more: it stays paused until somebody acts"
        found.append(Finding(job.key, FindingKind.ORPHANED_CLAIM, detail, {"claim": situation.claim.id}))
    return tuple(found)


def compare(
    ledger: Ledger,
    overrides: Overrides,
    decided: Iterable[tuple[Decision, Situation]],
    journal: Journal,
    now: Instant,
) -> Iterator[Change]:
    """The changes that bring the ledger's findings up to date, logging each that appears or goes."""
    touched = {job for job, _kind in ledger.findings}.union(overrides.overridden)
    for decision, situation in decided:
        job = decision.job
        found = findings_of(decision, situation)
        if found or job.key in touched:
            contest = overrides.contest(job, now)
            wanted = (*found, *((contest,) if contest else ()))
            yield from _compare_one(ledger, decision, {finding.kind: finding for finding in wanted}, journal, now)


def close_all(ledger: Ledger, job: JobKey, name: str, journal: Journal, now: Instant) -> Iterator[Change]:
    """The changes for a job that is no longer there."""
    for finding, _since in [ledger.findings[key] for key in ledger.findings if key[0] == job]:
        yield CloseFinding(job, finding.kind, now)
        yield journal.gone(finding, name, now)


def open_one(ledger: Ledger, finding: Finding, job: Job, journal: Journal, now: Instant) -> Iterator[Change]:
    """The changes for one finding: logged when it is new, brought up to date otherwise."""
    standing = ledger.findings.get((finding.job, finding.kind))
    if standing is None:
        yield OpenFinding(finding, now)
        yield journal.found(finding, job, now)
    elif standing[0] != finding:
        yield OpenFinding(finding, standing[1])


def _compare_one(
    ledger: Ledger, decision: Decision, wanted: dict[FindingKind, Finding], journal: Journal, now: Instant
) -> Iterator[Change]:
    job = decision.job
    for kind in FindingKind:
        if kind in wanted:
            yield from open_one(ledger, wanted[kind], job, journal, now)
        elif (standing := ledger.findings.get((job.key, kind))) and not _still_unverified(kind, decision):
            yield CloseFinding(job.key, kind, now)
            yield journal.gone(standing[0], job.name, now)


def _still_unverified(kind: FindingKind, decision: Decision) -> bool:
    return kind is FindingKind.VERIFY_FAILED and decision.action is not Action.NONE
