"""The rules that a simulated campaign manager writes, good and bad; and how they are read."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from controller.rules.loader import LoadedRules, load_rules

HALF_A_YEAR = 182 * 86_400.0

CALENDARS = """\
calendars:
  floor:
    timezone: America/New_York
    hours: {{mon-fri: ["{morning}-12:30", "13:30-{evening}"], sat: ["10:00-14:00"]}}
    holidays: [{{country: US, subdivision: NY}}]
  night:
    timezone: Australia/Lord_Howe
    hours: {{mon-sun: ["20:00-03:30"]}}
  coast:
    timezone: America/Los_Angeles
    hours: {{mon-sun: ["05:00-24:00"]}}
  bursts:
    timezone: UTC
    hours: {{mon-sun: [{bursts}]}}
campaigns:
"""

CAMPAIGNS = {
    "east": '{match: {names: ["E *", "B *"]}, calendars: [floor]}',
    "west": '{match: {names: ["B *"]}, calendars: [coast]}',
    "nights": '{match: {names: ["N *"]}, calendars: [night], start: true, close_early: 2m}',
    "brief": '{match: {names: ["S *"]}, calendars: [bursts], close_early: 10s}',
    "anybody": '{match: {names: ["A *"]}, calendars: [coast], resume: any, close_early: 5s}',
}

PREFIXES = ("E ", "B ", "N ", "A ", "X ", "S ")
"""What names of jobs begin with; no campaign speaks of the last."""
STARTS = ("N ",)
"""Names of jobs that the rules may start."""
TAKES_ALL = ("A ",)
"""Names of jobs whose pauses are all to be undone, whoever made them."""
UNMATCHED = ("X ",)
BRIEF = ("S ",)
"""Names of jobs that are opened for a minute, and soon for another: what is under way at an opening meets a close."""
BURSTS = tuple(3600 * hour + 120 * second for hour in (6, 12, 18) for second in (0, 1))
"""Seconds of the day (UTC) at which these minutes begin."""
LEADS = {"E ": 60.0, "B ": 60.0, "N ": 120.0, "A ": 5.0, "S ": 10.0}
"""Seconds before the close at which jobs of that name are paused."""
UNMATCHED_LEAD = 60.0
"""Seconds before an incident at which a job is paused that no campaign matches."""
BAD = (
    "calendars: {floor: {timezone: Nowhere/City}}",
    "calendars: [",
    "",
    "campaigns: {x: {match: {}, calendars: [y]}}",
)


def write(chance: random.Random, now: float, *, whole: bool) -> str:
    """Good rules; sometimes with incidents around now, and, unless they are to be `whole`, without a campaign."""
    text = CALENDARS.format(
        bursts=", ".join(f'"{_time(begin)}-{_time(begin + 60)}"' for begin in BURSTS),
        morning=chance.choice(["08:00", "09:00", "09:30"]),
        evening=chance.choice(["17:00", "16:00", "19:30"]),
    )
    left_out = chance.choice([*CAMPAIGNS, "", "", "", ""])
    for name, campaign in CAMPAIGNS.items():
        if whole or name != left_out:
            text += f"  {name}: {campaign}\n"
    if chance.random() < 0.5:
        since = (now // 300 + chance.randint(-6, 24)) * 300
        until = since + 300 * chance.randint(1, 40)
        match = chance.choice(["", "match: {names: ['B *', 'A *']}, ", "match: {names: ['N *']}, "])
        text += f"incidents:\n  storm: {{reason: a storm, {match}from: {_iso(since)}, until: {_iso(until)}}}\n"
    return text


def lead(name: str) -> float:
    """How long before a close the job of that name is paused."""
    return LEADS.get(name[:2], 0.0)


def _time(second: int) -> str:
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()


@cache
def _read_once(sources: tuple[tuple[str, bytes], ...], workspaces: frozenset[str], now: float) -> LoadedRules:
    return load_rules(dict(sources), now=now, workspaces=workspaces)


def read_once(sources: Mapping[str, bytes], *, now: float, workspaces: frozenset[str]) -> LoadedRules:
    """Read rules as ever, but the same ones only once in half a year: many lives begin with what one read."""
    return _read_once(tuple(sorted(sources.items())), workspaces, now // HALF_A_YEAR * HALF_A_YEAR)
