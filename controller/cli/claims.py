"""`adopt` and `release --claim`: what people change of our ownership."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from controller.build import new_id, open_clients
from controller.cli.context import SEEN_KEYS, read_rulebook, read_settings, start_logs, the_clock
from controller.cli.failures import FAILED, reporting_failures
from controller.cli.live import Live, open_live
from controller.cli.options import author_option, config_option, output_option, reason_option
from controller.cli.output import printable, show
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.clock import Clock
from controller.core.job import Job, Status
from controller.core.rulebook import Rulebook
from controller.runtime.control import OwnershipRequest, ask_daemon
from controller.runtime.ledger import Ledger
from controller.runtime.lookup import JobNotFoundError, find_job
from controller.runtime.ownership import Answer, Ownership
from controller.settings import Settings
from controller.store.errors import StoreLocked
from controller.store.store import Store

_FIELDS = ("workspace", "job", "name", "problem")


@click.command()
@click.argument("jobs", nargs=-1)
@click.option("--campaign", help="Every PAUSED job of this campaign that nobody claimed.")
@reason_option
@author_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@config_option
@output_option
@reporting_failures
def adopt(
    jobs: tuple[str, ...], campaign: str | None, reason: str, author: str, yes: bool, config: Path, output: str
) -> None:
    """Make the pauses on these PAUSED jobs ours: they are resumed when their campaigns are open."""
    if bool(jobs) == (campaign is not None):
        raise click.UsageError("give either JOBs or --campaign")
    settings = read_settings(config)
    clock = the_clock(settings)
    rulebook = read_rulebook(settings, clock.now())
    if campaign is not None and campaign not in rulebook.campaigns:
        known = ", ".join(rulebook.campaigns) or "none"
        raise click.UsageError(f"there is no campaign {campaign!r}; the rules define {known}")
    found = _found(settings, clock, jobs, campaign, rulebook)
    if not found:
        click.echo("No PAUSED job without a claim matches: nothing to adopt.", err=True)
        return
    for job in found:
        click.echo(printable(f"{job.name} ({job.key}), {job.status_text}"), err=True)
    if not yes:
        click.confirm(
            f"Adopt these {len(found)} pause(s)? They are resumed when their campaigns are open.", abort=True, err=True
        )
    request = OwnershipRequest.of([job.key for job in found], author, reason)
    _carry_out(settings, clock, rulebook, "adopt", request, output)


@click.command()
@click.argument("jobs", nargs=-1, required=True)
@click.option("--claim", is_flag=True, required=True, help="End our ownership of the pause; it stays in place.")
@reason_option
@author_option
@config_option
@output_option
@reporting_failures
def release(jobs: tuple[str, ...], claim: bool, reason: str, author: str, config: Path, output: str) -> None:  # noqa: ARG001 - the flag says what is released
    """End our ownership of the pauses on these JOBs and send nothing: they stay paused, for others to resume."""
    settings = read_settings(config)
    clock = the_clock(settings)
    rulebook = read_rulebook(settings, clock.now())
    found = _found(settings, clock, jobs, None, rulebook)
    request = OwnershipRequest.of([job.key for job in found], author, reason)
    _carry_out(settings, clock, rulebook, "release", request, output)


def _found(
    settings: Settings, clock: Clock, texts: Sequence[str], campaign: str | None, rulebook: Rulebook
) -> list[Job]:
    logs = start_logs(settings, clock, level="error")

    async def main() -> list[Job]:
        async with open_live(settings) as live:
            if campaign is not None:
                return await _unclaimed(live, campaign, rulebook)
            return [await find_job(live.apis, text) for text in texts]

    try:
        return asyncio.run(main())
    except JobNotFoundError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(FAILED) from None
    finally:
        logs.close(LOG_FLUSH_SECONDS)


async def _unclaimed(live: Live, campaign: str, rulebook: Rulebook) -> list[Job]:
    listings = await asyncio.gather(*(api.list_jobs(Status.PAUSED) for api in live.apis.values()))
    jobs = [job for listing in listings for job in listing.jobs]
    wanted = rulebook.campaigns[campaign]
    return [job for job in jobs if wanted in rulebook.campaigns_of(job) and job.key not in live.claims]


def _carry_out(
    settings: Settings,
    clock: Clock,
    rulebook: Rulebook,
    verb: str,
    request: OwnershipRequest,
    output: str,
) -> None:
    """Through the daemon where one runs, else with the store's lock in our own hands."""

    async def main() -> list[Answer]:
        try:
            store = await Store.open(settings.store)
        except StoreLocked:
            return await ask_daemon(settings.control, verb, request)
        try:
            ledger = Ledger.of(store.write, await store.kept(), stored=store.open_claim)
            async with open_clients(settings, SEEN_KEYS) as clients:
                ownership = Ownership(clients, ledger, clock, lambda: rulebook, new_id)
                change = {"adopt": ownership.adopt, "release": ownership.release}[verb]
                answers = await change(request.keys, request.author, request.reason)
            await ledger.close()
            return answers
        finally:
            await store.close()

    logs = start_logs(settings, clock, level="error")
    try:
        answers = asyncio.run(main())
    finally:
        logs.close(LOG_FLUSH_SECONDS)
    show(output, [answer.as_json() for answer in answers], _FIELDS, lambda: _lines(verb, answers))
    if any(answer.problem for answer in answers):
        raise SystemExit(FAILED)


def _lines(verb: str, answers: list[Answer]) -> str:
    past = {"adopt": "adopted", "release": "released"}[verb]
    lines = (f"{answer.name} ({answer.workspace}/{answer.job}): {answer.problem or past}" for answer in answers)
    return "\n".join(map(printable, lines))
