"""What no single value shows: names that nothing defines, days that two keys claim.

Works on what the files say, so that one wrong value hides none of this.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from controller.rules.day_keys import WEEKDAYS, DateKey, parse_date_key, parse_day_key
from controller.rules.entries import Named
from controller.rules.problem import Problem
from controller.rules.schema import CalendarRule, CampaignRule, IncidentRule
from controller.rules.wording import nearest, shown

Key = TypeVar("Key")


def campaign_problems(
    campaigns: Iterable[Named[CampaignRule]],
    calendars: Collection[str] | None,
    workspaces: Collection[str] | None,
) -> Iterator[Problem]:
    """Find names of calendars and workspaces that nothing defines; None is: not known, so nothing is said."""
    for entry in campaigns:
        yield from _unknown(entry, ("calendars",), "a calendar", calendars)
        yield from _unknown_workspaces(entry, workspaces)


def incident_problems(
    incidents: Iterable[Named[IncidentRule]],
    campaigns: Collection[str] | None,
    workspaces: Collection[str] | None,
) -> Iterator[Problem]:
    """Find names of campaigns and workspaces that nothing defines."""
    for entry in incidents:
        for key in ("campaigns", "except_campaigns"):
            yield from _unknown(entry, ("match", key), "a campaign", campaigns)
        yield from _unknown_workspaces(entry, workspaces)


def calendar_problems(calendars: Iterable[Named[CalendarRule]]) -> Iterator[Problem]:
    """Find weekdays and dates that two keys of one calendar claim."""
    for entry in calendars:
        yield from _days_twice(entry)
        yield from _dates_twice(entry)


def _unknown_workspaces(entry: Named[Any], known: Collection[str] | None) -> Iterator[Problem]:
    for key in ("workspaces", "except_workspaces"):
        yield from _unknown(entry, ("match", key), "a workspace", known)


def _unknown(entry: Named[Any], path: tuple[str, ...], what: str, known: Collection[str] | None) -> Iterator[Problem]:
    items = entry.raw
    for key in path:
        items = items.get(key) if isinstance(items, dict) else None
    if known is None or not isinstance(items, list):
        return
    for index, item in enumerate(items):
        if isinstance(item, str) and item not in known:
            message = f"{shown(item)} is not {what}, {nearest(item, known)}"
            yield entry.document.problem((*entry.path, *path, index), message)


def _days_twice(entry: Named[CalendarRule]) -> Iterator[Problem]:
    first: dict[int, str] = {}
    for key in _keys(entry, "hours", parse_day_key):
        for day in key.weekdays:
            if day in first:
                path = (*entry.path, "hours", key.text)
                wrong = f"{WEEKDAYS[day]} is already given by {first[day]!r}, give each weekday once"
                yield entry.document.key_problem(path, wrong)
                break
            first[day] = key.text


def _dates_twice(entry: Named[CalendarRule]) -> Iterator[Problem]:
    keys = list(_keys(entry, "dates", parse_date_key))
    for earlier, key in sorted({pair for yearly in (False, True) for pair in _overlaps(keys, yearly=yearly)}):
        path = (*entry.path, "dates", keys[key].text)
        shared = keys[key].shared_with(keys[earlier])
        wrong = f"{shared} is already in {keys[earlier].text!r}, a range of the same kind; let only one have it"
        yield entry.document.key_problem(path, wrong)


def _overlaps(keys: Sequence[DateKey], *, yearly: bool) -> Iterator[tuple[int, int]]:
    """Find ranges of one kind that share a date, as pairs of their positions: at least one for each that shares any.

    Exact dates share none: their texts are the keys of one mapping.
    """
    spans = sorted(
        (first, last, number)
        for number, key in enumerate(keys)
        if key.yearly is yearly and not key.exact
        for first, last in key.spans()
    )
    until, owner = "", -1
    for first, last, number in spans:
        if first <= until:
            yield min(owner, number), max(owner, number)
        if last > until:
            until, owner = last, number


def _keys(entry: Named[CalendarRule], field: str, parse: Callable[[object], Key]) -> Iterator[Key]:
    """Give the keys that can be read; the others are reported with their values."""
    section = entry.raw.get(field) if isinstance(entry.raw, dict) else None
    for key in section if isinstance(section, Mapping) else ():
        try:
            yield parse(key)
        except ValueError:
            continue
