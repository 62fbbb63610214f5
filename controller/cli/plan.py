"""`plan`: what one pass would do, writing nothing."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import click

from controller.build import run_once, watch_clock
from controller.cli.context import read_rulebook, read_settings, start_logs, the_clock
from controller.cli.exit_codes import FAILED
from controller.cli.failures import reporting_failures, tell_unread
from controller.cli.live import Live, open_live
from controller.cli.options import INSTANT, config_option, output_option
from controller.cli.output import show
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.cli.sheet import Sheet
from controller.clock import StoppedClock
from controller.core.decision import Action, Decision
from controller.core.interval import Instant
from controller.core.situation import Situation
from controller.runtime.ledger import Ledger, forget
from controller.runtime.report import PassReport
from controller.runtime.snapshot import Snapshot
from controller.shown.moments import exact
from controller.shown.records import decision_record
from controller.shown.words import action_text, because_text, reason_text

_FIELDS = (
    "workspace",
    "job",
    "name",
    "status",
    "desired",
    "action",
    "because",
    "reason",
    "detail",
    "until",
    "campaigns",
    "claim",
)

Planned = list[tuple[Decision, Situation]]


@click.command()
@config_option
@click.option("--at", type=INSTANT, help="The instant to decide at (default: now).")
@output_option
@reporting_failures
def plan(config: Path, at: Instant | None, output: str) -> None:
    """Show what one pass would do now, or at T, against the live jobs. Writes nothing, anywhere."""
    settings = read_settings(config)
    clock = StoppedClock(the_clock(settings).now() if at is None else at)
    rulebook = read_rulebook(settings, clock.now())
    logs = start_logs(settings, clock, level="error")

    async def main() -> tuple[list[PassReport], Live]:
        async with open_live(settings) as live:
            watches = watch_clock(settings, clock)
            reports = await run_once(
                settings,
                clock,
                watches,
                live.apis,
                Ledger.of(forget, replace(live.kept, findings=())),
                rulebook,
            )
            return reports, live

    try:
        reports, live = asyncio.run(main())
    finally:
        logs.close(LOG_FLUSH_SECONDS)
    before = Snapshot(clock.now(), rulebook, live.claims, controls=live.controls)
    decisions = [each for report in reports for each in report.decisions]
    planned = sorted(((each, before.situation(each.job)) for each in decisions), key=_order)
    show(output, [decision_record(*each) for each in planned], _FIELDS, lambda: _sheet(planned))
    if output == "table":
        click.echo(_summary(planned))
    if tell_unread(reports):
        raise SystemExit(FAILED)


def _order(planned: tuple[Decision, Situation]) -> tuple[bool, str, str]:
    decision, _situation = planned
    return decision.action is Action.NONE, decision.job.workspace, decision.job.name


def _sheet(planned: Planned) -> Sheet:
    headers = ("job", "campaigns", "status", "do", "because", "reason", "until")
    return Sheet(headers, [_row(decision, situation) for decision, situation in planned])


def _row(decision: Decision, situation: Situation) -> tuple[str, ...]:
    zones = [hours.campaign.calendars[0].zone for hours in situation.campaigns]
    return (
        f"{decision.job.name}\n{decision.job.key}",
        ", ".join(situation.campaign_names),
        decision.job.status_text,
        action_text(decision),
        because_text(decision),
        reason_text(decision),
        exact(decision.until, zones[0]) if zones else "-",
    )


def _summary(planned: Planned) -> str:
    actions = Counter(action_text(decision) for decision, _ in planned if decision.action is not Action.NONE)
    left = Counter(because_text(decision) for decision, _ in planned if decision.action is Action.NONE)
    would = ", ".join(f"{count} to {action}" for action, count in sorted(actions.items())) or "nothing to do"
    stay = "; ".join(f"{count} {why}" for why, count in sorted(left.items()))
    return f"{would}. Left as they are: {stay or 'none'}."
