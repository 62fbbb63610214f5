"""Closing and opening: what a pass makes of the workspace, seen at the sandbox, in the store and in the log."""

from typing import Any

import pytest

from controller.core.campaign import Resume, Selector
from controller.core.job import Status
from controller.runtime.report import Trigger
from tests.core.build import ALWAYS, at, calendar, campaign, incident
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage, lines


async def test_a_job_is_paused_at_the_close_and_resumed_at_the_opening(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    assert stage.status(job) is Status.ACTIVE
    await stage.at(CLOSE)
    assert stage.status(job) is Status.PAUSED
    [claim] = await stage.claims(job)
    assert (claim.state, claim.reason, claim.campaigns) == ("held", "outside_hours", ("renewals",))
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.states(job) == ["resumed"]


async def test_what_was_done_is_told_in_the_log_and_in_the_audit(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    await stage.at(SHUT, Trigger.TRANSITION)
    [line] = lines(logs, "job.paused")
    assert (line["job"], line["reason"], line["because"]) == (job, "outside_hours", "running")
    assert line["until"] == "2026-11-24T09:00:00Z"
    [row] = await stage.audit("job.paused")
    assert (row.job_id, row.action, row.result, row.campaigns) == (job, "pause", "verified", ("renewals",))
    assert row.pass_id == line["pass_id"]
    [finished] = lines(logs, "pass.finished")
    assert (finished["trigger"], finished["jobs"], finished["paused"]) == ("transition", 1, 1)


async def test_a_pass_that_finds_all_as_desired_sends_nothing_and_keeps_quiet(stage: Stage, logs: list[Any]) -> None:
    stage.add()
    await stage.at(OPEN)
    assert stage.sent() == []
    assert [line["log_level"] for line in lines(logs, "pass.finished")] == ["debug"]


async def test_the_pause_is_sent_close_early_before_the_close(stage: Stage) -> None:
    stage.use(campaign(close_early=60))
    job = stage.add()
    await stage.at(CLOSE - 61)
    assert stage.status(job) is Status.ACTIVE
    await stage.at(CLOSE - 60)
    assert stage.status(job) is Status.PAUSED


async def test_an_incident_pauses_while_it_lasts_and_its_end_resumes(stage: Stage) -> None:
    stage.use(campaign(calendar(hours=ALWAYS)), incidents=(incident(OPEN, OPEN + 60),))
    job = stage.add()
    await stage.at(OPEN)
    assert stage.status(job) is Status.PAUSED
    assert [claim.reason for claim in await stage.claims(job)] == ["incident"]
    await stage.at(OPEN + 60)
    assert stage.status(job) is Status.ACTIVE


async def test_the_begin_of_a_known_incident_is_preceded_by_close_early(stage: Stage) -> None:
    stage.use(campaign(close_early=30), incidents=(incident(OPEN + 30),))
    job = stage.add()
    await stage.at(OPEN - 1)
    assert stage.status(job) is Status.ACTIVE
    await stage.at(OPEN)
    assert stage.status(job) is Status.PAUSED


async def test_a_new_reason_updates_the_claim_and_sends_nothing(stage: Stage) -> None:
    stage.use(campaign(), incidents=(incident(OPEN, SHUT),))
    job = stage.add()
    await stage.at(OPEN)
    before = (await stage.claims(job))[0]
    await stage.at(SHUT)
    [after] = await stage.claims(job)
    assert (before.reason, after.reason) == ("incident", "outside_hours")
    assert (after.id, after.since, after.changed) == (before.id, OPEN, SHUT)
    assert len(stage.sent()) == 1


async def test_a_job_of_several_campaigns_dials_only_while_all_are_open(stage: Stage) -> None:
    always = calendar("always", hours=ALWAYS)
    stage.use(
        campaign(name="texas", match=Selector(names=("* Texas",))),
        campaign(always, name="all", match=Selector(names=("US *",))),
    )
    both, one = stage.add(name="US Texas"), stage.add(name="US Ohio")
    await stage.at(SHUT)
    assert (stage.status(both), stage.status(one)) == (Status.PAUSED, Status.ACTIVE)
    assert (await stage.claims(both))[0].campaigns == ("texas", "all")
    await stage.at(MORNING)
    assert stage.status(both) is Status.ACTIVE


async def test_a_job_that_was_not_started_is_left_alone(stage: Stage, logs: list[Any]) -> None:
    job = stage.add(Status.INIT)
    await stage.at(OPEN, Trigger.START)
    await stage.at(SHUT)
    assert stage.status(job) is Status.INIT
    assert stage.sent() == []
    assert lines(logs, "pass.finished")[0]["not_started"] == 1


async def test_a_job_that_was_not_started_is_started_where_the_campaign_says_so(stage: Stage, logs: list[Any]) -> None:
    stage.use(campaign(start=True))
    job = stage.add(Status.INIT)
    await stage.at(SHUT)
    assert stage.status(job) is Status.INIT
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE
    assert [line["job"] for line in lines(logs, "job.started")] == [job]
    assert await stage.claims(job) == []


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.CANCELLED])
async def test_a_finished_job_is_never_touched(stage: Stage, status: Status) -> None:
    stage.use(campaign(start=True, resume=Resume.ANY))
    job = stage.add(status)
    stage.build(first_full_scan=0)
    await stage.at(OPEN)
    await stage.at(SHUT)
    assert stage.sent() == []
    assert stage.status(job) is status


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.CANCELLED])
async def test_the_claim_on_a_job_that_finishes_is_closed_as_finished(
    stage: Stage, logs: list[Any], status: Status
) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.finish(job, status)
    await stage.at(SHUT + 30)
    await stage.at(MORNING)
    assert await stage.states(job) == ["finished"]
    assert len(lines(logs, "claim.closed")) == 1
    assert stage.sent("GET").count(f"/{job}") == 1  # once it is known to be finished nobody asks for it again


