"""Weekly hours as people write them: the rules' and the provider's side by side."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from controller.core.calendar import Window
from controller.core.job import Job
from controller.core.schedule import UnreadableScheduleError, read_schedule
from controller.core.situation import Situation

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class WeeklyHours(NamedTuple):
    """`days` has a text for each weekday, Monday first, or none where `problem` says why not."""

    title: str
    zone: str
    days: tuple[str, ...]
    problem: str = ""


def rules_hours(situation: Situation) -> list[WeeklyHours]:
    """Of each calendar of the campaigns that match; without holidays, dates and incidents."""
    calendars = dict.fromkeys(calendar for hours in situation.campaigns for calendar in hours.campaign.calendars)
    return [WeeklyHours(each.name, each.zone.key, _days(each.hours)) for each in calendars]


def provider_hours(job: Job) -> WeeklyHours:
    """Of the job's own schedule."""
    title = "Provider schedule"
    if job.schedule is None:
        return WeeklyHours(title, "", (), "none: the provider limits nothing")
    try:
        schedule = read_schedule(job.schedule)
    except UnreadableScheduleError as error:
        return WeeklyHours(title, "", (), f"it cannot be read: {error}")
    return WeeklyHours(title, schedule.zone.key, _days(schedule.hours))


def _days(hours: Sequence[Iterable[Window]]) -> tuple[str, ...]:
    return tuple(", ".join(map(_window, sorted(windows))) or "closed" for windows in hours)


def _window(window: Window) -> str:
    end = window.end if window.end <= 1440 else window.end - 1440  # noqa: PLR2004 - minutes of a day
    return f"{_clock(window.start)}–{_clock(end)}"  # noqa: RUF001 - a range's own dash


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
