"""Somebody resumes a closed job again and again: it is paused every time, counted, and raised once."""

from typing import Any

from controller.core.job import JobKey, Status
from tests.runtime.stage import SHUT, Stage, lines


async def override(stage: Stage, job: str, instant: float) -> None:
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(instant)
    assert stage.status(job) is Status.PAUSED


async def test_it_is_raised_once_with_the_count_and_goes_when_it_is_over(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(SHUT)
    for number in range(1, 6):
        await override(stage, job, SHUT + 60 * number)
    await stage.at(SHUT + 400)
    assert [line["times"] for line in lines(logs, "job.overridden")] == [1, 2, 3, 4, 5]
    [raised] = lines(logs, "job.contested")
    assert (raised["log_level"], raised["job"]) == ("error", job)
    [(finding, _since)] = await stage.store.open_findings()
    assert (finding.kind, finding.facts) == ("tug_of_war", {"times": 5})
    await stage.at(SHUT + 300 + 3601)
    assert await stage.findings() == []
    assert len(lines(logs, "job.contested")) == 1


async def test_now_and_then_is_no_tug_of_war(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    for hour in range(1, 5):
        await override(stage, job, SHUT + 2000 * hour)
    assert await stage.findings() == []


async def test_a_job_that_vanishes_takes_its_count_with_it(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    for number in range(1, 5):
        await override(stage, job, SHUT + 60 * number)
    await stage.at(SHUT + 300)
    assert await stage.findings() == ["tug_of_war"]
    stage.delete(job)
    await stage.at(SHUT + 330)
    assert await stage.findings() == []


async def test_a_job_that_is_finished_takes_its_count_with_it(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    await override(stage, job, SHUT + 60)
    stage.finish(job)
    await stage.at(SHUT + 90)
    assert stage.reconciler._overrides.add(JobKey("main", job), SHUT + 100) == 1
