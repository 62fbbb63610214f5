"""What the rules say of a campaign over a span of time: the engine's own answers, one after the other."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

from controller.core.calendar import open_intervals
from controller.core.campaign import Campaign, Incident
from controller.core.decide import HORIZON, judge
from controller.core.decision import Desired, Reason
from controller.core.hours import CampaignHours
from controller.core.interval import Instant, Interval
from controller.core.situation import Situation
from controller.core.zone import DAY, offsets


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
    """Gapless from the span's start to its end. `incidents` are those that cover every possible job.

    A span that ends at or before its start holds nothing. Raises ValueError as `zone.offsets` does.
    """
    if not span.start < span.end:
        return ()
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
    match, campaigns = incident.match, campaign.match
    if match is None or incident.everything:
        return True
    return (
        not match.except_campaigns
        and (not match.campaigns or campaign.name in match.campaigns)
        and all(_asks_no_more(getattr(match, key), getattr(campaigns, key)) for key in _IDENTITIES)
        and (not match.names or (bool(campaigns.names) and _hold(match.names, campaigns.names)))
        and all(set(getattr(match, f"except_{key}")) <= set(getattr(campaigns, f"except_{key}")) for key in _IDENTITIES)
        and _hold(campaigns.except_names, match.except_names)
    )


_IDENTITIES = ("workspaces", "agents", "ids")


def _asks_no_more(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _hold(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Whether each narrow glob stands within one of the wide ones; sometimes not told, never told wrongly."""
    return all(any(_holds(each, glob) for each in wide) for glob in narrow)


def _holds(wide: str, narrow: str) -> bool:
    """Match one glob against the other's own text: `*` takes whatever stands there, `?` one character but no `*`."""
    pattern = re.escape(wide).replace(r"\*", ".*").replace(r"\?", "[^*]")
    return re.fullmatch(pattern, narrow, re.DOTALL) is not None


def _edges(situation: Situation, hours: CampaignHours, span: Interval) -> Iterator[Instant]:
    yield from span
    anchor: Instant = span.start
    while anchor < span.end:  # the timelines reach some 400 days from where they are asked
        end = min(span.end, anchor + HORIZON)
        dialing = hours.dialing(anchor)
        edge = dialing.next_change(anchor)
        while edge is not None and edge <= end:
            yield edge
            edge = dialing.next_change(edge)
        anchor = end
    for calendar in hours.campaign.calendars:  # each is named while it is closed, also where another one closes too
        yield from chain.from_iterable(open_intervals(calendar, span))
        yield from _dates(calendar.zone, span)
    for incident in situation.incidents:
        edges = (incident.since - situation.close_early, incident.until)
        yield from (edge for edge in edges if span.start < edge < span.end)


def _dates(zone: ZoneInfo, span: Interval) -> Iterator[Instant]:
    """Where the local date changes, also where the clock is set over a midnight: reasons change there too."""
    for start, end, offset in offsets(zone, span):
        yield start
        midnight = math.ceil((start + offset) / DAY) * DAY - offset
        yield from range(midnight, math.ceil(end), DAY)
