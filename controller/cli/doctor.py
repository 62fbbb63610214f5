"""`doctor`: whether a place is ready for the daemon, before it goes live."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from controller.cli.context import SEEN_KEYS, start_logs, the_clock
from controller.cli.exit_codes import BAD_CONFIGURATION, FAILED
from controller.cli.failures import reporting_failures
from controller.cli.options import config_option, output_option
from controller.cli.output import show
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.doctor.check import Check, Verdict, failed
from controller.doctor.examination import Place, examine_place, examine_workspaces
from controller.shown.printable import printable

_FIELDS = ("check", "about", "verdict", "seen", "do")


@click.command()
@config_option
@output_option
@reporting_failures
def doctor(config: Path, output: str) -> None:
    """Check a place before the daemon goes live there, or beside it: files, keys, clock, disk, sockets, jobs.

    Changes nothing. Exit 1 if anything failed, 2 if configuration or rules are wrong; warnings are no failure.
    """
    place = examine_place(config, the_clock)
    checks = [*place.checks, *_asked(place)]
    if output == "table":
        _tell(checks)
    else:
        show(output, [_record(check) for check in checks], _FIELDS, lambda: "")
    if not place.readable:
        raise SystemExit(BAD_CONFIGURATION)
    if failed(checks):
        raise SystemExit(FAILED)


def _asked(place: Place) -> list[Check]:
    if place.settings is None:
        return []
    logs = start_logs(place.settings, place.clock, level="error")
    try:
        return asyncio.run(examine_workspaces(place, SEEN_KEYS))
    finally:
        logs.close(LOG_FLUSH_SECONDS)


def _record(check: Check) -> dict[str, Any]:
    return {
        "check": check.name,
        "about": check.about or None,
        "verdict": check.verdict.value,
        "seen": check.seen,
        "do": check.todo or None,
    }


def _tell(checks: Sequence[Check]) -> None:
    """One line each, as long as it is: it is read in a terminal, and found by grep."""
    for check in checks:
        click.echo(_line(check))
    counts = Counter(check.verdict for check in checks)
    click.echo(f"{counts[Verdict.OK]} ok, {counts[Verdict.WARN]} warning(s), {counts[Verdict.FAIL]} failure(s)")


def _line(check: Check) -> str:
    subject = f"{check.name} {check.about}".rstrip()
    text = f"{check.verdict.value:<4}  {subject}: {check.seen}{f' -> {check.todo}' if check.todo else ''}"
    return printable(text).replace("\n", "\\n")
