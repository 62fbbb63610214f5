"""Forbidden dialing is measured from observations, for each job, and audited."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.core.forbidden import forbidden_seconds
from controller.core.interval import Interval
from controller.core.job import Job, JobKey, Status
from controller.runtime.forbidden_meter import ForbiddenMeter
from controller.runtime.journal import Journal
from tests.core.build import calendar, campaign, hours, incident
from tests.runtime.faults import on, refusing
from tests.runtime.stage import CLOSE, OPEN, SHUT, Stage, lines, rulebook


async def test_a_job_that_dials_on_after_the_close_is_measured_until_its_pause_is_verified(
    stage: Stage, logs: list[Any]
) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.faults.append(on("POST", "/paused", refusing(503)))
    await stage.at(CLOSE + 20)
    await stage.at(CLOSE + 50)
    stage.faults.clear()
    await stage.at(CLOSE + 80)
    assert stage.reconciler.meter.seconds == 80
    [begun] = lines(logs, "job.dialing_forbidden")
    [ended] = lines(logs, "job.dialed_forbidden")
    assert (begun["log_level"], begun["job"], begun["seconds"]) == ("error", job, 20)
    assert (ended["job"], ended["seconds"]) == (job, 80)
    [row] = await stage.audit("job.dialed_forbidden")
    assert (row.job_id, row.facts) == (job, {"seconds": 80})


async def test_a_pause_in_time_leaves_nothing_to_measure(stage: Stage, logs: list[Any]) -> None:
    stage.book = rulebook(campaign(close_early=60))
    stage.add()
    await stage.at(OPEN)
    await stage.at(CLOSE - 60)
    await stage.at(SHUT)
    assert stage.reconciler.meter.seconds == 0
    assert lines(logs, "job.dialed_forbidden") == []


async def test_the_early_close_is_not_the_true_one(stage: Stage) -> None:
    stage.book = rulebook(campaign(close_early=600))
    stage.add()
    await stage.at(OPEN - 600)
    await stage.at(CLOSE - 30)
    assert stage.reconciler.meter.seconds == 0


async def test_dialing_under_an_incident_is_measured(stage: Stage) -> None:
    stage.add()
    await stage.at(OPEN)
    stage.use(campaign(), incidents=(incident(OPEN + 10, OPEN + 300),))
    await stage.at(OPEN + 40)
    assert stage.reconciler.meter.seconds == 30


async def test_a_job_that_ends_or_vanishes_ends_its_measure(stage: Stage, logs: list[Any]) -> None:
    ends, vanishes = stage.add(), stage.add()
    stage.faults.append(on("POST", "/paused", refusing(503)))
    await stage.at(CLOSE)
    await stage.at(CLOSE + 30)
    stage.finish(ends, Status.CANCELLED)
    stage.delete(vanishes)
    await stage.at(CLOSE + 60)
    await stage.at(CLOSE + 90)
    ended = {line["job"]: line["seconds"] for line in lines(logs, "job.dialed_forbidden")}
    assert ended == {ends: 60, vanishes: 30}


async def test_a_job_first_seen_in_closed_hours_has_no_measured_past(stage: Stage) -> None:
    stage.add()
    await stage.at(SHUT)
    assert stage.reconciler.meter.seconds == 0


GROUPS = [
    ((), ()),
    ((hours(calendar()),), ()),
    ((hours(calendar()),), (incident(CLOSE - 40, CLOSE - 10),)),
    ((hours(calendar()), hours(calendar("coast", zone="America/Los_Angeles"))), (incident(CLOSE + 20),)),
]
LOOKS = st.tuples(st.integers(0, 4), st.sampled_from(GROUPS), st.sampled_from([Status.ACTIVE] * 3 + [Status.PAUSED]))
PASSES = st.lists(st.tuples(st.integers(-60, 60), st.lists(LOOKS, max_size=8)), max_size=8)


@given(PASSES)
def test_what_jobs_share_is_measured_for_each_as_if_it_were_alone(passes: list[Any]) -> None:
    meter, journal = ForbiddenMeter(), Journal("pass", "revision", "main")
    active: dict[JobKey, float] = {}
    expected = 0.0
    for offset, looks in passes:
        now = CLOSE + offset
        for number, (campaigns, stops), status in looks:
            job = Job("main", f"job-{number}", "Renewals", status, "agent", None, status.value)
            list(meter.saw(job, campaigns, stops, journal, now))
            before = active.pop(job.key, now)
            expected += forbidden_seconds(campaigns, stops, Interval(before, now)) if before < now else 0.0
            if status is Status.ACTIVE:
                active[job.key] = now
    assert meter.seconds == expected
