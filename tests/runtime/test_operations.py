"""What people stop and let go while the program runs, against the sandbox."""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Any

import pytest

from controller.core.campaign import Selector
from controller.core.job import JobKey, Status
from controller.runtime.control_rows import Actor
from controller.runtime.expiry import Expiry
from controller.runtime.operations import NOT_STORED, OperationRefused, Operations, WantedIncident
from controller.runtime.report import Trigger
from controller.runtime.workspace_loop import WorkspaceLoop
from controller.store.changes import Change
from tests.core.build import campaign
from tests.runtime.stage import OPEN, SHUT, Stage, lines, until

ANN = Actor("ann", "socket")
ALL = WantedIncident("a storm", everything=True)


class Desk:
    """People at the stage; `woken` are the passes that they asked for."""

    def __init__(self, stage: Stage) -> None:
        self.woken: list[Trigger] = []
        ids = iter(f"id-{n}" for n in range(1000))
        self.operations = Operations(
            stage.ledger,
            stage.clock,
            lambda: stage.book,
            {"main"},
            lambda: next(ids),
            lambda job: f"name of {job.id}",
            self.woken.append,
        )


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)


async def test_an_incident_for_everything_stops_unmatched_jobs_too_and_lets_go_of_what_it_stopped(
    stage: Stage, desk: Desk
) -> None:
    stage.use(campaign(match=Selector(names=("US *",))))
    matched, unmatched, theirs = stage.add(), stage.add(name="Texas"), stage.add(Status.PAUSED)
    await stage.at(OPEN)
    await desk.operations.open_incident(ALL, ANN)
    await stage.at(OPEN + 1, Trigger.INCIDENT)
    assert [stage.status(job) for job in (matched, unmatched, theirs)] == [Status.PAUSED] * 3
    [claim] = await stage.claims(unmatched)
    assert (claim.campaigns, claim.detail) == ((), "incident-1: a storm (opened by ann)")
    await desk.operations.close_incident("incident-1", ANN, "it is over")
    await stage.at(OPEN + 2)
    assert [stage.status(job) for job in (matched, unmatched, theirs)] == [Status.ACTIVE, Status.ACTIVE, Status.PAUSED]
    assert desk.woken == [Trigger.INCIDENT, Trigger.INCIDENT]


async def test_an_incident_without_match_leaves_unmatched_jobs_alone(stage: Stage, desk: Desk) -> None:
    stage.use(campaign(match=Selector(names=("US *",))))
    matched, unmatched = stage.add(), stage.add(name="Texas")
    await desk.operations.open_incident(WantedIncident("a storm"), ANN)
    await stage.at(OPEN)
    assert (stage.status(matched), stage.status(unmatched)) == (Status.PAUSED, Status.ACTIVE)


async def test_a_held_job_stays_paused_through_restarts_and_an_opening_until_it_is_released(
    stage: Stage, desk: Desk
) -> None:
    job, other = stage.add(), stage.add()
    key = JobKey("main", job)
    await desk.operations.hold([key], math.inf, ANN, "a complaint")
    await stage.at(OPEN)
    assert (stage.status(job), stage.status(other)) == (Status.PAUSED, Status.ACTIVE)
    await stage.restart()
    await stage.at(OPEN + 60)
    assert stage.status(job) is Status.PAUSED
    [answer] = await Desk(stage).operations.release([key], ANN, "settled")
    assert answer.problem is None
    await stage.at(OPEN + 61)
    assert stage.status(job) is Status.ACTIVE
    assert [row.event for row in await stage.audit("hold.*")] == ["hold.placed", "hold.released"]


async def test_a_hold_on_a_persons_pause_is_let_go_without_a_resume(stage: Stage, desk: Desk) -> None:
    job = stage.add(Status.PAUSED)
    key = JobKey("main", job)
    await desk.operations.hold([key], math.inf, ANN, "a complaint")
    await stage.at(OPEN)
    await desk.operations.release([key], ANN, "settled")
    await stage.at(OPEN + 1)
    assert stage.status(job) is Status.PAUSED


async def test_an_incident_survives_a_restart_and_ends_by_itself(stage: Stage, desk: Desk, logs: list[Any]) -> None:
    job = stage.add()
    await desk.operations.open_incident(WantedIncident("a storm", until=OPEN + 100), ANN)
    await stage.at(OPEN)
    await stage.restart()
    expiry = Expiry(stage.ledger)
    assert expiry.next_end(OPEN) == OPEN + 100
    await stage.at(OPEN + 99)
    assert stage.status(job) is Status.PAUSED
    await expiry.look(OPEN + 99)
    await stage.at(OPEN + 100, Trigger.TRANSITION)
    assert stage.status(job) is Status.ACTIVE
    await expiry.look(OPEN + 100)
    assert stage.ledger.incidents == {}
    [closed] = lines(logs, "incident.closed")
    assert (closed["author"], closed["why"], closed["via"]) == ("controller", "its end came", "clock")
    await expiry.look(OPEN + 101)
    assert len(await stage.audit("incident.closed")) == 1


