from pathlib import Path

from structlog.testing import capture_logs

from controller.core.claim import ClaimState
from controller.core.finding import FindingKind
from controller.core.job import JobKey, Status
from controller.runtime.ownership import Ownership
from controller.runtime.report import Trigger
from tests.runtime.scene import at, new_id, staged

INCIDENT = """\
incidents:
  carrier: {reason: one-way audio, from: "2026-11-25T12:00:00Z", until: "2026-11-25T13:00:00Z"}
"""


async def test_a_job_is_paused_before_the_close_and_resumed_at_the_opening(tmp_path: Path) -> None:
    async with staged(tmp_path, "16:58") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("16:58")
        assert stage.box.status(job) is Status.ACTIVE
        await stage.run("16:59")
        assert stage.box.status(job) is Status.PAUSED
        assert stage.claim(job).state is ClaimState.HELD
        await stage.run("08:00")
        assert stage.box.status(job) is Status.PAUSED
        await stage.run("09:00")
        assert stage.box.status(job) is Status.ACTIVE
        assert stage.claim(job) is None
        events = await stage.audited()
        assert [each for each in events if each.startswith("job.")] == ["job.paused", "job.resumed"]


async def test_a_persons_pause_stays_through_the_next_opening(tmp_path: Path) -> None:
    async with staged(tmp_path, "10:00") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("10:00")
        stage.box.set_paused(job, paused=True)
        with capture_logs() as logs:
            await stage.run("10:01")
        assert [line["event"] for line in logs if line["event"].startswith("job.")] == ["job.paused_by_others"]
        await stage.run("20:00")
        await stage.run("10:02")
        assert stage.box.status(job) is Status.PAUSED
        assert stage.claim(job) is None


