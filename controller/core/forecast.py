"""What the rules say of a campaign over a span of time: the engine's own answers, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from controller.core.campaign import Campaign, Incident
from controller.core.decide import HORIZON, judge
from controller.core.decision import Desired, Reason
from controller.core.hours import CampaignHours
from controller.core.interval import Instant, Interval
from controller.core.situation import Situation


class State(StrEnum):
    """Whether a campaign's jobs may dial."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time with one state, one reason and one detail."""

    start: Instant
    end: Instant
    state: State
    reason: Reason
    detail: str


def forecast(hours: CampaignHours, incidents: tuple[Incident, ...], span: Interval) -> tuple[Segment, ...]:
    """Gapless from the span's start to its end. `incidents` are those that cover every possible job."""
    situation = Situation((hours,), incidents)
    edges = sorted(set(_edges(situation, hours, span)))
    segments: list[Segment] = []
    for start, end in pairwise(edges):
        judgement = judge(situation, start)
        state = State.OPEN if judgement.desired is Desired.DIAL else State.CLOSED
        last = segments[-1] if segments else None
        if last and (last.state, last.reason, last.detail) == (state, judgement.reason, judgement.detail):
            start = segments.pop().start  # noqa: PLW2901 - the same stretch goes on
        segments.append(Segment(start, end, state, judgement.reason, judgement.detail))
    return tuple(segments)


def covers_every_job(incident: Incident, campaign: Campaign) -> bool:
    """Whether each job that the campaign could match is covered, as far as the selectors alone can tell."""
    match = incident.match
    if match is None or incident.everything:
        return True
    return (
        not match.except_campaigns
        and (not match.campaigns or campaign.name in match.campaigns)
        and all(_asks_no_more(getattr(match, key), getattr(campaign.match, key)) for key in _KEYS)
        and all(set(getattr(match, key)) <= set(getattr(campaign.match, key)) for key in _EXCEPT_KEYS)
    )


_KEYS = ("workspaces", "names", "agents", "ids")
_EXCEPT_KEYS = tuple(f"except_{key}" for key in _KEYS)


def _asks_no_more(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _edges(situation: Situation, hours: CampaignHours, span: Interval) -> Iterator[Instant]:
    yield span.start
    yield span.end
    anchor: Instant = span.start
    while anchor < span.end:  # the timelines reach some 400 days from where they are asked
        end = min(span.end, anchor + HORIZON)
        for timeline in (hours.hours(anchor), hours.dialing(anchor)):
            edge = timeline.next_change(anchor)
            while edge is not None and edge < end:
                yield edge
                edge = timeline.next_change(edge)
        yield end
        anchor = end
    for calendar in hours.campaign.calendars:
        yield from _midnights(calendar.zone, span)
    for incident in situation.incidents:
        edges = (incident.since - situation.close_early, incident.until)
        yield from (edge for edge in edges if span.start < edge < span.end)


def _midnights(zone: ZoneInfo, span: Interval) -> Iterator[Instant]:
    """Where the local date changes: reasons change there too."""
    day = datetime.fromtimestamp(span.start, zone).date()
    while True:
        day += timedelta(days=1)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        if midnight.timestamp() >= span.end:
            return
        # a clock set back over midnight reads it twice
        for instant in {midnight.timestamp(), midnight.replace(fold=1).timestamp()}:
            if span.start < instant < span.end:
                yield instant
