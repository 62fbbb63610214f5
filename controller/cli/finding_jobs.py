"""The jobs that are named on the command line."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import click

from controller.cli.context import start_logs
from controller.cli.exit_codes import FAILED
from controller.cli.live import Live, open_live
from controller.cli.run import LOG_FLUSH_SECONDS
from controller.clock import Clock
from controller.core.job import Job, JobKey
from controller.runtime.lookup import JobNotFoundError, find_job
from controller.settings import Settings
from controller.vogent.errors import ApiError

Look = Callable[[Live], Awaitable[list[Job]]]


def find_jobs(settings: Settings, clock: Clock, look: Look) -> list[Job]:
    """Look for jobs in the workspaces; where one is not found, say so and exit. Raises ApiError."""
    logs = start_logs(settings, clock, level="error")

    async def main() -> list[Job]:
        async with open_live(settings) as live:
            return await look(live)

    try:
        return asyncio.run(main())
    except JobNotFoundError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(FAILED) from None
    finally:
        logs.close(LOG_FLUSH_SECONDS)


def named_jobs(settings: Settings, clock: Clock, texts: Sequence[str]) -> list[Job]:
    """The jobs that these texts mean. Raises ApiError."""

    async def look(live: Live) -> list[Job]:
        return [await find_job(live.apis, text) for text in texts]

    return find_jobs(settings, clock, look)


def keys_to_stop(settings: Settings, clock: Clock, texts: Sequence[str]) -> dict[JobKey, str]:
    """The same, with their names, for those who stop something: where nobody can be asked, `workspace/id` is taken as
    it is written, since a stop must not wait for the API. Raises ApiError for anything else.
    """
    written = [
        JobKey(*text.split("/", 1)) for text in texts if text.partition("/")[0] in settings.workspaces and "/" in text
    ]
    try:
        return {job.key: job.name for job in named_jobs(settings, clock, texts)}
    except ApiError as error:
        if len(written) < len(texts):
            click.echo("With workspace/id no job needs to be looked up.", err=True)
            raise
        click.echo(f"warning: not looked up ({error}); taken as written", err=True)
        return {key: key.id for key in written}
