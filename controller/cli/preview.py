"""`preview`: when campaigns are open and closed, and why; no API is asked."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from controller.cli.context import read_rulebook, read_settings, the_clock
from controller.cli.failures import reporting_failures
from controller.cli.options import INSTANT, config_option, output_option
from controller.cli.output import show
from controller.cli.strip import draw
from controller.core.campaign import Incident
from controller.core.controls import OpenedIncident
from controller.core.forecast import Segment, covers_every_job, forecast
from controller.core.hours import CampaignHours
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant, Interval
from controller.core.rulebook import Rulebook
from controller.settings import Settings
from controller.shown.records import instant
from controller.store.store import StoreReader

WEEK = 7 * 86_400
LONGEST = 3 * 366 * 86_400
"""The longest span, in seconds: beyond it holidays are guesses."""

_COLUMNS = ("campaign", "timezone", "from", "until", "state", "reason", "detail")
"""Of the CSV: a row for each interval, and one with the state `partial_incident` for each incident that covers some of
the campaign's jobs.
"""


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
    rulebook = _with_opened(read_rulebook(settings, start, through=span.end), settings)
    chosen = _chosen(rulebook, campaign)
    previews = [(hours, *_preview(rulebook, hours, span)) for hours in chosen]
    records = [_record(hours, segments, partial) for hours, segments, partial in previews]
    if output == "csv":
        records = [row for record in records for row in _rows(record)]
    show(output, records, _COLUMNS, lambda: draw(previews, span))


def _with_opened(rulebook: Rulebook, settings: Settings) -> Rulebook:
    """The rules with the incidents that are open beside them."""

    async def main() -> list[OpenedIncident]:
        reader = await StoreReader.open(settings.store)
        if reader is None:
            return []
        try:
            return await reader.open_incidents()
        finally:
            await reader.close()

    opened = tuple(each.incident for each in asyncio.run(main()))
    return Rulebook(replace(rulebook.rules, incidents=(*rulebook.rules.incidents, *opened))) if opened else rulebook


def _chosen(rulebook: Rulebook, name: str | None) -> list[CampaignHours]:
    if name is None:
        return list(rulebook.campaigns.values())
    if name not in rulebook.campaigns:
        known = ", ".join(rulebook.campaigns) or "none"
        raise click.UsageError(f"there is no campaign {name!r}; the rules define {known}")
    return [rulebook.campaigns[name]]


def _preview(
    rulebook: Rulebook, hours: CampaignHours, span: Interval
) -> tuple[tuple[Segment, ...], tuple[Incident, ...]]:
    incidents = [each for each in rulebook.rules.incidents if each.since < span.end and span.start < each.until]
    whole = tuple(each for each in incidents if covers_every_job(each, hours.campaign))
    partial = tuple(each for each in incidents if each not in whole)
    return forecast(hours, whole, span), partial


def _record(hours: CampaignHours, segments: tuple[Segment, ...], partial: tuple[Incident, ...]) -> dict[str, Any]:
    return {
        "campaign": hours.campaign.name,
        "timezone": hours.campaign.calendars[0].zone.key,
        "intervals": [
            {
                "from": rfc3339(segment.start),
                "until": rfc3339(segment.end),
                "state": segment.state.value,
                "reason": segment.reason.value,
                "detail": segment.detail,
            }
            for segment in segments
        ],
        "partial_incidents": [
            {
                "incident": each.name,
                "reason": each.reason,
                "from": rfc3339(each.since),
                "until": instant(None if math.isinf(each.until) else each.until),
            }
            for each in partial
        ],
    }


def _rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    common = {"campaign": record["campaign"], "timezone": record["timezone"]}
    covers_some = [
        {**each, "state": "partial_incident", "reason": "incident", "detail": f"{each['incident']}: {each['reason']}"}
        for each in record["partial_incidents"]
    ]
    return [{**common, **each} for each in (*record["intervals"], *covers_some)]