async def test_a_persons_resume_in_closed_hours_is_undone_and_counted(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("20:00")
        times = []
        for minute in ("20:01", "20:02"):
            stage.box.set_paused(job, paused=False)
            with capture_logs() as logs:
                await stage.run(minute)
            times += [line["times"] for line in logs if line["event"] == "job.overridden"]
            assert stage.box.status(job) is Status.PAUSED
        assert times == [1, 2]


async def test_a_persons_resume_in_open_hours_ends_our_claim_so_that_their_later_pause_stays(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00", policy=", resume: never") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("20:00")
        await stage.run("10:00")
        assert stage.box.status(job) is Status.PAUSED
        stage.box.set_paused(job, paused=False)
        await stage.run("10:01")
        assert stage.claim(job) is None
        stage.rule(policy=", resume: own")
        stage.box.set_paused(job, paused=True)
        await stage.run("10:02")
        assert stage.box.status(job) is Status.PAUSED


async def test_resume_any_undoes_a_persons_pause(tmp_path: Path) -> None:
    async with staged(tmp_path, "10:00", policy=", resume: any") as stage:
        job = stage.box.add_job("R 1", status=Status.PAUSED)
        await stage.run()
        assert stage.box.status(job) is Status.ACTIVE


async def test_the_first_start_adopts_nothing_and_counts_the_pauses_of_others(tmp_path: Path) -> None:
    async with staged(tmp_path, "10:00") as stage:
        jobs = [stage.box.add_job(f"R {number}", status=Status.PAUSED) for number in range(3)]
        report = await stage.run(trigger=Trigger.START)
        assert report.counts()["paused_by_others"] == 3
        assert {stage.box.status(job) for job in jobs} == {Status.PAUSED}


async def test_a_job_in_init_is_started_only_where_the_campaign_says_so(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        job = stage.box.add_job("R 1")
        await stage.run("10:00")
        assert stage.box.status(job) is Status.INIT
        stage.rule(policy=", start: true")
        await stage.run("20:00")
        assert stage.box.status(job) is Status.INIT
        await stage.run("10:01")
        assert stage.box.status(job) is Status.ACTIVE


async def test_finished_and_unmatched_jobs_are_left_alone(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        for number, status in enumerate((Status.COMPLETE, Status.CANCELLED)):
            stage.box.add_job(f"R {number}", status=status)
        other = stage.box.add_job("other", status=Status.ACTIVE)
        report = await stage.run()
        assert report.outcomes == []
        assert stage.box.status(other) is Status.ACTIVE


async def test_an_incident_pauses_and_a_close_in_it_only_changes_the_reason(tmp_path: Path) -> None:
    more = INCIDENT.replace("13:00", "18:00")
    async with staged(tmp_path, "11:00", more=more) as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE, rows=5000)
        await stage.run("11:00")
        await stage.run("11:59")
        assert (stage.claim(job).reason, stage.box.status(job)) == ("incident", Status.PAUSED)
        report = await stage.run("18:00")
        assert report.outcomes == []
        assert stage.claim(job).reason == "outside_hours"


async def test_rules_that_no_longer_match_leave_an_orphan_that_stays_paused(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("20:00")
        stage.book = type(stage.book)(
            type(stage.book.rules)("other", stage.book.rules.calendars, (), (), stage.book.rules.sources)
        )
        await stage.run("10:00")
        assert stage.box.status(job) is Status.PAUSED
        assert (JobKey("main", job), FindingKind.ORPHANED_CLAIM) in stage.ledger.findings


async def test_drift_is_said_once_when_it_appears_and_once_when_it_goes(tmp_path: Path) -> None:
    def hours(end: str) -> dict:
        slots = [{"startTime": "09:00", "endTime": end}]
        return {"timezone": "UTC", "days": [{"dayOfWeek": day, "timeSlots": slots} for day in range(7)]}

    async with staged(tmp_path, "10:00", policy=", on_drift: pause") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE, schedule=hours("17:00"))
        with capture_logs() as logs:
            await stage.run("10:00")
            stage.box.put_schedule(job, hours("21:00"))
            await stage.run("10:01")
            await stage.run("10:02")
            assert stage.box.status(job) is Status.PAUSED
            assert stage.claim(job).reason == "schedule_drift"
            stage.box.put_schedule(job, hours("17:00"))
            await stage.run("10:03")
        assert stage.box.status(job) is Status.ACTIVE
        said = [line["event"] for line in logs if line["event"].startswith("schedule.")]
        assert said == ["schedule.drifted", "schedule.agreed"]


async def test_four_hundred_and_fifty_jobs_close_at_once(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        jobs = [stage.box.add_job(f"R {number}", status=Status.ACTIVE) for number in range(450)]
        report = await stage.run()
        assert {stage.box.status(job) for job in jobs} == {Status.PAUSED}
        assert report.counts()["paused"] == 450
        assert len(await stage.store.open_claims()) == 450


async def test_a_broken_store_stops_resumes_but_no_pause_and_gets_the_claims_later(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        first = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("20:00")
        second = stage.box.add_job("R 2", status=Status.ACTIVE)
        stage.broken = True
        await stage.run("20:01")
        assert stage.box.status(second) is Status.PAUSED
        await stage.run("10:00")
        assert stage.box.status(first) is Status.PAUSED
        stage.broken = False
        await stage.run("10:01")
        assert {stage.box.status(first), stage.box.status(second)} == {Status.ACTIVE}
        assert (await stage.audited()).count("job.paused") == 2


async def test_the_fast_path_pauses_by_the_transitions_own_instant_before_anything_is_read(tmp_path: Path) -> None:
    async with staged(tmp_path, "16:58") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("16:58")
        stage.clock.instant = at("16:59") - 0.001  # the timer fired early
        await stage.reconciler.fast_path(at("16:59"))
        assert stage.box.status(job) is Status.PAUSED
        assert stage.claim(job).state is ClaimState.HELD


async def test_the_other_side_going_away_is_said_once_and_nothing_is_lost(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        job = stage.box.add_job("R 1", status=Status.ACTIVE)
        await stage.run("20:00")
        await stage.client.close()
        with capture_logs() as logs:
            first = await stage.run("20:01")
            await stage.run("20:02")
        assert first.problem == "connection"
        assert [line["event"] for line in logs].count("workspace.unreachable") == 1
        assert stage.claim(job) is not None


async def test_people_adopt_and_release_pauses(tmp_path: Path) -> None:
    async with staged(tmp_path, "20:00") as stage:
        paused = stage.box.add_job("R 1", status=Status.PAUSED)
        dialing = stage.box.add_job("R 2", status=Status.ACTIVE)
        other = stage.box.add_job("other", status=Status.PAUSED)
        owner = Ownership({"main": stage.client}, stage.ledger, stage.clock, lambda: stage.book, new_id)
        keys = [JobKey("main", job) for job in (paused, dialing, other, "nowhere")] + [JobKey("x", "y")]
        answers = await owner.adopt(keys, "ann", "ours")
        assert [answer.problem is None for answer in answers] == [True, False, False, False, False]
        assert (await owner.adopt(keys[:1], "ann", "again"))[0].problem is not None
        await stage.run("10:00")
        assert stage.box.status(paused) is Status.ACTIVE
        assert (await owner.release(keys[:1], "ann", "done"))[0].problem == "no claim of ours is open on it"
