"""Jobs of a status that the reference does not list: found by the list of everything, paused or left, never resumed."""

from typing import Any

from controller.core.job import Status
from tests.runtime.faults import listing, row, showing
from tests.runtime.stage import CLOSE, MORNING, OPEN, SHUT, Stage, lines


async def test_a_job_of_unknown_status_is_found_by_the_full_list_and_left_while_open(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add()
    stage.build(first_full_scan=OPEN)
    stage.faults.append(showing(job, status="WARMING_UP"))
    await stage.scanned_at(OPEN)
    for passed in (30, 60):
        report = await stage.at(OPEN + passed)
        assert report.counts() == {"jobs": 1, "unknown_status": 1}
    assert stage.sent() == []
    assert await stage.findings() == ["unknown_status"]
    [line] = lines(logs, "finding.opened")
    assert (line["log_level"], line["job"]) == ("warning", job)
    assert "WARMING_UP" in line["detail"]


async def test_a_job_of_unknown_status_is_paused_while_closed_and_its_finding_goes_with_the_status(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add()
    stage.build(first_full_scan=SHUT)
    fault = showing(job, status="WARMING_UP")
    stage.faults.append(fault)
    await stage.scanned_at(SHUT)
    await stage.at(SHUT + 30)
    assert stage.status(job) is Status.PAUSED
    assert await stage.states(job) == ["held"]
    stage.faults.remove(fault)
    await stage.at(SHUT + 60)
    assert await stage.findings() == []
    assert len(lines(logs, "finding.closed")) == 1
    await stage.at(MORNING)
    assert stage.status(job) is Status.ACTIVE


async def test_a_job_of_unknown_status_is_read_by_itself_every_five_minutes_only(stage: Stage) -> None:
    job = stage.add()
    stage.build(first_full_scan=OPEN)
    fault = showing(job, status="WARMING_UP")
    stage.faults.append(fault)
    for passed in range(0, 601, 30):
        await stage.scanned_at(OPEN + passed)
    assert stage.sent("GET").count(f"/{job}") == 1
    stage.faults.remove(fault)
    stage.finish(job)
    for passed in range(630, 931, 30):
        report = await stage.scanned_at(OPEN + passed)
    assert report.decisions == []
    assert stage.sent("GET").count(f"/{job}") == 2


async def test_a_job_of_unknown_status_that_becomes_known_is_seen_at_once(stage: Stage) -> None:
    job = stage.add()
    stage.build(first_full_scan=OPEN)
    fault = showing(job, status="WARMING_UP")
    stage.faults.append(fault)
    await stage.scanned_at(OPEN)
    stage.faults.remove(fault)
    report = await stage.at(OPEN + 30)
    assert [each.job.status for each in report.decisions] == [Status.ACTIVE]
    await stage.at(CLOSE)
    assert stage.status(job) is Status.PAUSED


async def test_many_jobs_of_unknown_status_are_no_collapse_of_the_lists(stage: Stage, logs: list[Any]) -> None:
    rows = [row(f"job-{number}", "WARMING_UP") for number in range(30)]
    stage.build(first_full_scan=OPEN)
    stage.faults.append(listing(all=rows))
    await stage.scanned_at(OPEN)
    report = await stage.at(OPEN + 30)
    assert report.counts() == {"jobs": 30, "unknown_status": 30}
    assert lines(logs, "list.collapsed") == []


async def test_a_job_of_unknown_status_is_never_resumed(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.faults.append(showing(job, status="WARMING_UP"))
    report = await stage.at(MORNING)
    assert report.counts() == {"jobs": 1, "unknown_status": 1}
    assert len(stage.sent()) == 1
    assert await stage.states(job) == ["held"]
