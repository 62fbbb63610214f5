"""A workspace that cannot be read: said once, and what is known to dial is still paused."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from controller.build import open_client
from controller.core.job import JobKey, Status
from controller.runtime import workspace_loop
from controller.runtime.report import PassReport, Trigger
from controller.runtime.workspace_loop import WorkspaceLoop
from controller.vogent import client as client_module
from tests.runtime.faults import Answer, losing, on, refusing, wrong_body
from tests.runtime.stage import MORNING, OPEN, SHUT, Fault, Handler, Stage, lines, until, workspace_settings


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (refusing(503), "server_error"),
        (refusing(401), "unauthorized"),
        (refusing(429), "throttled"),
        (refusing(404), "rejected"),
        (losing, "connection"),
        (wrong_body, "contract"),
    ],
)
async def test_a_workspace_that_cannot_be_listed_is_said_to_be_unreachable_once(
    stage: Stage, logs: list[Any], answer: Any, problem: str
) -> None:
    job = stage.add()
    await stage.at(OPEN)
    stage.faults.append(on("GET", "/batch_dial_jobs", answer))
    for passed in (30, 60):
        report = await stage.at(OPEN + passed)
        assert (report.problem, report.failed) == (problem, True)
    stage.faults.clear()
    await stage.at(OPEN + 90)
    await stage.at(OPEN + 120)
    assert [(line["log_level"], line["problem"]) for line in lines(logs, "workspace.unreachable")] == [
        ("error", problem)
    ]
    assert len(lines(logs, "pass.failed")) == 2
    assert len(lines(logs, "workspace.reachable")) == 1
    assert stage.status(job) is Status.ACTIVE


async def test_what_was_last_seen_to_dial_is_paused_while_the_lists_cannot_be_read(stage: Stage) -> None:
    job, paused = stage.add(), stage.add()
    await stage.at(OPEN)
    stage.sandbox.set_paused(paused, paused=True)
    await stage.at(OPEN + 1)
    stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
    await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
    assert stage.sent() == [f"/{job}/paused"]
    assert await stage.states(job) == ["held"]


async def test_nothing_is_resumed_while_the_lists_cannot_be_read(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
    await stage.at(MORNING)
    assert stage.status(job) is Status.PAUSED
    stage.faults.clear()
    await stage.at(MORNING + 30)
    assert stage.status(job) is Status.ACTIVE


async def test_no_list_goes_on_being_read_whenanother_has_failed(stage: Stage) -> None:
    async def fail_one(request: web.Request, _handler: Handler) -> web.StreamResponse | None:
        if request.query.get("status") == "PAUSED":
            return web.json_response({}, status=401)
        return None

    stage.faults.append(fail_one)
    before = asyncio.all_tasks()
    report = await stage.at(OPEN)
    assert report.problem == "unauthorized"
    assert {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before} <= {
        "RequestHandler.start",
        "StoreThread.run",
    }


async def test_a_server_that_hangs_is_given_up_after_the_time_for_a_request(stage: Stage) -> None:
    job = stage.add()
    await stage.at(OPEN)
    over = asyncio.Event()

    async def hang(_request: web.Request, _handler: Handler) -> web.StreamResponse:
        await over.wait()
        return web.json_response({})

    stage.faults.append(hang)
    hasty = open_client(workspace_settings(stage.sandbox.base_url, request_timeout=0.02), set())
    stage.build(hasty)
    report = await stage.at(SHUT)
    assert report.problem == "timeout"
    over.set()
    stage.faults.clear()
    await hasty.close()
    stage.build()
    await stage.at(SHUT + 30)
    assert stage.status(job) is Status.PAUSED


async def test_an_unreachable_workspace_at_the_start_is_told_too(stage: Stage, logs: list[Any]) -> None:
    stage.faults.append(refusing_all)
    report = await stage.at(OPEN, Trigger.START)
    assert report.counts() == {"jobs": 0}
    assert [line["trigger"] for line in lines(logs, "pass.failed")] == ["start"]


async def refusing_all(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.json_response({}, status=500)


async def test_what_one_list_says_counts_thoughanother_cannot_be_read(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.sandbox.set_paused(job, paused=False)

    async def fail_one(request: web.Request, _handler: Handler) -> web.StreamResponse | None:
        return web.json_response({}, status=503) if request.query.get("status") == "PAUSED" else None

    stage.faults.append(fail_one)
    report = await stage.at(SHUT + 30)
    assert report.problem == "server_error"
    assert stage.status(job) is Status.PAUSED


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PAGE_LIMIT", 1)


@pytest.mark.usefixtures("short_pages")
async def test_what_a_page_shows_counts_though_a_later_one_cannot_be_read(stage: Stage) -> None:
    jobs = [stage.add() for _ in range(3)]
    stage.faults.append(later_pages(refusing(503)))
    report = await stage.at(SHUT)
    assert report.problem == "server_error"
    assert [stage.status(job) for job in jobs].count(Status.PAUSED) == 1


@pytest.mark.usefixtures("short_pages")
async def test_what_a_page_shows_is_paused_while_a_later_one_hangs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace_loop, "PATIENCE", 0.01)
    jobs, over = [stage.add() for _ in range(3)], asyncio.Event()

    async def hang(_request: web.Request, handler: Handler) -> web.StreamResponse:
        await over.wait()
        return await handler(_request)

    stage.faults.append(later_pages(hang))
    passed: list[PassReport] = []
    loop = WorkspaceLoop(stage.reconciler, passed.append)
    running = asyncio.create_task(loop.run())
    stage.clock.instant = SHUT
    loop.wake(Trigger.RESYNC, SHUT)
    await until(lambda: Status.PAUSED in map(stage.status, jobs))
    assert passed == []
    over.set()
    await until(lambda: passed != [])
    assert passed[0].problem is None
    assert [stage.status(job) for job in jobs] == [Status.PAUSED] * 3
    loop.stop()
    await running


@pytest.mark.usefixtures("short_pages")
async def test_a_job_that_one_page_shows_dialing_is_not_believed_paused_by_a_later_one(stage: Stage) -> None:
    job, another = stage.add(), stage.add()
    await stage.at(SHUT)
    stage.sandbox.set_paused(job, paused=False)
    stage.sandbox.set_paused(another, paused=False)

    async def show_it_paused(request: web.Request, _handler: Handler) -> web.StreamResponse | None:
        if request.query.get("status") != "PAUSED":
            return None
        await until(lambda: stage.reconciler.observer.jobs[JobKey("main", job)].status is Status.ACTIVE)
        stale = {"id": job, "name": "US renewals", "callAgentId": "a", "status": "PAUSED", "maxConcurrentDials": 1}
        return web.json_response({"data": [stale], "cursor": "more"})

    stage.faults += [later_pages(refusing(503)), show_it_paused]
    report = await stage.at(SHUT + 30)
    assert report.problem == "server_error"
    assert stage.status(job) is Status.PAUSED


def later_pages(answer: Answer) -> Fault:
    """Answer so what asks for any page but the first."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        return await answer(request, handler) if "cursor" in request.query else None

    return fault
