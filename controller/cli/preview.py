"""`preview`: when campaigns are open and closed, and why; no API is asked."""

import asyncio
import math
from pathlib import Path

import click

from controller.cli.context import read_rulebook, read_settings, the_clock
from controller.cli.failures import reporting_failures
from controller.cli.options import INSTANT, config_option, output_option
from controller.cli.output import show
from controller.cli.strip import draw
from controller.core.campaign import Incident
from controller.core.hours import CampaignHours
from controller.core.interval import Instant, Interval
from controller.core.rulebook import Rulebook
from controller.settings import Settings
from controller.shown.preview import (
    LONGEST,
    PREVIEW_COLUMNS,
    WEEK,
    preview_record,
    preview_rows,
    with_opened,
)
from controller.shown.preview import preview as look_ahead
from controller.store.reader import StoreReader


@click.command()
@config_option
@click.option("--campaign", help="Only this one (default: all).")
@click.option("--from", "since", type=INSTANT, help="The begin of the span (default: now).")
@click.option("--until", type=INSTANT, help="Its end (default: 7 days after the begin).")
@output_option
@reporting_failures
def preview(config: Path, campaign: str | None, since: Instant | None, until: Instant | None, output: str) -> None:
    """Draw each day of the span, open and closed per half hour, with holidays and incidents named."""
    settings = read_settings(config)
    start = math.floor(the_clock(settings).now()) if since is None else since
    span = Interval(start, start + WEEK if until is None else until)
    if not 0 < span.end - span.start <= LONGEST:
        raise click.UsageError("--until must be after --from, and by no more than three years")
    rulebook = with_opened(read_rulebook(settings, start, through=span.end), _opened(settings))
    previews = [look_ahead(rulebook, hours, span) for hours in _chosen(rulebook, campaign)]
    records = [preview_record(each) for each in previews]
    rows = [row for record in records for row in preview_rows(record)] if output == "csv" else []
    show(output, rows or records, PREVIEW_COLUMNS, lambda: draw(previews, span))


def _opened(settings: Settings) -> list[Incident]:
    async def main() -> list[Incident]:
        reader = await StoreReader.open(settings.store)
        if reader is None:
            return []
        try:
            return [each.incident for each in await reader.open_incidents()]
        finally:
            await reader.close()

    return asyncio.run(main())


def _chosen(rulebook: Rulebook, name: str | None) -> list[CampaignHours]:
    if name is None:
        return list(rulebook.campaigns.values())
    if name not in rulebook.campaigns:
        known = ", ".join(rulebook.campaigns) or "none"
        raise click.UsageError(f"there is no campaign {name!r}; the rules define {known}")
    return [rulebook.campaigns[name]]
