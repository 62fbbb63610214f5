"""Rules that were loaded, written out as YAML again: from the values alone, and for holidays from what defined them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime

from controller.core.calendar import Calendar, Windows
from controller.core.campaign import Campaign, Incident, RuleSet, Selector
from controller.rules.clock_text import window_text
from controller.rules.day_keys import WEEKDAYS
from controller.rules.holiday_rule import HolidayRule
from controller.rules.holidays import Years
from controller.rules.yaml_text import parse_document


def written_out(rules: RuleSet, years: Years) -> str:
    """Give one file that says the same: every key on a line of its own, every text in single quotes."""
    lines = ["calendars:"]
    for calendar in rules.calendars.values():
        lines += _calendar(calendar, _holiday_rules(rules.sources, calendar.name, years))
    lines.append("campaigns:")
    for campaign in rules.campaigns:
        lines += _campaign(campaign)
    lines.append("incidents:")
    for incident in rules.incidents:
        lines += _incident(incident)
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _windows(windows: Windows) -> str:
    return _list(tuple(map(window_text, windows)))


def _calendar(calendar: Calendar, holidays: list[HolidayRule]) -> Iterator[str]:
    yield f"  {_quoted(calendar.name)}:"
    yield f"    timezone: {_quoted(calendar.zone.key)}"
    yield "    hours:"
    for day, windows in zip(WEEKDAYS, calendar.hours, strict=True):
        yield f"      {day}: {_windows(windows)}"
    yield "    holidays:" if holidays else "    holidays: []"
    for rule in holidays:
        yield f"      - country: {_quoted(rule.country)}"
        yield f"        subdivision: {_quoted(rule.subdivision or 'none')}"
        yield f"        categories: {_list(tuple(rule.categories))}"
        yield f"        without: {_list(tuple(rule.without))}"
    entries = list(_dates(calendar))
    yield "    dates:" if entries else "    dates: {}"
    for key, windows in entries:
        yield f"      {key}: {_windows(windows)}"


def _dates(calendar: Calendar) -> Iterator[tuple[str, Windows]]:
    yield from ((str(day), windows) for day, windows in calendar.dates.exact.items())
    yield from ((f"{first}..{last}", windows) for first, last, windows in calendar.dates.ranges)
    yield from ((str(day), windows) for day, windows in calendar.dates.yearly.items())
    yield from ((f"{first}..{last}", windows) for first, last, windows in calendar.dates.yearly_ranges)


def _holiday_rules(sources: Mapping[str, str], calendar: str, years: Years) -> list[HolidayRule]:
    """Find what defined a calendar's holidays: its dates cannot be written as anything but `dates`."""
    for file, text in sources.items():
        document, _problems = parse_document(file, text.encode())
        plain = document.plain() if document else None
        entries = (plain or {}).get("calendars") or {}
        if calendar in entries:
            raw = entries[calendar].get("holidays", [])
            return [HolidayRule.model_validate(each, context=years) for each in raw]
    raise AssertionError(f"no file defines {calendar!r}")


def _campaign(campaign: Campaign) -> Iterator[str]:
    yield f"  {_quoted(campaign.name)}:"
    yield from _selector(campaign.match)
    yield f"    calendars: {_list(tuple(calendar.name for calendar in campaign.calendars))}"
    yield f"    close_early: {campaign.close_early}s"
    yield f"    resume: {campaign.resume}"
    yield f"    start: {str(campaign.start).lower()}"
    yield f"    on_drift: {campaign.on_drift}"


def _incident(incident: Incident) -> Iterator[str]:
    yield f"  {_quoted(incident.name)}:"
    yield f"    reason: {_quoted(incident.reason)}"
    yield f"    from: {_instant(incident.since)}"
    if incident.until != math.inf:
        yield f"    until: {_instant(incident.until)}"
    if incident.match is not None:
        yield from _selector(incident.match)


def _selector(selector: Selector) -> Iterator[str]:
    yield "    match:"
    for field in fields(selector):
        items = getattr(selector, field.name)
        if field.init and items:
            yield f"      {field.name}: {_list(items)}"


def _instant(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()
