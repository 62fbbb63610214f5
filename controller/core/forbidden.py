"""How long a job dialed when it must not: after the true close (not `close_early`), or under an incident or a hold."""

from collections.abc import Iterable

from controller.core.campaign import Hold, Incident
from controller.core.hours import CampaignHours
from controller.core.interval import Interval, Intervals, clipped, difference, intersection, merged, total_seconds


def forbidden_seconds(campaigns: Iterable[CampaignHours], stops: Iterable[Incident | Hold], span: Interval) -> float:
    """Add up the seconds of the span in which a job of these campaigns, under these stops, must not dial."""
    campaigns, stops = tuple(campaigns), tuple(stops)
    if all(_open_throughout(hours, span) for hours in campaigns) and not any(_meets(stop, span) for stop in stops):
        return 0.0
    allowed: Intervals = (span,)
    for hours in campaigns:
        allowed = intersection(allowed, clipped(hours.hours(span.end).intervals, span))
    stopped = merged(Interval(stop.since, stop.until) for stop in stops)
    return span.end - span.start - total_seconds(difference(allowed, stopped))


def _open_throughout(hours: CampaignHours, span: Interval) -> bool:
    """What nearly all jobs were at nearly all looks, and cheap to see."""
    timeline = hours.hours(span.end)
    change = timeline.next_change(span.start)
    return timeline.is_open(span.start) and (change is None or change >= span.end)


def _meets(stop: Incident | Hold, span: Interval) -> bool:
    return stop.since < span.end and span.start < stop.until
