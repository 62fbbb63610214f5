"""Findings are said when they come and when they go, and stand in the store in between."""

from typing import Any

from controller.core.campaign import OnDrift
from controller.core.job import Status
from tests.core.build import campaign
from tests.runtime.stage import OPEN, SHUT, Stage, lines, weekly

DAY = 86_400


async def test_drift_is_said_once_when_it_appears_and_once_when_it_goes(stage: Stage, logs: list[Any]) -> None:
    job = stage.add(schedule=weekly("09:00", "21:00"))
    for passed in (0, 30, DAY):
        await stage.at(OPEN + passed)
    assert await stage.findings() == ["schedule_wider"]
    stage.sandbox.put_schedule(job, weekly())
    for passed in (30, 60):
        await stage.at(OPEN + DAY + passed)
    [appeared] = lines(logs, "schedule.drifted")
    assert (appeared["log_level"], appeared["job"], appeared["finding"]) == ("warning", job, "schedule_wider")
    assert [line["finding"] for line in lines(logs, "schedule.agreed")] == ["schedule_wider"]
    assert await stage.findings() == []


async def test_drift_that_turns_into_another_kind_goes_as_the_one_and_appears_as_the_other(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add(schedule=weekly("09:00", "21:00"))
    await stage.at(OPEN)
    stage.sandbox.put_schedule(job, weekly("10:00", "16:00"))
    await stage.at(OPEN + 30)
    assert [line["finding"] for line in lines(logs, "schedule.drifted")] == ["schedule_wider", "schedule_narrower"]
    assert [line["finding"] for line in lines(logs, "schedule.agreed")] == ["schedule_wider"]
    assert await stage.findings() == ["schedule_narrower"]


async def test_drift_that_changes_is_brought_up_to_date_and_keeps_its_begin(stage: Stage, logs: list[Any]) -> None:
    job = stage.add(schedule=weekly("09:00", "21:00"))
    await stage.at(OPEN)
    stage.sandbox.put_schedule(job, weekly("09:00", "19:00"))
    await stage.at(OPEN + 30)
    [(finding, since)] = await stage.store.open_findings()
    assert since == OPEN
    assert finding.facts["minutes_a_week"] == 5 * 120
    assert len(lines(logs, "schedule.drifted")) == 1


async def test_a_finding_that_stood_before_a_restart_is_not_said_again(stage: Stage, logs: list[Any]) -> None:
    stage.add(schedule=None)
    await stage.at(OPEN)
    await stage.restart()
    await stage.at(OPEN + 30)
    assert [line["finding"] for line in lines(logs, "schedule.drifted")] == ["schedule_missing"]


async def test_drift_pauses_where_a_campaign_says_so_and_resumes_once_it_is_mended(stage: Stage) -> None:
    stage.use(campaign(on_drift=OnDrift.PAUSE))
    job = stage.add(schedule=weekly("09:00", "21:00"))
    await stage.at(OPEN)
    assert stage.status(job) is Status.PAUSED
    assert [claim.reason for claim in await stage.claims(job)] == ["schedule_drift"]
    await stage.at(OPEN + 30)
    assert stage.status(job) is Status.PAUSED
    stage.sandbox.put_schedule(job, weekly())
    await stage.at(OPEN + 60)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.states(job) == ["resumed"]


async def test_drift_that_only_takes_hours_pauses_nothing(stage: Stage) -> None:
    stage.use(campaign(on_drift=OnDrift.PAUSE))
    job = stage.add(schedule=weekly("10:00", "16:55"))
    await stage.at(OPEN)
    assert stage.status(job) is Status.ACTIVE
    assert await stage.findings() == ["schedule_narrower"]


async def test_a_schedule_that_cannot_be_read_is_found_and_nothing_is_guessed(stage: Stage, logs: list[Any]) -> None:
    odd = weekly()
    odd["days"][0]["dayOfWeek"] = 7
    stage.add(schedule=odd)
    await stage.at(OPEN)
    [line] = lines(logs, "schedule.drifted")
    assert line["finding"] == "schedule_unreadable"
    assert "dayOfWeek" in line["detail"]


async def test_the_findings_of_a_job_that_finishes_or_vanishes_go_with_it(stage: Stage, logs: list[Any]) -> None:
    finished, gone = stage.add(schedule=None), stage.add(schedule=None)
    await stage.at(SHUT)
    stage.finish(finished)
    stage.delete(gone)
    await stage.at(SHUT + 30)
    assert await stage.findings() == []
    assert {line["job"] for line in lines(logs, "schedule.agreed")} == {finished, gone}
