"""Whose pause it is: what people do beside the controller, and what it makes of that."""

from typing import Any

import pytest

from controller.core.campaign import Resume
from controller.core.job import Status
from controller.runtime.report import Trigger
from tests.core.build import campaign
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage, lines


async def test_a_persons_pause_stays_through_close_and_opening(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.sandbox.set_paused(job, paused=True)
    for instant in (OPEN + 30, SHUT, MORNING):
        await stage.at(instant)
    assert stage.status(job) is Status.PAUSED
    assert stage.sent() == []
    assert await stage.claims(job) == []
    assert [line["job"] for line in lines(logs, "job.paused_by_others")] == [job]


async def test_a_persons_resume_in_closed_hours_is_paused_again_loudly_and_counted(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add()
    await stage.at(SHUT)
    for passed in (30, 60):
        stage.sandbox.set_paused(job, paused=False)
        await stage.at(SHUT + passed)
        assert stage.status(job) is Status.PAUSED
    await stage.at(SHUT + 90)
    told = lines(logs, "job.overridden")
    assert [(line["log_level"], line["job"], line["times"]) for line in told] == [
        ("warning", job, 1),
        ("warning", job, 2),
    ]
    assert [row.actor for row in await stage.audit("job.overridden")] == ["others", "others"]
    assert await stage.states(job) == ["held"]  # still ours: it resumes at the opening
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE


async def test_a_persons_resume_while_we_were_away_is_told_too(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.sandbox.set_paused(job, paused=False)
    await stage.restart()
    await stage.at(SHUT + 60, Trigger.START)
    assert stage.status(job) is Status.PAUSED
    assert len(lines(logs, "job.overridden")) == 1


async def test_a_persons_resume_in_open_hours_ends_our_claim_so_that_their_later_pause_stays(stage: Stage) -> None:
    stage.use(campaign(resume=Resume.NEVER))
    job = stage.add()
    await stage.at(SHUT)
    await stage.at(MORNING)
    assert stage.status(job) is Status.PAUSED
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(MORNING + 30)
    assert await stage.states(job) == ["resumed_by_others"]
    stage.use(campaign())
    stage.sandbox.set_paused(job, paused=True)
    await stage.at(MORNING + 60)
    assert stage.status(job) is Status.PAUSED


async def test_a_job_that_a_campaign_never_resumes_stays_paused_and_its_claim_open(stage: Stage) -> None:
    stage.use(campaign(), campaign(name="careful", resume=Resume.NEVER))
    job = stage.add()
    await stage.at(SHUT)
    report = await stage.at(MORNING)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
    assert report.counts() == {"jobs": 1, "resume_never": 1}


async def test_resume_any_undoes_a_persons_pause_at_every_pass_in_open_hours(stage: Stage) -> None:
    stage.use(campaign(resume=Resume.ANY))
    job = stage.add(Status.PAUSED)
    for instant in (OPEN, OPEN + 30):
        await stage.at(instant)
        assert stage.status(job) is Status.ACTIVE
        stage.sandbox.set_paused(job, paused=True)
    await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
    assert await stage.claims(job) == []


async def test_resume_any_of_one_campaign_yields_to_another_that_says_own(stage: Stage) -> None:
    stage.use(campaign(resume=Resume.ANY), campaign(name="careful", resume=Resume.OWN))
    job = stage.add(Status.PAUSED)
    await stage.at(OPEN)
    assert stage.status(job) is Status.PAUSED


@pytest.mark.parametrize("instant", [OPEN, SHUT])
async def test_the_first_start_on_a_workspace_full_of_pauses_adopts_nothing_and_says_how_many(
    stage: Stage, logs: list[Any], instant: float
) -> None:
    for _ in range(7):
        stage.add(Status.PAUSED)
    report = await stage.at(instant, Trigger.START)
    assert stage.sent() == []
    assert stage.ledger.claims == {}
    assert await stage.store.open_claims() == []
    assert report.counts() == {"jobs": 7, "paused_by_others": 7}
    [line] = lines(logs, "pass.finished")
    assert (line["log_level"], line["trigger"], line["paused_by_others"]) == ("info", "start", 7)


async def test_a_restart_in_closed_hours_resumes_in_the_morning_what_was_paused_before(stage: Stage) -> None:
    job = stage.add()
    await stage.at(CLOSE)
    await stage.restart()
    await stage.at(SHUT, Trigger.START)
    assert await stage.states(job) == ["held"]
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE
