"""`once`: one pass, for cron and for tests of a configuration."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.app import open_clients, open_ledger, run_once
from controller.cli.context import SEEN_KEYS, read_rules, read_settings, start_logs, the_clock
from controller.cli.failures import FAILED, reporting_failures
from controller.cli.options import config_option, output_option
from controller.cli.output import show
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.core.rulebook import Rulebook
from controller.runtime.report import PassReport
from controller.store.changes import UseRevision
from controller.store.store import Store

if TYPE_CHECKING:
    from rich.table import Table

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

    async def main() -> list[PassReport]:
        store = await Store.open(settings.store)
        try:
            ledger = await open_ledger(store)
            rules = loaded.rules
            versions = (loaded.tzdata_version, loaded.holidays_version)
            await ledger.record([UseRevision(rules.revision, rules.sources, *versions, clock.now())])
            async with open_clients(settings, SEEN_KEYS) as clients:
                reports = await run_once(settings, clock, clients, ledger, Rulebook(rules))
            if not ledger.durable:
                raise SystemExit(FAILED)
            return reports
        finally:
            await store.close()

    try:
        reports = asyncio.run(main())
    finally:
        logs.close(LOG_FLUSH_SECONDS)
    show(output, [_record(report) for report in reports], _FIELDS, lambda: _table(reports))
    if any(report.failed for report in reports):
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


def _table(reports: list[PassReport]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - rich is slow to import

    table = Table("workspace", "jobs", "done", "left as they are", "problem")
    for report in reports:
        record = _record(report)
        done = ", ".join(f"{count} {what}" for what, count in record["done"].items()) or "nothing to do"
        left = ", ".join(f"{count} {what}" for what, count in record["left"].items())
        table.add_row(report.workspace, str(record["jobs"]), done, left, report.problem or "")
    return table