async def test_a_job_that_vanishes_closes_its_claim_as_gone_once(stage: Stage, logs: list[Any]) -> None:
    job = stage.add(name="US gone")
    await stage.at(SHUT)
    stage.delete(job)
    await stage.at(SHUT + 30)
    await stage.at(MORNING)
    assert await stage.states(job) == ["gone"]
    assert [(line["job"], line["name"]) for line in lines(logs, "job.vanished")] == [(job, "US gone")]
    assert len(await stage.audit("job.vanished")) == 1


async def test_a_claim_on_a_job_that_vanished_while_we_were_away_is_closed_by_its_stored_name(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add(name="US gone")
    await stage.at(SHUT)
    stage.delete(job)
    await stage.restart()
    await stage.at(MORNING)
    assert await stage.states(job) == ["gone"]
    assert [line["name"] for line in lines(logs, "job.vanished")] == ["US gone"]


async def test_a_job_that_no_campaign_matches_is_left_alone(stage: Stage) -> None:
    stage.use(campaign(match=Selector(names=("Texas *",))))
    job = stage.add()
    await stage.at(SHUT)
    assert stage.status(job) is Status.ACTIVE
    assert stage.sent() == []


async def test_a_change_of_the_local_clock_moves_the_opening_with_it(stage: Stage) -> None:
    stage.use(campaign(calendar(zone="America/New_York")))
    stage.clock.instant = at("2026-03-06T21:55")
    job = stage.add(schedule=None)
    await stage.at(at("2026-03-06T22:00"))  # Friday 17:00, at UTC-5
    assert stage.status(job) is Status.PAUSED
    await stage.at(at("2026-03-09T12:59"))  # Monday 08:59, at UTC-4
    assert stage.status(job) is Status.PAUSED
    await stage.at(at("2026-03-09T13:00"))
    assert stage.status(job) is Status.ACTIVE
