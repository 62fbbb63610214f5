"""The list of everything: what only it can find, and how little it may be in the way of the passes."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from controller.app import Daemon
from controller.build import run_once
from controller.core.job import JobKey, Status
from controller.vogent import client
from tests.core.build import campaign, incident
from tests.runtime.faults import Answer, listing, refusing, showing
from tests.runtime.stage import (
    MORNING,
    OPEN,
    SHUT,
    Fault,
    Handler,
    Meddler,
    Stage,
    lines,
    until,
    workspace_settings,
)

YEARS = 10 * 365 * 86_400.0


def asked(stage: Stage) -> list[str]:
    """The queries of the lists, from now on."""
    seen: list[str] = []

    async def look(request: web.Request, _handler: Handler) -> None:
        if request.path.endswith("/batch_dial_jobs"):
            seen.append(request.query.get("status", "all"))

    stage.faults.append(look)
    return seen


def unfiltered(answer: Answer) -> Fault:
    """Answer so the list of everything, and no other."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if request.path.endswith("/batch_dial_jobs") and "status" not in request.query:
            return await answer(request, handler)
        return None

    return fault


async def circling(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.json_response({"data": [], "cursor": "again"})


async def endless(request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.json_response({"data": [], "cursor": f"{request.query.get('cursor', '')}x"})


async def test_the_live_statuses_are_listed_at_every_pass_and_everything_once_an_hour(stage: Stage) -> None:
    seen = asked(stage)
    stage.build(first_full_scan=OPEN + 30)
    live = ["ACTIVE", "INIT", "PAUSED"]
    for passed, also in ((0, []), (30, ["all"]), (3629, []), (3630, ["all"]), (3660, [])):
        seen.clear()
        await stage.scanned_at(OPEN + passed)
        assert sorted(seen) == sorted(live + also)


async def test_a_clock_that_was_years_ahead_at_the_start_postpones_nothing(stage: Stage) -> None:
    seen = asked(stage)
    stage.clock.wrong_by = YEARS
    stage.build(first_full_scan=stage.clock.monotonic())
    await stage.scanned_at(OPEN)
    stage.clock.wrong_by = 0.0
    await stage.scanned_at(OPEN + 3600)
    assert seen.count("all") == 2


async def test_the_daemon_lists_everything_half_a_resync_after_its_start_whatever_the_wall_clock_says(
    stage: Stage,
) -> None:
    seen = asked(stage)
    stage.clock.wrong_by = YEARS
    settings: Any = SimpleNamespace(workspaces={"main": workspace_settings("http://127.0.0.1")}, resync=30.0)
    rules: Any = SimpleNamespace(book=stage.book)
    api: Any = stage.api
    stage.reconciler = Daemon(settings, stage.clock, set())._reconciler(api, stage.watch, stage.ledger, rules)
    await stage.scanned_at(OPEN + 14)
    assert "all" not in seen
    await stage.scanned_at(OPEN + 15)
    assert "all" in seen


async def test_finished_jobs_in_the_list_of_everything_cost_nothing_and_leave_nothing_behind(stage: Stage) -> None:
    stage.build(first_full_scan=OPEN + 60)
    finishing = stage.add()
    await stage.at(OPEN)
    for status in (Status.COMPLETE, Status.CANCELLED):
        stage.add(status)
    stage.finish(finishing)
    await stage.at(OPEN + 30)
    await stage.scanned_at(OPEN + 60)
    stage.requests.clear()
    report = await stage.at(OPEN + 90)
    assert report.decisions == []
    assert set(stage.sent("GET")) == {""}
    assert stage.reconciler.observer._known_as_of == {}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [(refusing(500), "server_error"), (refusing(403), "unauthorized"), (circling, "contract"), (endless, "contract")],
)
async def test_a_list_of_everything_that_fails_is_told_and_fails_no_pass(
    stage: Stage, logs: list[Any], monkeypatch: pytest.MonkeyPatch, answer: Answer, problem: str
) -> None:
    monkeypatch.setattr(client, "MOST_PAGES", 5)
    job = stage.add()
    await stage.at(SHUT)
    stage.build(first_full_scan=MORNING)
    stage.faults.append(unfiltered(answer))
    for passed in (0, 30):
        report = await stage.scanned_at(MORNING + passed)
        assert (report.problem, report.failed) == (None, False)
    assert stage.status(job) is Status.ACTIVE
    [line] = lines(logs, "list.failed")
    assert (line["log_level"], line["workspace"], line["problem"]) == ("error", "main", problem)
    assert line["again_in_seconds"] == 300
    assert lines(logs, "workspace.unreachable") == []


async def test_a_list_of_everything_that_failed_is_tried_again_ever_less_often_until_it_comes(stage: Stage) -> None:
    seen = asked(stage)
    stage.build(first_full_scan=OPEN)
    failing = unfiltered(refusing(401))
    stage.faults.append(failing)
    tried = []
    for passed in range(0, 15_000, 30):
        seen.clear()
        await stage.scanned_at(OPEN + passed)
        tried += [passed] * ("all" in seen)
    assert tried == [0, 300, 900, 2100, 4500, 8100, 11_700]
    stage.faults.remove(failing)
    await stage.scanned_at(OPEN + 15_300)
    stage.faults.append(failing)
    await stage.scanned_at(OPEN + 18_900)
    seen.clear()
    await stage.scanned_at(OPEN + 19_200)
    assert "all" in seen


async def test_nothing_is_listed_whole_while_the_live_lists_cannot_be_read(stage: Stage, logs: list[Any]) -> None:
    seen = asked(stage)
    stage.build(first_full_scan=OPEN)
    stage.faults.append(refusing_everything)
    await stage.scanned_at(OPEN)
    assert "all" not in seen
    stage.faults.pop()
    await stage.scanned_at(OPEN + 30)
    assert "all" in seen
    assert lines(logs, "list.failed") == []


async def refusing_everything(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.json_response({}, status=401)


async def test_a_defect_in_it_is_told_and_it_is_tried_again(stage: Stage, logs: list[Any]) -> None:
    api = Meddler(stage.api)
    tries = 0

    async def stumble(status: Status | None, *shown: Any) -> Any:
        nonlocal tries
        if status is None:
            tries += 1
            raise ArithmeticError("a defect")
        return await stage.api.list_jobs(status, *shown)

    api.list_jobs = stumble
    stage.build(api, first_full_scan=OPEN)
    for passed in (0, 30, 300):
        report = await stage.scanned_at(OPEN + passed)
        assert not report.failed
    assert tries == 2
    assert len(lines(logs, "task.crashed")) == 2


async def test_passes_go_on_while_the_list_of_everything_is_slow(stage: Stage) -> None:
    job = stage.add()
    stage.build(first_full_scan=SHUT)
    gate, begun = asyncio.Event(), []

    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        begun.append(request)
        await gate.wait()
        return await handler(request)

    stage.faults.append(unfiltered(slow))
    await stage.at(SHUT)
    await until(lambda: bool(begun))
    stage.sandbox.set_paused(job, paused=False)
    await stage.at(SHUT + 30)
    assert stage.status(job) is Status.PAUSED
    gate.set()
    await stage.scanned()
    assert len(begun) == 1


async def test_what_the_passes_learned_meanwhile_is_newer_than_a_slow_list_of_everything(stage: Stage) -> None:
    finished, paused = stage.add(name="US finished"), stage.add()
    stage.use(campaign(), incidents=(incident(OPEN + 30, MORNING),))
    stage.build(first_full_scan=OPEN)
    gate, listed = asyncio.Event(), asyncio.Event()

    async def old(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        listed.set()
        await gate.wait()
        return answer

    stage.faults.append(unfiltered(old))
    await stage.at(OPEN)
    await listed.wait()
    stage.finish(finished)
    await stage.at(OPEN + 30)
    gate.set()
    await stage.scanned()
    stage.requests.clear()
    report = await stage.at(OPEN + 60)
    assert [(each.job.id, each.job.status) for each in report.decisions] == [(paused, Status.PAUSED)]
    assert stage.sent("GET").count(f"/{finished}") == 0
    assert stage.sent() == []


async def test_closing_gives_up_the_list_of_everything(stage: Stage) -> None:
    stage.build(first_full_scan=OPEN)
    begun, gate = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request, handler: Handler) -> web.StreamResponse:
        begun.set()
        await gate.wait()
        return await handler(request)

    stage.faults.append(unfiltered(hang))
    await stage.at(OPEN)
    await begun.wait()
    [task] = [task for task in asyncio.all_tasks() if "FullScan" in task.get_coro().__qualname__]
    await stage.reconciler.close()
    gate.set()
    assert task.cancelled()


async def test_a_single_pass_sees_what_only_the_list_of_everything_shows(stage: Stage, logs: list[Any]) -> None:
    job = stage.add()
    stage.clock.instant = SHUT
    stage.faults.append(showing(job, status="WARMING_UP"))
    settings: Any = SimpleNamespace(workspaces={"main": workspace_settings("http://127.0.0.1")})
    apis = {"main": stage.api}
    [report] = await run_once(settings, stage.clock, {"main": stage.watch}, apis, stage.ledger, stage.book)
    assert [(each.job.id, each.because.value) for each in report.decisions] == [(job, "unknown_status")]
    assert stage.sent("GET").count(f"/{job}") == 0
    assert stage.status(job) is Status.PAUSED
    stage.faults.insert(0, unfiltered(refusing(401)))
    [report] = await run_once(settings, stage.clock, {"main": stage.watch}, apis, stage.ledger, stage.book)
    assert report.problem is None
    assert len(lines(logs, "list.failed")) == 1


async def test_what_is_unreadable_in_the_list_of_everything_is_told_and_counted_once(
    stage: Stage, logs: list[Any]
) -> None:
    broken = {"id": "job-x", "name": 7, "status": "COMPLETE", "callAgentId": "agent-1"}
    stage.build(first_full_scan=OPEN)
    stage.faults.append(listing(all=[broken, broken]))
    reports = [await stage.scanned_at(OPEN + passed) for passed in (0, 30, 60)]
    assert [report.unreadable for report in reports] == [0, 1, 0]
    assert [line["job"] for line in lines(logs, "job.unreadable")] == ["job-x"]


async def test_what_a_page_shows_is_as_of_when_it_was_asked_for_though_its_list_began_long_before(
    stage: Stage,
) -> None:
    job, held = stage.add(), asyncio.Event()
    api = Meddler(stage.api)

    async def waiting(status: Status | None, *told: Any) -> Any:
        if status is None:
            await held.wait()
        return await stage.api.list_jobs(status, *told)

    api.list_jobs = waiting
    stage.build(api, first_full_scan=SHUT)
    await stage.at(SHUT)
    await stage.at(SHUT + 30)
    assert stage.reconciler.observer.jobs[JobKey("main", job)].status is Status.PAUSED
    stage.sandbox.set_paused(job, paused=False)
    held.set()
    await stage.scanned()
    assert stage.reconciler.observer.jobs[JobKey("main", job)].status is Status.ACTIVE
