"""Small builders of jobs, calendars, campaigns and what stands beside them, for the tests of the deciding core.

Everything has a default, so that a test names only what it is about. Unless told otherwise calendars are in UTC and
open Monday to Friday from 09:00 to 17:00, without holidays and special dates.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from controller.core.calendar import Calendar, SpecialDates, Window, Windows
from controller.core.campaign import Campaign, Hold, Incident, RuleSet, Selector
from controller.core.claim import Claim, ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.hours import CampaignHours
from controller.core.interval import Instant
from controller.core.job import Job, JobKey, Status
from controller.core.situation import Situation

MINUTE, HOUR, DAY = 60, 3600, 86_400
WEEK = 7 * DAY

ANY_JOB = Selector(names=("*",))
NO_DATES = SpecialDates({}, (), {}, ())
KEY = JobKey("main", "job-1")


def at(text: str) -> int:
    """Read an instant, UTC unless the text says otherwise."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def windows(*texts: str) -> Windows:
    """Read windows such as 09:00-17:00; 22:00-02:00 goes on after midnight."""
    return tuple(_window(text) for text in texts)


def _window(text: str) -> Window:
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return Window(start, end if end > start else end + 1440)


def every_day(*texts: str) -> tuple[Windows, ...]:
    return (windows(*texts),) * 7


def weekdays(*texts: str) -> tuple[Windows, ...]:
    return (*(windows(*texts),) * 5, (), ())


ALWAYS = every_day("00:00-24:00")
NEVER = every_day()
NINE_TO_FIVE = weekdays("09:00-17:00")


def calendar(
    name: str = "floor",
    zone: str = "UTC",
    hours: tuple[Windows, ...] = NINE_TO_FIVE,
    *,
    holidays: Mapping[date, tuple[str, ...]] | None = None,
    years: range | None = None,
    dates: Mapping[date, Windows] | None = None,
) -> Calendar:
    known = range(2000, 2100) if years is None and holidays else years
    return Calendar(name, ZoneInfo(zone), hours, holidays or {}, known, SpecialDates(dates or {}, (), {}, ()))


def campaign(*calendars: Calendar, name: str = "renewals", match: Selector = ANY_JOB, **policy: Any) -> Campaign:
    """`policy` are close_early, resume, start, on_drift; close_early is 0 here unless it is given."""
    return Campaign(name, match, calendars or (calendar(),), **{"close_early": 0, **policy})


def hours(*calendars: Calendar, **policy: Any) -> CampaignHours:
    return CampaignHours(campaign(*calendars, **policy))


def job(status: Status = Status.ACTIVE, **fields: Any) -> Job:
    given = {
        "workspace": "main",
        "id": "job-1",
        "name": "US renewals 7",
        "agent_id": "agt_1",
        "schedule": None,
        "status_text": status.value,
        **fields,
    }
    return Job(status=status, **given)


def claim(state: ClaimState = ClaimState.HELD, **fields: Any) -> Claim:
    given = {
        "id": "c1",
        "workspace": "main",
        "job_id": "job-1",
        "job_name": "US renewals 7",
        "reason": "outside_hours",
        "detail": "floor: no window is open",
        "since": 100.0,
        "changed": 100.0,
        "campaigns": ("renewals",),
        **fields,
    }
    return Claim(state=state, **given)


def incident(since: Instant = -math.inf, until: Instant = math.inf, **fields: Any) -> Incident:
    return Incident(**{"name": "one-way", "reason": "one-way audio", "since": since, "until": until, **fields})


def hold(since: Instant = -math.inf, until: Instant = math.inf, **fields: Any) -> Hold:
    return Hold(**{"job": KEY, "author": "ada", "reason": "wrong list", "since": since, "until": until, **fields})


def drift(kind: FindingKind = FindingKind.SCHEDULE_WIDER, detail: str = "too wide") -> Finding:
    return Finding(KEY, kind, detail)


def situation(*campaigns: CampaignHours, **fields: Any) -> Situation:
    return Situation(campaigns, **fields)


def rules(*campaigns: Campaign, incidents: tuple[Incident, ...] = ()) -> RuleSet:
    calendars = {each.name: each for one in campaigns for each in one.calendars}
    return RuleSet("r1", calendars, campaigns, incidents, {})


def provider(slots: Mapping[int, list[tuple[str, str]]], zone: str = "UTC") -> str:
    """The JSON text of a provider schedule: dayOfWeek (0 is Sunday) to its slots."""
    days = [
        {"dayOfWeek": number, "timeSlots": [{"startTime": start, "endTime": end} for start, end in each]}
        for number, each in slots.items()
    ]
    return json.dumps({"days": days, "timezone": zone}, sort_keys=True, separators=(",", ":"))
