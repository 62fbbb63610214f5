"""From rules that were found right to the core's values."""

import math
from collections.abc import Mapping
from datetime import date

from controller.core.calendar import Calendar, SpecialDates, Window
from controller.core.campaign import Campaign, Incident, Selector
from controller.rules.holidays import Years, holidays_of
from controller.rules.schema import CalendarRule, CampaignRule, IncidentRule


def calendar_of(name: str, rule: CalendarRule, years: Years) -> Calendar:
    """Build a calendar; its windows are sorted, holidays of several entries are united."""
    hours: dict[int, tuple[Window, ...]] = dict.fromkeys(range(7), ())
    hours |= {day: _windows(windows) for key, windows in rule.hours.items() for day in key.weekdays}
    names, covered = _holidays(rule, years)
    return Calendar(name, rule.timezone, tuple(hours.values()), names, covered, _dates(rule))


def campaign_of(name: str, rule: CampaignRule, calendars: Mapping[str, Calendar]) -> Campaign:
    """Build a campaign; raises KeyError for a calendar that is not there."""
    return Campaign(
        name,
        Selector(**rule.match.texts()),
        tuple(calendars[each] for each in dict.fromkeys(rule.calendars)),
        close_early=rule.close_early,
        resume=rule.resume,
        start=rule.start,
        on_drift=rule.on_drift,
    )


def incident_of(name: str, rule: IncidentRule) -> Incident:
    """Build an incident; an end that was left out is infinity."""
    until = math.inf if rule.until is None else rule.until
    match = None if rule.match is None else Selector(**rule.match.texts())
    return Incident(name, rule.reason, rule.since, until, match)


def _windows(windows: list[Window]) -> tuple[Window, ...]:
    return tuple(sorted(set(windows)))


def _holidays(rule: CalendarRule, years: Years) -> tuple[Mapping[date, tuple[str, ...]], range | None]:
    if not rule.holidays:
        return {}, None
    found = [holidays_of(entry.observed(), years) for entry in rule.holidays]
    names: dict[date, tuple[str, ...]] = {}
    for days, _ in found:
        for day, more in days.items():
            names[day] = tuple(dict.fromkeys((*names.get(day, ()), *more)))
    covered = [years for _, years in found]
    return dict(sorted(names.items())), range(max(each.start for each in covered), min(each.stop for each in covered))


def _dates(rule: CalendarRule) -> SpecialDates:
    entries = sorted((key, _windows(windows)) for key, windows in rule.dates.items())
    return SpecialDates(
        exact={key.dates[0]: windows for key, windows in entries if key.exact and not key.yearly},
        ranges=tuple((*key.dates, windows) for key, windows in entries if not key.exact and not key.yearly),
        yearly={key.month_days[0]: windows for key, windows in entries if key.exact and key.yearly},
        yearly_ranges=tuple((*key.month_days, windows) for key, windows in entries if not key.exact and key.yearly),
    )
