"""Drift: the provider schedule of a job against the weekly hours of the campaigns that match it.

Only weekly hours are compared, without `close_early`, holidays, special dates and incidents: a weekly schedule cannot
hold those. The comparison is made in real instants over the coming four weeks: long enough to meet a DST change that
one of the zones makes and the other does not, short enough that what is found matters now.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from controller.core.calendar import weekly_intervals
from controller.core.campaign import Campaign
from controller.core.finding import Finding, FindingKind
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant, Interval, Intervals, clipped, difference, intersection, total_seconds
from controller.core.job import JobKey
from controller.core.schedule import ProviderSchedule, UnreadableScheduleError, read_schedule

_DAY = 86_400
_WEEK = 7 * _DAY
_AHEAD = 4 * _WEEK


def find_drift(job: JobKey, schedule: str | None, campaigns: tuple[Campaign, ...], now: Instant) -> tuple[Finding, ...]:
    """What differs, as findings; () where nothing does or no campaign matches. `schedule` is the job's JSON text."""
    if not campaigns:
        return ()
    if schedule is None:
        detail = "the job has no provider schedule: nothing but us keeps it from dialing outside the rules' hours"
        return (Finding(job, FindingKind.SCHEDULE_MISSING, detail),)
    try:
        provider = read_schedule(schedule)
    except UnreadableScheduleError as error:
        facts = {"field": error.field, "says": error.says, "want": error.want}
        return (Finding(job, FindingKind.SCHEDULE_UNREADABLE, str(error), facts),)
    return _compare(job, provider, campaigns, now)


def weekly_hours(campaigns: tuple[Campaign, ...], span: Interval) -> Intervals:
    """When all calendars of all these campaigns are open by their weekly hours alone: what a provider schedule should
    allow. Raises ValueError without a campaign.
    """
    calendars = dict.fromkeys(calendar for campaign in campaigns for calendar in campaign.calendars)
    return intersection(*(weekly_intervals(calendar.zone, calendar.hours, span) for calendar in calendars))


def _compare(
    job: JobKey, provider: ProviderSchedule, campaigns: tuple[Campaign, ...], now: Instant
) -> tuple[Finding, ...]:
    today = now - now % _DAY
    # beyond both ends: what began before today is seen whole, and what begins on the last day has its week
    span = Interval(today - _WEEK - _DAY, today + _AHEAD + _WEEK + 2 * _DAY)
    allowed = weekly_hours(campaigns, span)
    given = provider.intervals(span)
    zones = (campaigns[0].calendars[0].zone, provider.zone)
    findings = []
    forbidden = _next_week(difference(given, allowed), now, zones[0])
    if forbidden:
        findings.append(_wider(job, forbidden, zones))
    lost = _next_week(difference(allowed, given), now, zones[0])
    if lost and not _coming(intersection(given, allowed), now):
        detail = "the provider schedule and the rules' hours have no minute in common: the job would never dial"
        findings.append(Finding(job, FindingKind.SCHEDULE_DISJOINT, detail))
    elif lost:
        findings.append(_narrower(job, lost, zones))
    return tuple(findings)


def _coming(intervals: Intervals, now: Instant) -> Intervals:
    return tuple(interval for interval in intervals if now < interval.end and interval.start < now + _AHEAD)


def _next_week(intervals: Intervals, now: Instant, zone: ZoneInfo) -> Intervals:
    """What lies in the week, by the rules' clock, that begins with the first interval of the coming weeks."""
    coming = _coming(intervals, now)
    if not coming:
        return ()
    start, end = coming[0]
    if end - start > _WEEK:  # it goes on for ever: a week from today stands for it
        start = max(start, now - now % _DAY)
    week_later = datetime.fromtimestamp(start, zone) + timedelta(days=7)
    return clipped(intervals, Interval(start, week_later.timestamp()))


def _wider(job: JobKey, week: Intervals, zones: tuple[ZoneInfo, ZoneInfo]) -> Finding:
    minutes = _minutes(week)
    detail = (
        f"the provider schedule allows {minutes} minutes a week that the rules forbid: {_spoken(week[0], zones)}"
        + (f" and {len(week) - 1} more" if len(week) > 1 else "")
    )
    facts = {"minutes_a_week": minutes, "forbidden": [_shown(interval, zones) for interval in week]}
    return Finding(job, FindingKind.SCHEDULE_WIDER, detail, facts)


def _narrower(job: JobKey, week: Intervals, zones: tuple[ZoneInfo, ZoneInfo]) -> Finding:
    minutes = _minutes(week)
    detail = f"the provider schedule takes {minutes} minutes a week of the rules' hours: {_spoken(week[0], zones)}" + (
        f" and {len(week) - 1} more" if len(week) > 1 else ""
    )
    facts = {"minutes_a_week": minutes, "lost": [_shown(interval, zones) for interval in week]}
    return Finding(job, FindingKind.SCHEDULE_NARROWER, detail, facts)


def _minutes(intervals: Intervals) -> int:
    return round(total_seconds(intervals) / 60)


def _spoken(interval: Interval, zones: tuple[ZoneInfo, ZoneInfo]) -> str:
    rules, provider = zones
    text = _local(interval, rules)
    return text if rules.key == provider.key else f"{text} (there {_local(interval, provider)})"


def _shown(interval: Interval, zones: tuple[ZoneInfo, ZoneInfo]) -> dict[str, Any]:
    rules, provider = zones
    return {
        "from": rfc3339(interval.start),
        "until": rfc3339(interval.end),
        "rules_time": _local(interval, rules),
        "provider_time": _local(interval, provider),
    }


def _local(interval: Interval, zone: ZoneInfo) -> str:
    start = datetime.fromtimestamp(interval.start, zone)
    end = datetime.fromtimestamp(interval.end, zone)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %Y-%m-%d %H:%M}"
    return f"{start:%a %Y-%m-%d %H:%M} to {until} {zone.key}"
