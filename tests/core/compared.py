"""Provider schedules, and what the comparison with campaigns finds: for the tests of drift."""

from controller.core.campaign import Campaign
from controller.core.drift import find_drift
from controller.core.finding import Finding, FindingKind
from tests.core.build import KEY, at, calendar, provider

NOW = at("2026-06-03T12:00")  # a Wednesday; no clock is changed in the weeks that follow
WORKDAYS = range(1, 6)
EAST = calendar("east", "America/New_York")


def slots(*texts: tuple[str, str], days: range = WORKDAYS, zone: str = "UTC") -> str:
    return provider({day: list(texts) for day in days}, zone)


def found(schedule: str | None, *campaigns: Campaign, now: float = NOW) -> dict[FindingKind, Finding]:
    findings = find_drift(KEY, schedule, campaigns, now)
    assert all(finding.job == KEY for finding in findings)
    assert len({finding.kind for finding in findings}) == len(findings)
    return {finding.kind: finding for finding in findings}


def wider(schedule: str, *campaigns: Campaign, now: float = NOW) -> Finding:
    findings = found(schedule, *campaigns, now=now)
    assert list(findings) == [FindingKind.SCHEDULE_WIDER]
    return findings[FindingKind.SCHEDULE_WIDER]


def spans(finding: Finding, key: str = "forbidden") -> list[tuple[str, str]]:
    return [(each["from"], each["until"]) for each in finding.facts[key]]
