"""The independent judge, who says whether a job should have been closed at an instant.

It shares nothing with the controller's own calendars but their fields: it asks the local clock what date and minute
it is, and looks the rest up. A call is judged when it begins, by the true close (not `close_early`). What is unknown
does not allow: a date of a year whose holidays are not known counts as a holiday.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from controller.core.calendar import Calendar, MonthDay, Window
from controller.core.campaign import Campaign, RuleSet
from controller.core.interval import Instant
from controller.core.job import Job, JobKey

_MIDNIGHT = 24 * 60
_PRECEDENCE = ("special_date", "holiday", "outside_hours")


class Verdict(NamedTuple):
    """Why a job must not dial: `reason` is incident, special_date, holiday or outside_hours; `detail` is for people."""

    reason: str
    detail: str


class Oracle:
    """Judges by one set of rules."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._matching: dict[tuple[JobKey, str, str], tuple[Campaign, ...]] = {}

    def forbids(self, job: Job, at: Instant) -> Verdict | None:
        """Find the first reason, by precedence, why the job must not dial at `at`; None where it may."""
        campaigns = self._campaigns(job)
        names = tuple(campaign.name for campaign in campaigns)
        for incident in self._rules.incidents:
            if incident.since <= at < incident.until and incident.covers(job, names):
                return Verdict("incident", incident.reason)
        closed = _closed_calendars(campaigns, at)
        return min(closed, key=lambda verdict: _PRECEDENCE.index(verdict.reason), default=None)

    def _campaigns(self, job: Job) -> tuple[Campaign, ...]:
        key = (job.key, job.name, job.agent_id)
        if key not in self._matching:
            self._matching[key] = tuple(one for one in self._rules.campaigns if one.match.matches(job))
        return self._matching[key]


def closed_by(calendar: Calendar, at: Instant) -> str | None:
    """Find the reason why the calendar is closed at `at`, or None while it is open."""
    local = datetime.fromtimestamp(int(at // 1), calendar.zone)
    today, minute = local.date(), local.hour * 60 + local.minute
    entry = _dates_entry(calendar, today)
    if entry is not None:
        return None if _within(entry, minute) else "special_date"
    if _perhaps_holiday(calendar, today):
        return "holiday"
    if _within(calendar.hours[today.weekday()], minute):
        return None
    # What began yesterday may still go on: nothing stands in its way, today being an ordinary day.
    yesterday = _windows_of(calendar, today - timedelta(days=1))
    return None if _within(yesterday, minute + _MIDNIGHT) else "outside_hours"


def _closed_calendars(campaigns: Sequence[Campaign], at: Instant) -> Iterable[Verdict]:
    for campaign in campaigns:
        for calendar in campaign.calendars:
            reason = closed_by(calendar, at)
            if reason is not None:
                yield Verdict(reason, f"calendar {calendar.name} of campaign {campaign.name}")


def _within(windows: tuple[Window, ...], minute: int) -> bool:
    return any(start <= minute < end for start, end in windows)


def _windows_of(calendar: Calendar, day: date) -> tuple[Window, ...]:
    entry = _dates_entry(calendar, day)
    if entry is not None:
        return entry
    return () if _perhaps_holiday(calendar, day) else calendar.hours[day.weekday()]


def _perhaps_holiday(calendar: Calendar, day: date) -> bool:
    known = calendar.holiday_years is None or day.year in calendar.holiday_years
    return day in calendar.holidays or not known


def _dates_entry(calendar: Calendar, day: date) -> tuple[Window, ...] | None:
    """Find the `dates` entry of a date: an exact date beats a range beats a yearly date beats a yearly range."""
    dates, yearly = calendar.dates, MonthDay(day.month, day.day)
    if day in dates.exact:
        return dates.exact[day]
    for first, last, windows in dates.ranges:
        if first <= day <= last:
            return windows
    if yearly in dates.yearly:
        return dates.yearly[yearly]
    for begin, end, windows in dates.yearly_ranges:
        inside = begin <= yearly <= end if begin <= end else (yearly >= begin or yearly <= end)
        if inside:
            return windows
    return None
