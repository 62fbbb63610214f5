"""What identifies rules: a hash of their meaning, and one of their bytes."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from controller.rules.schema import CalendarRule, CampaignRule, IncidentRule, SelectorRule

_DIGITS = 12


def revision_of(
    calendars: Mapping[str, CalendarRule],
    campaigns: Mapping[str, CampaignRule],
    incidents: Mapping[str, IncidentRule],
) -> str:
    """The first 12 hex digits of the SHA-256 of the rules in canonical JSON.

    Comments, spelling, the order of keys and items, and how rules are split into files make no difference. Which days
    are holidays is not in it: the versions of their data stand beside it.
    """
    canonical = {
        "calendars": {name: _calendar(rule) for name, rule in calendars.items()},
        "campaigns": {name: _campaign(rule) for name, rule in campaigns.items()},
        "incidents": {name: _incident(rule) for name, rule in incidents.items()},
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def sources_hash(sources: Mapping[str, bytes]) -> str:
    """The SHA-256 of the files as they are, to see whether anything changed at all."""
    digest = hashlib.sha256()
    for name, data in sorted(sources.items()):
        for part in (name.encode(), data):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _calendar(rule: CalendarRule) -> dict[str, Any]:
    return {
        "timezone": rule.timezone.key,
        "hours": {
            str(day): sorted(set(windows)) for key, windows in rule.hours.items() if windows for day in key.weekdays
        },
        "holidays": sorted(json.dumps(entry.observed()) for entry in rule.holidays),
        "dates": {key.text: sorted(set(windows)) for key, windows in rule.dates.items()},
    }


def _campaign(rule: CampaignRule) -> dict[str, Any]:
    return {
        "match": _selector(rule.match),
        "calendars": sorted(set(rule.calendars)),
        "close_early": rule.close_early,
        "resume": rule.resume,
        "start": rule.start,
        "on_drift": rule.on_drift,
    }


def _incident(rule: IncidentRule) -> dict[str, Any]:
    match = None if rule.match is None else _selector(rule.match)
    return {"reason": rule.reason, "match": match, "from": rule.since, "until": rule.until}


def _selector(rule: SelectorRule) -> dict[str, list[str]]:
    return {key: sorted(items) for key, items in rule.texts().items() if items}
