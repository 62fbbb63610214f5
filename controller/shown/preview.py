"""When campaigns are open and closed, and why: for the command and for the API, by the engine that decides."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from controller.core.campaign import Incident
from controller.core.forecast import Segment, covers_every_job, forecast
from controller.core.hours import CampaignHours
from controller.core.instant_text import rfc3339
from controller.core.interval import Interval
from controller.core.rulebook import Rulebook
from controller.shown.records import end

WEEK = 7 * 86_400
"""The span where none is asked for, in seconds."""
LONGEST = 3 * 366 * 86_400
"""The longest span, in seconds: beyond it holidays are guesses."""

PREVIEW_COLUMNS = ("campaign", "timezone", "from", "until", "state", "reason", "detail")
"""Of the CSV: a row for each interval, and one with the state `partial_incident` for each incident that covers some of
the campaign's jobs.
"""

IntervalRecord = TypedDict(
    "IntervalRecord", {"from": str, "until": str, "state": str, "reason": str, "detail": str}
)  # `from` is no name of Python's
PartialRecord = TypedDict("PartialRecord", {"incident": str, "reason": str, "from": str, "until": str | None})


class PreviewRecord(TypedDict):
    """One campaign: gapless `intervals`, and the incidents that cover only some of its jobs."""

    campaign: str
    timezone: str
    intervals: list[IntervalRecord]
    partial_incidents: list[PartialRecord]


@dataclass(frozen=True, slots=True)
class Preview:
    """One campaign's span; `partial` are the incidents that cover only some of its jobs."""

    hours: CampaignHours
    segments: tuple[Segment, ...]
    partial: tuple[Incident, ...]


def with_opened(rulebook: Rulebook, opened: Iterable[Incident]) -> Rulebook:
    """The rules with the incidents that are open beside them."""
    incidents = (*rulebook.rules.incidents, *opened)
    return Rulebook(replace(rulebook.rules, incidents=incidents))


def preview(rulebook: Rulebook, hours: CampaignHours, span: Interval) -> Preview:
    """Look ahead over a span; `hours` are of a campaign of the rulebook."""
    return look_ahead(rulebook.rules.incidents, hours, span)


def look_ahead(incidents: Iterable[Incident], hours: CampaignHours, span: Interval) -> Preview:
    """The same with these incidents instead of those of a rulebook."""
    touching = [each for each in incidents if each.since < span.end and span.start < each.until]
    whole = tuple(each for each in touching if covers_every_job(each, hours.campaign))
    partial = tuple(each for each in touching if each not in whole)
    return Preview(hours, forecast(hours, whole, span), partial)


def preview_record(shown: Preview) -> PreviewRecord:
    """The record of one campaign."""
    return {
        "campaign": shown.hours.campaign.name,
        "timezone": shown.hours.campaign.calendars[0].zone.key,
        "intervals": [
            {
                "from": rfc3339(segment.start),
                "until": rfc3339(segment.end),
                "state": segment.state.value,
                "reason": segment.reason.value,
                "detail": segment.detail,
            }
            for segment in shown.segments
        ],
        "partial_incidents": [
            {"incident": each.name, "reason": each.reason, "from": rfc3339(each.since), "until": end(each.until)}
            for each in shown.partial
        ],
    }


def preview_rows(record: PreviewRecord) -> list[dict[str, Any]]:
    """The record as rows of the CSV."""
    common = {"campaign": record["campaign"], "timezone": record["timezone"]}
    covers_some = [
        {**each, "state": "partial_incident", "reason": "incident", "detail": f"{each['incident']}: {each['reason']}"}
        for each in record["partial_incidents"]
    ]
    return [{**common, **each} for each in (*record["intervals"], *covers_some)]