async def test_a_hold_ends_by_itself(stage: Stage, desk: Desk) -> None:
    job = stage.add()
    await desk.operations.hold([JobKey("main", job)], OPEN + 100, ANN, "a complaint")
    await stage.at(OPEN)
    await stage.at(OPEN + 100, Trigger.TRANSITION)
    assert stage.status(job) is Status.ACTIVE
    await Expiry(stage.ledger).look(OPEN + 100)
    assert stage.ledger.holds == {}
    assert [row.event for row in await stage.audit("hold.*")] == ["hold.placed", "hold.ended"]


async def test_an_incident_that_is_over_says_so_only_once_it_is(stage: Stage, desk: Desk) -> None:
    await desk.operations.open_incident(WantedIncident("a storm", until=OPEN + 100), ANN)
    await Expiry(stage.ledger).look(OPEN + 99.9)
    assert len(stage.ledger.incidents) == 1


async def test_the_first_pause_leaves_before_anything_is_read_and_before_the_incident_is_on_disk(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("controller.runtime.write_queue.WRITE_SECONDS", 0.8)  # as the daemon has it
    jobs = [stage.add() for _ in range(30)]
    await stage.at(OPEN)
    loop = WorkspaceLoop(stage.reconciler)
    running = asyncio.create_task(loop.run())
    operations = Operations(
        stage.ledger,
        stage.clock,
        lambda: stage.book,
        {"main"},
        lambda: "id",
        str,
        lambda trigger: loop.wake(trigger, stage.clock.now()),
    )
    disk, whole = asyncio.Event(), stage.ledger.write

    async def slow(changes: Sequence[Change]) -> None:
        await disk.wait()
        await whole(changes)

    stage.ledger.write = slow
    stage.requests.clear()
    begun = time.monotonic()
    opening = asyncio.create_task(operations.open_incident(ALL, ANN))
    await until(lambda: len(stage.sent()) == len(jobs))
    assert time.monotonic() - begun < 2.0
    assert [seen.method for seen in stage.requests[: len(jobs)]] == ["POST"] * len(jobs)
    disk.set()
    assert (await opening).opened.incident.name == "incident-1"
    loop.stop()
    await running
    assert {stage.status(job) for job in jobs} == {Status.PAUSED}


async def test_a_stop_that_cannot_be_stored_is_still_a_stop_and_says_so(stage: Stage, desk: Desk) -> None:
    job = stage.add()
    await stage.at(OPEN)
    await stage.store.close()
    done = await desk.operations.open_incident(ALL, ANN)
    assert done.problem == NOT_STORED
    await stage.at(OPEN + 1, Trigger.INCIDENT)
    assert stage.status(job) is Status.PAUSED
    [held] = await desk.operations.hold([JobKey("main", job)], math.inf, ANN, "a complaint")
    assert held.problem == NOT_STORED


async def test_an_incident_opened_by_a_clock_that_was_ahead_goes_on_once_it_is_set_right(
    stage: Stage, desk: Desk
) -> None:
    job = stage.add()
    stage.clock.wrong_by = 3600.0
    await desk.operations.open_incident(ALL, ANN)
    stage.clock.wrong_by = 0.0
    await stage.at(OPEN + 1)
    assert stage.status(job) is Status.PAUSED


async def test_a_name_is_given_once_while_it_is_open(desk: Desk) -> None:
    await desk.operations.open_incident(ALL, ANN)
    second = await desk.operations.open_incident(ALL, ANN)
    assert second.opened.incident.name == "incident-2"
    with pytest.raises(OperationRefused, match="an incident named 'incident-2' is open already"):
        await desk.operations.open_incident(WantedIncident("again", name="incident-2"), ANN)
    await desk.operations.close_incident("incident-1", ANN, "over")
    assert (await desk.operations.open_incident(ALL, ANN)).opened.incident.name == "incident-1"


async def test_an_end_moves_later_only(desk: Desk) -> None:
    await desk.operations.open_incident(WantedIncident("a storm", name="storm", until=OPEN + 100), ANN)
    later = await desk.operations.extend_incident("storm", OPEN + 200, ANN, "still blowing")
    assert later.opened.incident.until == OPEN + 200
    for earlier in (OPEN + 150, OPEN + 200):
        with pytest.raises(OperationRefused, match="ends at 2026-11-23T16:53:20Z, which is no earlier"):
            await desk.operations.extend_incident("storm", earlier, ANN, "calm")
    await desk.operations.extend_incident("storm", math.inf, ANN, "who knows")
    with pytest.raises(OperationRefused, match="storm is open until it is closed"):
        await desk.operations.extend_incident("storm", OPEN + 300, ANN, "calm")


async def test_forbidden_dialing_is_measured_under_an_incident_and_a_hold(stage: Stage, desk: Desk) -> None:
    job = stage.add()
    await stage.at(OPEN)
    await desk.operations.open_incident(ALL, ANN)
    await desk.operations.hold([JobKey("main", job)], math.inf, ANN, "a complaint")
    await stage.at(OPEN + 30)
    assert stage.reconciler.meter.seconds == 30.0


async def test_an_incident_in_closed_hours_becomes_the_claims_reason_and_sends_nothing(
    stage: Stage, desk: Desk
) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.requests.clear()
    await desk.operations.open_incident(ALL, ANN)
    await stage.at(SHUT + 1, Trigger.INCIDENT)
    assert stage.sent() == []
    [claim] = await stage.claims(job)
    assert claim.reason == "incident"
