"""One campaign's coming days, ready to be drawn or told: by the engine that decides."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from controller.core.campaign import Incident
from controller.core.decision import Reason
from controller.core.forecast import Segment
from controller.core.hours import CampaignHours
from controller.core.interval import Instant, Interval, Intervals, clipped
from controller.core.job import Job
from controller.core.rulebook import Rulebook
from controller.shown.day_words import clock_range, day_words, told_once
from controller.shown.local_day import LocalDay, local_days
from controller.shown.preview import look_ahead
from controller.shown.provided import Provided, provided

DAYS = 7
"""How many are shown, today among them."""


@dataclass(frozen=True, slots=True)
class Week:
    """`segments` hold all of the days, gapless, each with what decides alone; `partial` are the incidents that do not
    cover every possible job, but one that is known.
    """

    campaign: str
    zone: ZoneInfo
    now: Instant
    days: tuple[LocalDay, ...]
    segments: tuple[Segment, ...]
    partial: tuple[Incident, ...]
    provided: Provided


def week_of(
    book: Rulebook, hours: CampaignHours, incidents: Iterable[Incident], jobs: Iterable[Job], now: Instant
) -> Week:
    """Look ahead from `now`, in the zone of the campaign's first calendar. `incidents` are all that there are, `jobs`
    those of the campaign. Raises ValueError as `zone.offsets` does.
    """
    zone = hours.campaign.calendars[0].zone
    days = local_days(zone, now, DAYS)
    span = Interval(days[0].start, days[-1].end)
    ahead = look_ahead(incidents, hours, span)
    known = [job for job in jobs if not job.status.finished]
    partial = tuple(incident for incident in ahead.partial if any(_covers(incident, book, job) for job in known))
    given = provided(book, known, span)
    return Week(hours.campaign.name, zone, now, days, told_once(ahead.segments), partial, given)


def _covers(incident: Incident, book: Rulebook, job: Job) -> bool:
    return incident.covers(job, book.matching(job).names)


def day_name(day: LocalDay) -> str:
    """`Thu 26 Nov`."""
    return f"{day.date:%a} {day.date.day} {day.date:%b}"


def said(week: Week, day: LocalDay) -> str:
    """What the rules say of the day: `09:00-12:28 13:30-16:58`, `Holiday (us-floor: Thanksgiving Day)`."""
    span = Interval(day.start, day.end)
    words = [day_words(segments_of(week, day), week.zone, span)]
    words += [f"some jobs: {title}" for title in dict.fromkeys(incident_title(each) for each in partial_of(week, day))]
    return "; ".join(words)


def week_lines(week: Week) -> tuple[str, ...]:
    """The whole in words, a line a day and one for the provider's schedules: what stands for the drawing."""
    days = (f"{_called(week, day)}: {'; '.join((said(week, day), *_drift(week, day)))}" for day in week.days)
    return (*days, provider_line(week.provided))


def provider_line(given: Provided) -> str:
    """What there is to know of the provider's schedules as a whole."""
    if not given.jobs:
        return "Provider schedules: no jobs that may dial."
    parts = [f"{_count(given.jobs, 'job')}, {_count(given.schedules, 'schedule')}"]
    if given.missing:
        parts.append(f"{given.missing} without any, so nothing but us limits them")
    if given.unreadable:
        parts.append(f"{given.unreadable} with one that cannot be read")
    differs = [text for found, text in ((given.wider, "too wide"), (given.narrower, "too narrow")) if found]
    parts.append(" and ".join(differs) if differs else "as the weekly hours")
    return f"Provider schedules: {'; '.join(parts)}."


def segments_of(week: Week, day: LocalDay) -> list[Segment]:
    """The segments that touch the day."""
    return [each for each in week.segments if each.start < day.end and day.start < each.end]


def partial_of(week: Week, day: LocalDay) -> list[Incident]:
    """The incidents that touch the day and cover only some of the jobs."""
    return [each for each in week.partial if each.since < day.end and day.start < each.until]


def incident_title(incident: Incident) -> str:
    """`Incident (storm: agents sent home)`, as the engine would name it."""
    return f"Incident ({incident.name}: {incident.reason})"


def named_reason(segment: Segment) -> str:
    """What is written on a stretch: the detail without the calendar's name, where the title would only repeat it."""
    name, _colon, rest = segment.detail.partition(": ")
    return segment.detail if segment.reason is Reason.INCIDENT or not rest else rest or name


def _called(week: Week, day: LocalDay) -> str:
    today = ", today" if day.start <= week.now < day.end else ""
    length = f", {day.hours:g} hours" if not math.isclose(day.hours, 24) else ""
    return f"{day_name(day)}{today}{length}"


def _drift(week: Week, day: LocalDay) -> Iterator[str]:
    for intervals, text in (
        (week.provided.wider, "the provider also allows"),
        (week.provided.narrower, "the provider does not allow"),
    ):
        found: Intervals = clipped(intervals, Interval(day.start, day.end))
        if found:
            yield f"{text} {' '.join(clock_range(each, week.zone) for each in found)}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
