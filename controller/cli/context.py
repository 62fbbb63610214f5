"""What commands start from: settings, the clock, the rules of the files, logs on stderr."""

import math
import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

import click

from controller.clock import Clock, ShiftedClock, SystemClock
from controller.core.campaign import RuleSet
from controller.core.interval import Instant
from controller.core.rulebook import Rulebook
from controller.rules.loader import LoadedRules, load_rules_folder
from controller.rules.problem import RulesError
from controller.settings import Settings, load_settings

if TYPE_CHECKING:
    from controller.telemetry.logs import LogLevel, LogPipeline

CLOCK_VARIABLE = "CAMPAIGN_CONTROLLER_CLOCK"
"""The environment variable by which processes on loopback share a shifted clock: `start,anchor,rate`."""


def read_settings(config: Path) -> Settings:
    """The settings. Raises RulesError."""
    return load_settings(config)


def the_clock(settings: Settings | None = None) -> Clock:
    """The machine's clock, or the shifted one of the environment: never for a workspace that is not on loopback."""
    text = os.environ.get(CLOCK_VARIABLE)
    if text is None:
        return SystemClock()
    try:
        clock = ShiftedClock.parse(text)
    except ValueError as error:
        raise click.UsageError(f"{CLOCK_VARIABLE} is not start,anchor,rate, three numbers: {error}") from None
    if not all(map(math.isfinite, (clock.start, clock.anchor, clock.rate))):
        raise click.UsageError(f"{CLOCK_VARIABLE} is not start,anchor,rate: each must be a finite number")
    for workspace in settings.workspaces.values() if settings else ():
        if not _is_loopback(urlsplit(workspace.base_url).hostname or ""):
            message = (
                f"{CLOCK_VARIABLE} is set, and workspace {workspace.name} is not on loopback: "
                "real jobs are decided by the real clock only; unset it"
            )
            raise click.UsageError(message)
    return clock


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_rules(settings: Settings, now: Instant, through: Instant | None = None) -> LoadedRules:
    """The rules of the files, with warnings told on stderr. Raises RulesError."""
    loaded = load_rules_folder(settings.rules, now=now, workspaces=frozenset(settings.workspaces), through=through)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    return loaded


def read_rulebook(settings: Settings, now: Instant, through: Instant | None = None) -> Rulebook:
    """The same, ready to be asked."""
    return Rulebook(read_rules(settings, now, through).rules)


def rules_or_none(settings: Settings, now: Instant) -> Rulebook:
    """The rules of the files; none, with a warning, where they are wrong: a stop must not wait for somebody's typo."""
    try:
        return Rulebook(load_rules_folder(settings.rules, now=now, workspaces=frozenset(settings.workspaces)).rules)
    except RulesError as error:
        click.echo(f"warning: the rules files are wrong: {error.problems[0]}", err=True)
        return Rulebook(RuleSet("", {}, (), (), {}))


def start_logs(
    settings: Settings,
    clock: Clock,
    stream: TextIO | None = None,
    level: "LogLevel | None" = None,
    *,
    alarms: TextIO | None = None,
) -> "LogPipeline":
    """Logs as the settings say, on stderr unless told otherwise; errors on `alarms` too where the reader is stuck."""
    from controller.telemetry.logs import configure_logs  # noqa: PLC0415 - slow to import, and `check` logs nothing

    return configure_logs(
        settings.log.format,
        level or settings.log.level,
        stream or sys.stderr,
        now=clock.now,
        secrets=lambda: SEEN_KEYS,
        alarms=alarms,
    )


SEEN_KEYS: set[str] = set()
"""Every API key that this process has read: none of them may leave it in a log line."""
