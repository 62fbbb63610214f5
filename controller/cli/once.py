"""`once`: one pass, for cron and for tests of a configuration."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import click

from controller.build import open_clients, open_ledger, run_once, watch_clock
from controller.cli.context import SEEN_KEYS, read_rules, read_settings, start_logs, the_clock
from controller.cli.exit_codes import FAILED
from controller.cli.failures import reporting_failures, tell_unread
from controller.cli.options import config_option, output_option
from controller.cli.output import show
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.cli.sheet import Sheet
from controller.core.rulebook import Rulebook
from controller.runtime.report import PassReport
from controller.store.changes import UseRevision

_FIELDS = ("workspace", "failed", "problem", "jobs", "done", "left")


@click.command()
@config_option
@output_option
@reporting_failures
def once(config: Path, output: str) -> None:
    """Do one pass over every workspace and exit: 0 if all is as desired, 1 if something failed.

    Refuses while a daemon runs on the same store.
    """
    settings = read_settings(config)
    clock = the_clock(settings)
    loaded = read_rules(settings, clock.now())
    logs = start_logs(settings, clock)

    async def main() -> tuple[list[PassReport], bool]:
        async with open_ledger(settings.store) as opened:
            ledger = opened.ledger
            rules = loaded.rules
            versions = (loaded.tzdata_version, loaded.holidays_version)
            await ledger.record([UseRevision(rules.revision, rules.sources, *versions, clock.now())])
            watches = watch_clock(settings, clock)
            async with open_clients(settings, SEEN_KEYS, watches) as clients:
                reports = await run_once(settings, clock, watches, clients, ledger, Rulebook(rules))
            return reports, ledger.durable

    try:
        reports, durable = asyncio.run(main())
    finally:
        logs.close(LOG_FLUSH_SECONDS)
    show(output, [_record(report) for report in reports], _FIELDS, lambda: _sheet(reports))
    tell_unread(reports)
    if not durable:
        click.echo("Error: the store could not be written: claims of this pass are lost, adopt its pauses", err=True)
    if not durable or any(report.failed for report in reports):
        raise SystemExit(FAILED)


def _record(report: PassReport) -> dict[str, Any]:
    done = Counter(f"{each.decision.action}_{each.result}" for each in report.outcomes)
    left = Counter(each.because.value for each in report.decisions if each.action == "none")
    return {
        "workspace": report.workspace,
        "failed": report.failed,
        "problem": report.problem,
        "jobs": len(report.decisions),
        "done": dict(sorted(done.items())),
        "left": dict(sorted(left.items())),
    }


def _sheet(reports: list[PassReport]) -> Sheet:
    return Sheet(("workspace", "jobs", "done", "left as they are", "problem"), [_row(report) for report in reports])


def _row(report: PassReport) -> tuple[str, ...]:
    record = _record(report)
    done = ", ".join(f"{count} {what}" for what, count in record["done"].items()) or "nothing"
    left = ", ".join(f"{count} {what}" for what, count in record["left"].items())
    return report.workspace, str(record["jobs"]), done, left, report.problem or ""
