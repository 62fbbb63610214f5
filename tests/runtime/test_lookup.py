"""Which job a person means."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from controller.runtime.lookup import JobNotFoundError, find_job
from controller.vogent.api import JobsApi
from tests.runtime.stage import Stage, opened_stage


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Stage, Stage]]:
    async with AsyncExitStack() as stack:
        stages = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            stages.append(await stack.enter_async_context(opened_stage(tmp_path / name)))
        yield stages[0], stages[1]


def apis(*stages: Stage) -> dict[str, JobsApi]:
    return {f"w{number}": stage.api for number, stage in enumerate(stages)}


async def test_an_id_a_name_and_a_workspace_with_an_id_each_mean_the_job(stage: Stage) -> None:
    job = stage.add(name="US renewals east")
    stage.add(name="US renewals west")
    for text in (job, "US renewals east", f"main/{job}"):
        found = await find_job({"main": stage.api}, text)
        assert (found.key.id, found.name) == (job, "US renewals east")


async def test_nothing_that_fits_is_said_with_the_text(stage: Stage) -> None:
    stage.add(name="US renewals east")
    for text in ("US renewals", "main/US renewals east", "elsewhere/j"):
        with pytest.raises(JobNotFoundError, match=f"no job has the id or the name '{text}'"):
            await find_job({"main": stage.api}, text)


async def test_a_name_of_several_jobs_names_them(stage: Stage) -> None:
    jobs = sorted(f"main/{stage.add(name='twin')}" for _ in range(2))
    with pytest.raises(JobNotFoundError) as caught:
        await find_job({"main": stage.api}, "twin")
    assert str(caught.value) == f"'twin' means several jobs: give one of {jobs[0]}, {jobs[1]}"


async def test_a_name_with_a_slash_is_a_name_where_no_workspace_has_its_beginning(stage: Stage) -> None:
    job = stage.add(name="east/west")
    assert (await find_job({"main": stage.api}, "east/west")).key.id == job


async def test_every_workspace_is_asked(two: tuple[Stage, Stage]) -> None:
    job = two[1].add(name="only here")
    for text in ("only here", job):
        assert (await find_job(apis(*two), text)).key.id == job
