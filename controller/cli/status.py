"""`status`: everything as the daemon sees it, once or again and again."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from controller.cli.context import read_settings
from controller.cli.failures import reporting_failures
from controller.cli.incident import covers_text, opened_by
from controller.cli.options import config_option, output_option
from controller.cli.output import console, show
from controller.cli.sheet import Sheet
from controller.settings import Settings
from controller.shown.printable import printable
from controller.web.daemon_client import DaemonError, ask_daemon

if TYPE_CHECKING:
    from rich.console import Group

_FIELDS = (
    "at",
    "summary",
    "ready",
    "alive",
    "degraded",
    "durable",
    "revision",
    "rules_rejected",
    "next_transition",
    "by_status",
    "by_reason",
    "by_because",
    "incidents",
    "holds",
    "claims",
    "findings",
    "jobs",
)
_PAGE = 1000
"""Jobs that are asked for at once."""
_MOST_ROWS = 50
"""Rows of jobs for people; machines get all."""


@click.command()
@click.option("--watch", is_flag=True, help="Show it again and again until Ctrl-C.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="Seconds between, with --watch."
)
@config_option
@output_option
@reporting_failures
def status(watch: bool, every: float, config: Path, output: str) -> None:
    """Show the jobs, claims, holds, findings and incidents as the running daemon sees them."""
    if watch and output not in ("table", "jsonl"):
        raise click.UsageError("--watch goes with --output table or jsonl")
    settings = read_settings(config)
    if not watch:
        record = asyncio.run(_ask(settings))
        show(output, [record], _FIELDS, lambda: _page(record))
        return
    try:
        _watch(settings, every, output)
    except KeyboardInterrupt:
        return


async def _ask(settings: Settings) -> dict[str, Any]:
    """Raises DaemonError."""
    told, jobs = await asyncio.gather(ask_daemon(settings.control, "GET", "/api/v1/status"), _jobs_of(settings))
    return {**told, "jobs": jobs}


async def _jobs_of(settings: Settings) -> list[dict[str, Any]]:
    """Page by page. Raises DaemonError."""
    jobs: list[dict[str, Any]] = []
    query = {"limit": str(_PAGE)}
    while True:
        page = await ask_daemon(settings.control, "GET", f"/api/v1/jobs?{urlencode(query)}")
        jobs += page
        if len(page) < _PAGE:
            return jobs
        query["after"] = f"{page[-1]['workspace']}/{page[-1]['job']}"


def _watch(settings: Settings, every: float, output: str) -> None:
    if output == "jsonl":
        while True:
            show(output, [asyncio.run(_ask(settings))], _FIELDS, str)
            time.sleep(every)
    from rich.live import Live  # noqa: PLC0415 - rich is slow to import

    with Live(console=console(), auto_refresh=False, screen=console().is_terminal) as live:
        while True:
            try:
                live.update(_page(asyncio.run(_ask(settings))), refresh=True)
            except DaemonError as error:  # it may be restarting: what was seen last would be taken for true
                live.update(printable(f"No daemon: {error}"), refresh=True)
            time.sleep(every)


def _page(record: Mapping[str, Any]) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - rich is slow to import
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    parts: list[Any] = [Text(printable(f"{record['at']}  {record['summary']}"), style="bold")]
    if not record["ready"]:
        parts.append("Not ready: no pass was verified yet.")
    elif not record["alive"]:
        parts.append("STALE: passes are not verified in time; what follows may be old.")
    for title, sheet in _sheets(record):
        parts += ["", Text(title, style="bold"), sheet]
    return Group(*parts)


def _sheets(record: Mapping[str, Any]) -> list[tuple[str, Sheet]]:
    jobs = sorted(record["jobs"], key=lambda job: (job["status"] != "ACTIVE", job["name"]))
    sheets = [(_jobs_title(len(jobs)), _jobs(jobs[:_MOST_ROWS]))]
    if record["incidents"]:
        rows: list[tuple[str, ...]] = [
            (each["incident"], each["reason"], covers_text(each), each["since"], each["until"] or "-", opened_by(each))
            for each in record["incidents"]
        ]
        sheets.append(("Incidents", Sheet(("incident", "reason", "covers", "since", "until", "by"), rows)))
    if record["holds"]:
        rows = [
            (_job(each), each["reason"], each["author"], each["since"], each["until"] or "-")
            for each in record["holds"]
        ]
        sheets.append(("Holds", Sheet(("job", "reason", "by", "since", "until"), rows)))
    orphaned = [each for each in record["claims"] if each["orphaned"]]
    if orphaned:
        rows = [(_job(each), each["detail"], each["author"], each["since"], "adopt or release") for each in orphaned]
        sheets.append(("Orphaned claims", Sheet(("job", "detail", "by", "since", "until"), rows)))
    if record["findings"]:
        rows = [(_job(each), each["finding"], each["detail"], each["since"]) for each in record["findings"]]
        sheets.append(("Findings", Sheet(("job", "finding", "detail", "since"), rows)))
    return sheets


def _jobs_title(count: int) -> str:
    more = f", the first {_MOST_ROWS} of them here" if count > _MOST_ROWS else ""
    return f"Jobs ({count}{more})"


def _jobs(jobs: list[Mapping[str, Any]]) -> Sheet:
    rows = [
        (_job(job), ", ".join(job["campaigns"]), job["status"], job["why"], job["until"] or "-", job["paused_by"])
        for job in jobs
    ]
    return Sheet(("job", "campaigns", "status", "why", "until", "paused by"), rows)


def _job(record: Mapping[str, Any]) -> str:
    return f"{record['name']}\n{record['workspace']}/{record['job']}"
