"""`explain`: why one job is in its state, until when, and who put it there."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli.context import read_rulebook, read_settings, start_logs, the_clock
from controller.cli.exit_codes import FAILED
from controller.cli.failures import reporting_failures
from controller.cli.live import Live, open_live
from controller.cli.options import INSTANT, config_option, output_option
from controller.cli.output import show
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.cli.sheet import Sheet
from controller.core.decide import verdicts
from controller.core.decision import Decision
from controller.core.interval import Instant
from controller.core.job import Job
from controller.core.precedence import Verdict
from controller.core.situation import Situation
from controller.runtime.lookup import JobNotFoundError, find_job
from controller.runtime.snapshot import Snapshot
from controller.shown.moments import exact, relative
from controller.shown.printable import printable
from controller.shown.records import decision_record, finding_record, verdict_record
from controller.shown.words import action_text, because_text, owner_text, reason_text

if TYPE_CHECKING:
    from rich.console import Group

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
    "verdicts",
    "findings",
    "revision",
)


@click.command()
@click.argument("job")
@config_option
@click.option("--at", type=INSTANT, help="The instant to decide at (default: now).")
@output_option
@reporting_failures
def explain(job: str, config: Path, at: Instant | None, output: str) -> None:
    """Show the decision for one JOB (an id, workspace/id, or a unique name) with every rule's verdict."""
    settings = read_settings(config)
    clock = the_clock(settings)
    now = clock.now() if at is None else at
    rulebook = read_rulebook(settings, now)
    logs = start_logs(settings, clock, level="error")

    async def main() -> tuple[Job, Live]:
        async with open_live(settings) as live:
            return await find_job(live.apis, job), live

    try:
        found, live = asyncio.run(main())
    except JobNotFoundError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(FAILED) from None
    finally:
        logs.close(LOG_FLUSH_SECONDS)
    snapshot = Snapshot(now, rulebook, live.claims, controls=live.controls)
    situation = snapshot.situation(found)
    decision = snapshot.decide(found, situation)
    said = verdicts(found, situation, now)
    record = {
        **decision_record(decision, situation),
        "verdicts": [verdict_record(each) for each in said],
        "findings": [finding_record(each) for each in situation.drift],
        "revision": rulebook.rules.revision,
    }
    show(output, [record], _FIELDS, lambda: _page(decision, situation, said, now))


def _page(decision: Decision, situation: Situation, said: tuple[Verdict, ...], now: Instant) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - rich is slow to import
    from rich.table import Table  # noqa: PLC0415 - rich is slow to import
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    for name, text in _facts(decision, situation, now):
        facts.add_row(Text(name, style="bold"), printable(text))
    table = Sheet(("#", "rule", "verdict", "detail"), [_row(verdict, decision) for verdict in said])
    return Group(facts, "", table)


def _row(verdict: Verdict, decision: Decision) -> tuple[str, ...]:
    """The verdict that decides is marked."""
    word = verdict.desired.value if verdict.applies else "-"
    wins = verdict.applies and verdict.reason is decision.reason
    return str(verdict.number), verdict.condition, f"> {word}" if wins else f"  {word}", verdict.detail


def _facts(decision: Decision, situation: Situation, now: Instant) -> list[tuple[str, str]]:
    job = decision.job
    rows = [
        ("job", f"{job.name} ({job.key})"),
        ("campaigns", ", ".join(situation.campaign_names) or "none matches"),
        ("status", f"{job.status_text}: {because_text(decision)}"),
        ("rules", f"{decision.desired}: {reason_text(decision)}"),
        ("until", _until(decision, situation, now)),
        ("a pass would", action_text(decision)),
        ("paused by", owner_text(decision, situation)),
    ]
    return rows + [("finding", f"{finding.kind}: {finding.detail}") for finding in situation.drift]


def _until(decision: Decision, situation: Situation, now: Instant) -> str:
    if decision.until is None:
        return "no change within 400 days"
    zones = [hours.campaign.calendars[0].zone for hours in situation.campaigns]
    when = relative(decision.until, now)
    return f"{exact(decision.until, zones[0])} ({when})" if zones else when
