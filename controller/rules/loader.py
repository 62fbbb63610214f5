"""Rules files to a `RuleSet`, all or nothing.

Slow to call at first, since it imports what knows the holidays: call it off the event loop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from controller.core.campaign import RuleSet
from controller.core.interval import Instant
from controller.rules.build import calendar_of, campaign_of, incident_of
from controller.rules.crosschecks import calendar_problems, campaign_problems, incident_problems
from controller.rules.document import Document
from controller.rules.entries import Named, Rule, read_section, section_problems
from controller.rules.folder import read_rules_folder, read_what_can_be_read
from controller.rules.holidays import Years, holidays_version
from controller.rules.lint import lint
from controller.rules.problem import LintWarning, Problem, RulesError
from controller.rules.revision import revision_of, sources_hash
from controller.rules.schema import CalendarRule, CampaignRule, IncidentRule
from controller.rules.yaml_text import parse_document

__all__ = ["LoadedRules", "load_rules", "load_rules_folder", "read_rules_folder", "sources_hash"]

_FARTHEST = 100
"""Years beyond those needed for which holidays are looked up at most."""


@dataclass(frozen=True, slots=True)
class LoadedRules:
    """Rules in force or to come in force, what is doubtful about them, and the versions of the data behind them."""

    rules: RuleSet
    warnings: tuple[LintWarning, ...]
    tzdata_version: str
    holidays_version: str


def load_rules(
    sources: Mapping[str, bytes],
    *,
    now: Instant,
    workspaces: frozenset[str] | None = None,
    through: Instant | None = None,
) -> LoadedRules:
    """Read rules from files by name. Raises RulesError with every problem of all of them.

    Holidays are known from last year to the year after next, and as far as `through` where that is outside.
    `workspaces` are the known names; None leaves them unchecked.
    """
    return _load(sources, [], now, workspaces, through)


def load_rules_folder(
    path: Path,
    *,
    now: Instant,
    workspaces: frozenset[str] | None = None,
    through: Instant | None = None,
) -> LoadedRules:
    """Read rules from a folder, as `load_rules` does; a file that cannot be read hides no problem of the others."""
    sources, problems = read_what_can_be_read(path)
    return _load(sources, problems, now, workspaces, through)


def holiday_years(now: Instant, through: Instant | None) -> Years:
    """Say for which years holidays are loaded."""
    this_year = datetime.fromtimestamp(now, UTC).year
    needed = range(this_year - 1, this_year + 3)
    if through is None:
        return Years(needed, needed)
    # A zone's year may differ from UTC's around New Year.
    asked = datetime.fromtimestamp(through, UTC).year
    first = max(min(needed.start, asked - 1), needed.start - _FARTHEST)
    last = min(max(needed.stop, asked + 2), needed.stop + _FARTHEST)
    return Years(needed, range(first, last))


def _load(
    sources: Mapping[str, bytes],
    problems: list[Problem],
    now: Instant,
    workspaces: frozenset[str] | None,
    through: Instant | None,
) -> LoadedRules:
    years = holiday_years(now, through)
    documents, wrong = _documents(sources)
    # What an unreadable file defines is unknown, so no name can be called undefined.
    complete = not problems and len(documents) == len(sources)
    problems = [*problems, *wrong, *(each for document in documents for each in section_problems(document))]
    calendars, wrong = read_section(documents, "calendars", CalendarRule, years)
    problems += [*wrong, *calendar_problems(calendars.values())]
    campaigns, wrong = read_section(documents, "campaigns", CampaignRule, None)
    problems += [*wrong, *campaign_problems(campaigns.values(), calendars if complete else None, workspaces)]
    incidents, wrong = read_section(documents, "incidents", IncidentRule, None)
    problems += [*wrong, *incident_problems(incidents.values(), campaigns if complete else None, workspaces)]
    if problems:
        raise RulesError(problems)
    rules = _rule_set(_rules(calendars), _rules(campaigns), _rules(incidents), years, sources)
    warnings = lint(rules, calendars, campaigns, incidents, now)
    return LoadedRules(rules, warnings, metadata.version("tzdata"), holidays_version())


def _documents(sources: Mapping[str, bytes]) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for file, data in sorted(sources.items()):
        document, wrong = parse_document(file, data)
        problems += wrong
        if document is not None:
            documents.append(document)
    return documents, problems


def _rules(entries: Mapping[str, Named[Rule]]) -> dict[str, Rule]:
    """Give the rules by name, sorted."""
    return {name: entry.rule for name, entry in sorted(entries.items()) if entry.rule is not None}


def _rule_set(
    calendars: Mapping[str, CalendarRule],
    campaigns: Mapping[str, CampaignRule],
    incidents: Mapping[str, IncidentRule],
    years: Years,
    sources: Mapping[str, bytes],
) -> RuleSet:
    built = {name: calendar_of(name, rule, years) for name, rule in calendars.items()}
    return RuleSet(
        revision=revision_of(calendars, campaigns, incidents),
        calendars=built,
        campaigns=tuple(campaign_of(name, rule, built) for name, rule in campaigns.items()),
        incidents=tuple(incident_of(name, rule) for name, rule in incidents.items()),
        sources={name: data.decode("utf-8") for name, data in sorted(sources.items())},
    )
