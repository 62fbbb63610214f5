"""`check`: whether the files are right, and mean what they seem to say."""

from pathlib import Path
from typing import Any

import click

from controller.cli.context import the_clock
from controller.cli.exit_codes import BAD_CONFIGURATION
from controller.cli.options import config_option, output_option
from controller.cli.output import show
from controller.rules.loader import LoadedRules, load_rules_folder
from controller.rules.problem import LintWarning, Problem, RulesError
from controller.settings import Settings, campaign_problems, load_settings

_FIELDS = ("severity", "file", "line", "column", "key_path", "message")


@click.command()
@config_option
@output_option
def check(config: Path, output: str) -> None:
    """Validate the configuration and the rules, and lint them. Exit 2 if anything is wrong; warnings are no failure."""
    problems: list[Problem] = []
    settings = _settings(config, problems)
    loaded = _rules(config, settings, problems)
    if loaded is not None:
        problems += campaign_problems(config, {campaign.name for campaign in loaded.rules.campaigns})
    warnings = loaded.warnings if loaded else ()
    records = [_record("error", each) for each in problems] + [_record("warning", each) for each in warnings]
    if output == "table":
        _tell(problems, warnings, loaded)
    else:
        show(output, records, _FIELDS, lambda: "")
    if problems:
        raise SystemExit(BAD_CONFIGURATION)


def _settings(config: Path, problems: list[Problem]) -> Settings | None:
    try:
        return load_settings(config)
    except RulesError as error:
        problems += error.problems
        return None


def _rules(config: Path, settings: Settings | None, problems: list[Problem]) -> LoadedRules | None:
    """Where the configuration is wrong, the rules beside it are checked all the same: every problem at once."""
    folder = settings.rules if settings else config.parent / "rules"
    if settings is None and not folder.is_dir():
        return None
    workspaces = frozenset(settings.workspaces) if settings else None
    try:
        return load_rules_folder(folder, now=the_clock().now(), workspaces=workspaces)
    except RulesError as error:
        problems += error.problems
        return None


def _record(severity: str, remark: Problem | LintWarning) -> dict[str, Any]:
    return {
        "severity": severity,
        "file": remark.file,
        "line": remark.line,
        "column": remark.column,
        "key_path": remark.key_path,
        "message": remark.message,
    }


def _tell(problems: list[Problem], warnings: tuple[LintWarning, ...], loaded: LoadedRules | None) -> None:
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if problems:
        click.echo(f"{len(problems)} error(s), {len(warnings)} warning(s)", err=True)
    elif loaded is not None:
        rules = loaded.rules
        click.echo(
            f"ok: {len(rules.campaigns)} campaign(s), {len(rules.calendars)} calendar(s), "
            f"{len(rules.incidents)} incident(s); revision {rules.revision}; "
            f"tzdata {loaded.tzdata_version}, holidays {loaded.holidays_version}; {len(warnings)} warning(s)"
        )
