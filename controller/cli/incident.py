"""`incident`: opening, extending, closing and listing incidents beside those of the rules."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from controller.cli.carrying_out import Ours, Place, carry_out
from controller.cli.context import read_rulebook, read_settings, rules_or_none, the_clock
from controller.cli.exit_codes import FAILED
from controller.cli.failures import reporting_failures
from controller.cli.options import INSTANT, author_option, config_option, output_option, reason_option
from controller.cli.output import show
from controller.cli.sheet import Sheet
from controller.core.campaign import Selector
from controller.core.controls import OpenedIncident
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.runtime.control_rows import Actor
from controller.runtime.operations import Done, WantedIncident
from controller.shown.printable import printable
from controller.shown.records import incident_record, opened_record
from controller.store.reader import StoreReader

_FIELDS = (
    "incident",
    "reason",
    "author",
    "source",
    "since",
    "until",
    "everything",
    "match",
    "closed_at",
    "closed_by",
    "closed_why",
    "problem",
)


@click.group()
def incident() -> None:
    """Stop jobs now, for a reason, and let go again; beside the incidents that stand in the rules."""


@incident.command("open")
@click.option("--all", "everything", is_flag=True, help="Every job of every workspace, matched or not.")
@click.option("--campaign", "campaigns", multiple=True, help="Jobs of this campaign (may be repeated).")
@click.option("--match", "names", multiple=True, help="Jobs with such a name, a pattern such as 'US *' (repeatable).")
@click.option("--workspace", "workspaces", multiple=True, help="Jobs of this workspace (may be repeated).")
@click.option("--agent", "agents", multiple=True, help="Jobs of this agent (may be repeated).")
@click.option("--id", "ids", multiple=True, help="The job with this id (may be repeated).")
@click.option("--name", help="What the incident is called (default: incident-N).")
@click.option("--until", type=INSTANT, help="When it ends by itself (default: when somebody closes it).")
@reason_option
@author_option
@config_option
@output_option
@reporting_failures
def open_(  # noqa: PLR0913, PLR0917 - one parameter an option
    everything: bool,
    campaigns: tuple[str, ...],
    names: tuple[str, ...],
    workspaces: tuple[str, ...],
    agents: tuple[str, ...],
    ids: tuple[str, ...],
    name: str | None,
    until: Instant | None,
    reason: str,
    author: str,
    config: Path,
    output: str,
) -> None:
    """Pause what it covers, now, and keep it paused until it ends.

    Without --all and without any selector it covers every job that a campaign matches. Selectors are ANDed, the values
    of one are ORed. It asks for no confirmation: stopping never does.
    """
    keys = {"campaigns": campaigns, "names": names, "workspaces": workspaces, "agents": agents, "ids": ids}
    match = {key: values for key, values in keys.items() if values}
    if everything and match:
        raise click.UsageError("--all leaves nothing to select: give one of both")
    settings = read_settings(config)
    clock = the_clock(settings)
    place = Place(settings, clock, rules_or_none(settings, clock.now()))

    async def without_daemon(ours: Ours) -> dict[str, Any]:
        wanted = WantedIncident(reason, name, _end(until), Selector(**match) if match else None, everything)
        return _done(await ours.operations.open_incident(wanted, Actor(author, "store")))

    body = _body(author, reason, until) | {"everything": everything}
    body |= ({"name": name} if name else {}) | (
        {"match": {key: list(each) for key, each in match.items()}} if match else {}
    )
    _tell(output, carry_out(place, "/api/v1/incidents", body, without_daemon), "open")


@incident.command()
@click.argument("name")
@click.option("--until", type=INSTANT, help="Its later end.")
@click.option("--open-end", is_flag=True, help="No end: until somebody closes it.")
@reason_option
@author_option
@config_option
@output_option
@reporting_failures
def extend(
    name: str, until: Instant | None, open_end: bool, reason: str, author: str, config: Path, output: str
) -> None:
    """Move the end of the incident NAME later."""
    if (until is None) != open_end:
        raise click.UsageError("give either --until or --open-end")
    settings = read_settings(config)
    clock = the_clock(settings)
    place = Place(settings, clock, rules_or_none(settings, clock.now()))

    async def without_daemon(ours: Ours) -> dict[str, Any]:
        return _done(await ours.operations.extend_incident(name, _end(until), Actor(author, "store"), reason))

    body = {"until": None} | _body(author, reason, until)
    _tell(output, carry_out(place, f"/api/v1/incidents/{quote(name, safe='')}/extend", body, without_daemon), "open")


@incident.command()
@click.argument("name")
@reason_option
@author_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@config_option
@output_option
@reporting_failures
def close(name: str, reason: str, author: str, yes: bool, config: Path, output: str) -> None:
    """End the incident NAME: what it paused dials again where its campaigns are open."""
    settings = read_settings(config)
    clock = the_clock(settings)
    place = Place(settings, clock, rules_or_none(settings, clock.now()))
    if not yes:
        click.confirm(printable(f"Close {name}? What it paused may dial then."), abort=True, err=True)

    async def without_daemon(ours: Ours) -> dict[str, Any]:
        return _done(await ours.operations.close_incident(name, Actor(author, "store"), reason))

    path = f"/api/v1/incidents/{quote(name, safe='')}/close"
    _tell(output, carry_out(place, path, _body(author, reason, None), without_daemon), "closed")


@incident.command("list")
@click.option("--closed", is_flag=True, help="Those that are over too.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The newest so many.")
@config_option
@output_option
@reporting_failures
def list_(closed: bool, limit: int, config: Path, output: str) -> None:
    """Show the incidents of the rules and those beside them, oldest first."""
    settings = read_settings(config)
    now = the_clock(settings).now()
    rules = read_rulebook(settings, now).rules

    async def main() -> list[OpenedIncident]:
        reader = await StoreReader.open(settings.store)
        if reader is None:
            return []
        try:
            return await reader.last_incidents(limit) if closed else await reader.open_incidents()
        finally:
            await reader.close()

    opened = [opened_record(each) for each in asyncio.run(main())]
    of_rules = [incident_record(each, source="rules") for each in rules.incidents if closed or each.until > now]
    records = sorted((*opened, *of_rules), key=lambda record: str(record["since"]))
    show(output, records, _FIELDS[:-1], lambda: _sheet(records))
    if not records:
        click.echo("No incident is open.", err=True)


def _end(until: Instant | None) -> Instant:
    return math.inf if until is None else until


def _body(author: str, reason: str, until: Instant | None) -> dict[str, Any]:
    return {"author": author, "reason": reason} | ({} if until is None else {"until": rfc3339(until)})


def _done(done: Done) -> dict[str, Any]:
    return opened_record(done.opened) | {"problem": done.problem}


def _tell(output: str, record: Mapping[str, Any], state: str) -> None:
    until = f" until {record['until']}" if state == "open" and record["until"] else ""
    line = printable(f"{record['incident']}: {record['problem'] or state + until}")
    show(output, [dict(record)], _FIELDS, lambda: line)
    if record["problem"]:
        raise SystemExit(FAILED)


def _sheet(records: Sequence[Mapping[str, Any]]) -> Sheet:
    return Sheet(("incident", "reason", "covers", "since", "until", "by"), [_row(record) for record in records])


def _row(record: Mapping[str, Any]) -> tuple[str, ...]:
    by = opened_by(record)
    if record["closed_at"]:
        by += f"\nclosed {record['closed_at']} by {record['closed_by']}: {record['closed_why']}"
    return record["incident"], record["reason"], covers_text(record), record["since"], record["until"] or "-", by


def opened_by(record: Mapping[str, Any]) -> str:
    """Who opened an incident, and by which way where that says more."""
    author, source = record["author"], record["source"]
    if not author:
        return "the rules"
    return author if author == source else f"{author} ({source})"


def covers_text(record: Mapping[str, Any]) -> str:
    """What an incident covers."""
    if record["everything"]:
        return "every job"
    if record["match"] is None:
        return "every job of a campaign"
    return "; ".join(f"{key}: {', '.join(items)}" for key, items in record["match"].items())
