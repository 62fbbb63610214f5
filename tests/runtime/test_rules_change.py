"""Rules that change under jobs that are claimed."""

from typing import Any

from controller.core.campaign import Selector
from controller.core.job import Status
from tests.core.build import ALWAYS, NEVER, calendar, campaign, incident
from tests.runtime.stage import MORNING, OPEN, SHUT, Stage, lines


async def test_a_claimed_job_is_decided_anew_when_the_hours_change(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.use(campaign(calendar(hours=ALWAYS)))
    await stage.at(SHUT + 1)
    assert stage.status(job) is Status.ACTIVE
    stage.use(campaign(calendar(hours=NEVER)))
    await stage.at(SHUT + 2)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["resumed", "held"]


async def test_a_claimed_job_that_another_campaign_takes_over_resumes_by_that_ones_hours(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.use(campaign(calendar(hours=ALWAYS), name="another"))
    await stage.at(SHUT + 1)
    assert stage.status(job) is Status.ACTIVE


async def test_an_orphaned_job_stays_paused_and_is_found_once(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.use(campaign(match=Selector(names=("Texas *",))))
    for instant in (SHUT + 1, MORNING, MORNING + 30):
        await stage.at(instant)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
    assert await stage.findings() == ["orphaned_claim"]
    [line] = lines(logs, "finding.opened")
    assert (line["finding"], line["job"]) == ("orphaned_claim", job)
    assert "renewals" in line["detail"]


async def test_an_orphan_whose_campaign_comes_back_resumes_and_its_finding_goes(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(SHUT)
    before = stage.book
    stage.use(campaign(match=Selector(names=("Texas *",))))
    await stage.at(MORNING)
    stage.book = before
    await stage.at(MORNING + 30)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.findings() == []
    assert len(lines(logs, "finding.closed")) == 1


async def test_an_orphan_that_a_person_resumes_is_theirs(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.use(campaign(match=Selector(names=("Texas *",))))
    await stage.at(SHUT + 1)
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(SHUT + 61)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.states(job) == ["resumed_by_others"]
    assert await stage.findings() == []


async def test_an_incident_that_covers_everything_pauses_an_unmatched_job_and_its_end_resumes_it(stage: Stage) -> None:
    stage.use(campaign(match=Selector(names=("Texas *",))), incidents=(incident(OPEN, SHUT, everything=True),))
    job, paused = stage.add(), stage.add(Status.PAUSED)
    await stage.at(OPEN)
    assert stage.status(job) is Status.PAUSED
    assert [claim.campaigns for claim in await stage.claims(job)] == [()]
    await stage.at(SHUT)
    assert (stage.status(job), stage.status(paused)) == (Status.ACTIVE, Status.PAUSED)


async def test_an_incident_without_match_leaves_unmatched_jobs_alone(stage: Stage) -> None:
    stage.use(campaign(match=Selector(names=("Texas *",))), incidents=(incident(),))
    job = stage.add()
    await stage.at(OPEN)
    assert stage.status(job) is Status.ACTIVE


async def test_a_job_that_cannot_be_decided_is_left_and_stops_no_other(stage: Stage, logs: list[Any]) -> None:
    odd, job = stage.add(name="US odd"), stage.add()

    class Stumbling(Selector):
        def matches(self, observed: Any, campaigns: tuple[str, ...] = ()) -> bool:
            if observed.id == odd:
                raise ArithmeticError("this one")
            return super().matches(observed, campaigns)

    stage.use(campaign(match=Stumbling(names=("*",))))
    await stage.at(SHUT)
    assert (stage.status(odd), stage.status(job)) == (Status.ACTIVE, Status.PAUSED)
    assert [line["job"] for line in lines(logs, "job.undecided")] == [odd]
