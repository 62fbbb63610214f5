"""`hold`: a person's instruction that a job must not dial."""

import math
from pathlib import Path
from typing import Any

import click

from controller.cli.carrying_out import Ours, Place, answers_json, carry_out, jobs_body, tell_answers
from controller.cli.context import read_settings, rules_or_none, the_clock
from controller.cli.failures import reporting_failures
from controller.cli.finding_jobs import keys_to_stop
from controller.cli.options import INSTANT, author_option, config_option, output_option, reason_option
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.runtime.control_rows import Actor


@click.command()
@click.argument("jobs", nargs=-1, required=True)
@reason_option
@author_option
@click.option("--until", type=INSTANT, help="When it ends by itself (default: when somebody releases it).")
@config_option
@output_option
@reporting_failures
def hold(jobs: tuple[str, ...], reason: str, author: str, until: Instant | None, config: Path, output: str) -> None:
    """Pause these JOBs now and keep them paused, whatever their campaigns say, until they are released."""
    settings = read_settings(config)
    clock = the_clock(settings)
    names = keys_to_stop(settings, clock, jobs)
    place = Place(settings, clock, rules_or_none(settings, clock.now()))

    async def without_daemon(ours: Ours) -> list[dict[str, Any]]:
        end = math.inf if until is None else until
        return answers_json(await ours.operations.hold(list(names), end, Actor(author, "store"), reason))

    body = jobs_body(list(names), author, reason) | ({} if until is None else {"until": rfc3339(until)})
    answers = carry_out(place, "/api/v1/holds", body, without_daemon, names)
    tell_answers(output, answers, "held" if until is None else f"held until {rfc3339(until)}")
