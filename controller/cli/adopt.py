"""`adopt`: making people's pauses ours."""

import asyncio
from pathlib import Path
from typing import Any

import click

from controller.cli.carrying_out import Ours, Place, answers_json, carry_out, jobs_body, tell_answers
from controller.cli.context import read_rulebook, read_settings, the_clock
from controller.cli.failures import reporting_failures
from controller.cli.finding_jobs import find_jobs, named_jobs
from controller.cli.live import Live
from controller.cli.options import author_option, config_option, output_option, reason_option
from controller.core.job import Job, Status
from controller.core.rulebook import Rulebook
from controller.shown.printable import printable


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
    if campaign is None:
        found = named_jobs(settings, clock, jobs)
    else:
        name = campaign
        found = find_jobs(settings, clock, lambda live: _unclaimed(live, name, rulebook))
    if not found:
        click.echo("No PAUSED job without a claim matches: nothing to adopt.", err=True)
        return
    for job in found:
        click.echo(printable(f"{job.name} ({job.key}), {job.status_text}"), err=True)
    if not yes:
        click.confirm(
            f"Adopt these {len(found)} pause(s)? They are resumed when their campaigns are open.", abort=True, err=True
        )
    keys = [job.key for job in found]

    async def without_daemon(ours: Ours) -> list[dict[str, Any]]:
        return answers_json(await ours.ownership.adopt(keys, author, reason, "store"))

    body = jobs_body(keys, author, reason)
    answers = carry_out(Place(settings, clock, rulebook), "/api/v1/claims/adopt", body, without_daemon)
    tell_answers(output, answers, "adopted")


async def _unclaimed(live: Live, campaign: str, rulebook: Rulebook) -> list[Job]:
    listings = await asyncio.gather(*(api.list_jobs(Status.PAUSED) for api in live.apis.values()))
    jobs = [job for listing in listings for job in listing.jobs]
    wanted = rulebook.campaigns[campaign]
    return [job for job in jobs if wanted in rulebook.campaigns_of(job) and job.key not in live.claims]
