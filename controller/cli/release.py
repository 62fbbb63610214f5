"""`release`: removing the holds from a job, or ending our ownership of a pause."""

from pathlib import Path
from typing import Any

import click

from controller.cli.carrying_out import Ours, Place, answers_json, carry_out, jobs_body, tell_answers
from controller.cli.context import read_settings, rules_or_none, the_clock
from controller.cli.failures import reporting_failures
from controller.cli.finding_jobs import keys_to_stop, named_jobs
from controller.cli.options import author_option, config_option, output_option, reason_option
from controller.core.job import JobKey
from controller.runtime.control_rows import Actor


@click.command()
@click.argument("jobs", nargs=-1, required=True)
@click.option("--claim", is_flag=True, help="End our ownership of the pause instead; it stays in place.")
@reason_option
@author_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@config_option
@output_option
@reporting_failures
def release(jobs: tuple[str, ...], claim: bool, reason: str, author: str, yes: bool, config: Path, output: str) -> None:
    """Remove every hold from these JOBs: they dial again when their campaigns are open and the pause is ours.

    With --claim, end our ownership of the pauses on these JOBs and send nothing: they stay paused, for others to
    resume.
    """
    settings = read_settings(config)
    clock = the_clock(settings)
    place = Place(settings, clock, rules_or_none(settings, clock.now()))
    if claim:
        keys = [job.key for job in named_jobs(settings, clock, jobs)]
        _release_claims(place, keys, author, reason, output)
        return
    names = keys_to_stop(settings, clock, jobs)
    if not yes:
        click.confirm(f"Remove every hold from {len(names)} job(s)? They may dial then.", abort=True, err=True)

    async def without_daemon(ours: Ours) -> list[dict[str, Any]]:
        return answers_json(await ours.operations.release(list(names), Actor(author, "store"), reason))

    body = jobs_body(list(names), author, reason)
    answers = carry_out(place, "/api/v1/holds/release", body, without_daemon, names)
    tell_answers(output, answers, "released")


def _release_claims(place: Place, keys: list[JobKey], author: str, reason: str, output: str) -> None:
    async def without_daemon(ours: Ours) -> list[dict[str, Any]]:
        return answers_json(await ours.ownership.release(keys, author, reason, "store"))

    body = jobs_body(keys, author, reason)
    tell_answers(output, carry_out(place, "/api/v1/claims/release", body, without_daemon), "released")
