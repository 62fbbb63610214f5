"""The service's file and the rules: read as every other command reads them, each problem and doubt a check."""

from dataclasses import dataclass
from pathlib import Path

from controller.clock import Clock
from controller.core.campaign import RuleSet
from controller.doctor.check import Check, fail, ok, warn
from controller.doctor.writable import is_folder
from controller.rules.loader import LoadedRules, load_rules_folder
from controller.rules.problem import RulesError
from controller.settings import Settings, load_settings

_CONFIG, _RULES = "configuration", "rules"
_MEND = "mend it at its place; `check` tells the same"


@dataclass(frozen=True, slots=True)
class Files:
    """What the files say, None where they are wrong; `rules_folder` is where rules are, or would be."""

    rules_folder: Path
    rules: RuleSet | None
    checks: tuple[Check, ...]


def read_configuration(config: Path) -> tuple[Settings | None, tuple[Check, ...]]:
    """The settings, None where they are wrong."""
    try:
        settings = load_settings(config)
    except RulesError as error:
        return None, tuple(fail(_CONFIG, str(config), str(problem), _MEND) for problem in error.problems)
    names = ", ".join(settings.workspaces)
    return settings, (ok(_CONFIG, str(config), f"{len(settings.workspaces)} workspace(s): {names}"),)


def read_rules(config: Path, settings: Settings | None, clock: Clock) -> Files:
    """The rules. Where the configuration is wrong, those in the folder beside it, if there is one, as `check` does."""
    folder = settings.rules if settings else config.parent / "rules"
    if settings is None and not is_folder(folder):
        return Files(folder, None, ())
    workspaces = frozenset(settings.workspaces) if settings else None
    try:
        loaded = load_rules_folder(folder, now=clock.now(), workspaces=workspaces)
    except RulesError as error:
        wrong = tuple(fail(_RULES, str(folder), str(problem), _MEND) for problem in error.problems)
        return Files(folder, None, wrong)
    return Files(folder, loaded.rules, (_loaded(folder, loaded), *_lint(folder, loaded)))


def _loaded(folder: Path, loaded: LoadedRules) -> Check:
    rules = loaded.rules
    counts = (
        f"{len(rules.campaigns)} campaign(s), {len(rules.calendars)} calendar(s), {len(rules.incidents)} incident(s)"
    )
    return ok(_RULES, str(folder), f"{counts}; revision {rules.revision}; holidays {loaded.holidays_version}")


def _lint(folder: Path, loaded: LoadedRules) -> list[Check]:
    return [warn(_RULES, str(folder), str(warning), "see whether it is meant") for warning in loaded.warnings]
