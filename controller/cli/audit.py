"""`audit`: what happened, from the store."""

import asyncio
from pathlib import Path

import click

from controller.cli.context import read_settings
from controller.cli.failures import reporting_failures
from controller.cli.options import INSTANT, config_option, output_option
from controller.cli.output import show
from controller.cli.sheet import Sheet
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.shown.record_types import AUDIT_FIELDS
from controller.shown.records import audit_record
from controller.store.reader import StoreReader
from controller.store.records import AuditFilter, AuditRow


@click.command()
@config_option
@click.option("--workspace", help="Only this workspace.")
@click.option("--job", help="Only the job with this id.")
@click.option("--event", help="Only these events: a glob such as 'job.*'.")
@click.option("--since", type=INSTANT, help="Not before this instant.")
@click.option("--until", type=INSTANT, help="Before this instant.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The newest so many.")
@output_option
@reporting_failures
def audit(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path,
    workspace: str | None,
    job: str | None,
    event: str | None,
    since: Instant | None,
    until: Instant | None,
    limit: int,
    output: str,
) -> None:
    """Show what happened: each change, outcome, finding and rules revision, oldest first."""
    settings = read_settings(config)
    wanted = AuditFilter(workspace, job, event, since, until, limit)

    async def main() -> list[AuditRow]:
        reader = await StoreReader.open(settings.store)
        if reader is None:
            click.echo(f"There is no store yet at {settings.store}.", err=True)
            return []
        try:
            return await reader.audit_rows(wanted)
        finally:
            await reader.close()

    rows = asyncio.run(main())
    show(output, [audit_record(row) for row in rows], AUDIT_FIELDS, lambda: _sheet(rows))
    if not rows:
        click.echo("No line of the audit fits.", err=True)


def _sheet(rows: list[AuditRow]) -> Sheet:
    return Sheet(("at", "event", "who", "job", "reason", "detail"), [_row(row) for row in rows])


def _row(row: AuditRow) -> tuple[str, ...]:
    job = f"{row.job_name}\n{row.workspace}/{row.job_id}" if row.job_id else ""
    return rfc3339(row.at), row.event, row.actor, job, row.reason or "", row.detail or ""
