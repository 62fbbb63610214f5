"""Finding the job that a person means: an id, `workspace/id`, or a unique name."""

import asyncio
from collections.abc import Mapping

from controller.core.job import Job
from controller.vogent.api import JobsApi
from controller.vogent.errors import NotFound


class JobNotFoundError(LookupError):
    """No job, or several, fit the text."""


async def find_job(apis: Mapping[str, JobsApi], text: str) -> Job:
    """Raises JobNotFoundError, and ApiError where a workspace cannot be asked."""
    workspace, slash, job_id = text.partition("/")
    if slash and workspace in apis:
        found = await _by_id({workspace: apis[workspace]}, job_id)
    else:
        found = await _by_id(apis, text) or await _by_name(apis, text)
    if not found:
        raise JobNotFoundError(f"no job has the id or the name {text!r}")
    if len(found) > 1:
        names = ", ".join(sorted(str(job.key) for job in found))
        raise JobNotFoundError(f"{text!r} means several jobs: give one of {names}")
    return found[0]


async def _by_id(apis: Mapping[str, JobsApi], job_id: str) -> list[Job]:
    async def ask(api: JobsApi) -> Job | None:
        try:
            return await api.get_job(job_id)
        except NotFound:
            return None

    answers = await asyncio.gather(*(ask(api) for api in apis.values()))
    return [job for job in answers if job is not None]


async def _by_name(apis: Mapping[str, JobsApi], name: str) -> list[Job]:
    listings = await asyncio.gather(*(api.list_jobs(None) for api in apis.values()))
    return [job for listing in listings for job in listing.jobs if job.name == name]
