"""What is measured of the ledger, the rules in force and what people and webhooks opened beside them."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Final

from prometheus_client import Metric

from controller.core.claim import ClaimState
from controller.core.controls import OPERATOR
from controller.core.finding import FindingKind
from controller.core.interval import Instant
from controller.runtime.ledger import Ledger
from controller.runtime.rules_keeper import RulesKeeper
from controller.telemetry.metrics import gauge, info

RULES: Final = "rules"
SOURCES: Final = (RULES, OPERATOR, "webhook")
"""Who opens incidents; a webhook's own name is not told."""


def claim_measures(ledger: Ledger, workspaces: Iterable[str]) -> Iterator[Metric]:
    """Claims and findings."""
    workspaces = list(workspaces)
    states = [state for state in ClaimState if state.open]
    claims: dict[tuple[str, ...], float] = dict.fromkeys(product(workspaces, states), 0)
    for claim in ledger.claims.values():
        claims[claim.workspace, claim.state] = claims.get((claim.workspace, claim.state), 0) + 1
    findings: dict[tuple[str, ...], float] = dict.fromkeys(product(workspaces, FindingKind), 0)
    for job, kind in ledger.findings:
        findings[job.workspace, kind] = findings.get((job.workspace, kind), 0) + 1
    yield gauge("claims", "Open claims: pauses that are ours.", ("workspace", "state"), claims)
    yield gauge("findings", "Findings that stand.", ("workspace", "kind"), findings)


def hold_measures(ledger: Ledger, workspaces: Iterable[str], now: Instant) -> Iterator[Metric]:
    """The holds that are in force."""
    counts: dict[tuple[str, ...], float] = {(workspace,): 0 for workspace in workspaces}
    for hold in (each.hold for each in ledger.holds.values()):
        if now < hold.until:
            counts[hold.job.workspace,] = counts.get((hold.job.workspace,), 0) + 1
    yield gauge("holds", "Holds in force.", ("workspace",), counts)


def incident_measures(ledger: Ledger, rules: RulesKeeper, now: Instant) -> Iterator[Metric]:
    """The incidents under way: an opened one has begun, whatever the clock read then."""
    ours = [(RULES, each) for each in rules.book.rules.incidents if each.since <= now]
    opened = [(each.source.partition(" ")[0], each.incident) for each in ledger.incidents.values()]
    counts: dict[tuple[str, ...], float] = {(source,): 0 for source in SOURCES}
    oldest: dict[tuple[str, ...], float] = {}
    for source, incident in (*ours, *opened):
        if now < incident.until:
            counts[source,] = counts.get((source,), 0) + 1
        if incident.until == math.inf:
            oldest[source,] = min(incident.since, oldest.get((source,), incident.since))
    yield gauge("incidents", "Incidents under way.", ("source",), counts)
    yield gauge(
        "oldest_open_ended_incident_timestamp_seconds",
        "When the oldest incident under way began whose end nobody has set.",
        ("source",),
        oldest,
    )


def rules_measures(rules: RulesKeeper) -> Iterator[Metric]:
    """The rules in force, and how their files are."""
    calendars = rules.book.rules.calendars.values()
    known = [calendar.holiday_years.stop for calendar in calendars if calendar.holiday_years is not None]
    yield info("rules", "The rules in force.", {"revision": rules.book.rules.revision})
    yield gauge(
        "rules_last_reload_successful",
        "Whether the rules files were right when they were last read.",
        (),
        {(): not rules.rejected},
    )
    yield gauge(
        "rules_last_reload_success_timestamp_seconds",
        "When rules files were last read and found right, 0 where the daemon started on kept ones.",
        (),
        {(): rules.accepted_at or 0.0},
    )
    yield gauge(
        "holidays_known_until_timestamp_seconds",
        "The end of the last year whose holidays every calendar in force knows.",
        (),
        {(): datetime(min(known), 1, 1, tzinfo=UTC).timestamp()} if known else {},
    )
