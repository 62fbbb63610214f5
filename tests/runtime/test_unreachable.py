"""A workspace that cannot be read: said once, and what is known to dial is still paused."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from controller.build import open_client
from controller.core.job import Status
from controller.runtime.report import Trigger
from tests.runtime.faults import losing, on, refusing, wrong_body
from tests.runtime.stage import MORNING, OPEN, SHUT, Handler, Stage, lines, workspace_settings


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


async def test_no_list_goes_on_being_read_when_another_has_failed(stage: Stage) -> None:
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
        "_commit",
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


async def test_what_one_list_says_counts_though_another_cannot_be_read(stage: Stage) -> None:
    job = stage.add()
    await stage.at(SHUT)
    stage.sandbox.set_paused(job, paused=False)

    async def fail_one(request: web.Request, _handler: Handler) -> web.StreamResponse | None:
        return web.json_response({}, status=503) if request.query.get("status") == "PAUSED" else None

    stage.faults.append(fail_one)
    report = await stage.at(SHUT + 30)
    assert report.problem == "server_error"
    assert stage.status(job) is Status.PAUSED
