"""Whatever comes over the wire instead of an answer, a job that must not dial ends paused."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from controller.build import open_client
from controller.core.job import Status
from controller.runtime.report import Result
from tests.runtime.faults import Answer, on, times
from tests.runtime.stage import MORNING, OPEN, SHUT, Fault, Handler, Stage, workspace_settings
from tests.runtime.wire_faults import bomb, broken_chunks, cut_json, done_and, dripping, flood, page, redirect, reset

ANSWERS = [reset, dripping, flood, page, bomb, cut_json, broken_chunks, redirect("http://127.0.0.2:9/api")]
NAMES = ["reset", "drip", "flood", "page", "bomb", "cut json", "broken chunks", "redirect"]
whatever = pytest.mark.parametrize("answer", ANSWERS, ids=NAMES)


@pytest.fixture
async def hasty(stage: Stage, answer: Answer) -> AsyncIterator[Stage]:
    """A stage whose client waits no longer than it must for what drips."""
    patience = 1.5 if answer is dripping else 5
    client = open_client(workspace_settings(stage.sandbox.base_url, request_timeout=patience), set())
    stage.build(client)
    yield stage
    await client.close()


@whatever
async def test_a_pause_that_took_effect_is_proven_by_a_read(hasty: Stage, answer: Answer) -> None:
    job = hasty.add()
    hasty.faults.append(on("POST", "/paused", done_and(answer)))
    report = await hasty.at(SHUT)
    assert hasty.status(job) is Status.PAUSED
    assert [outcome.result for outcome in report.outcomes] == [Result.VERIFIED]
    assert await hasty.states(job) == ["held"]


@whatever
async def test_a_pause_that_took_no_effect_is_sent_again_by_the_next_pass(hasty: Stage, answer: Answer) -> None:
    job = hasty.add()
    hasty.faults.append(on("POST", "/paused", answer))
    report = await hasty.settled_at(SHUT)
    assert report.failed
    assert hasty.status(job) is Status.ACTIVE
    assert await hasty.states(job) == ["intended"]
    hasty.faults.clear()
    await hasty.at(SHUT + 30)
    assert hasty.status(job) is Status.PAUSED
    assert await hasty.states(job) == ["held"]


@pytest.mark.parametrize("answer", [reset, dripping, broken_chunks])
async def test_a_pause_whose_connection_broke_once_is_sent_again_in_the_same_pass(hasty: Stage, answer: Answer) -> None:
    job = hasty.add()
    hasty.faults.append(times(1, on("POST", "/paused", answer)))
    report = await hasty.at(SHUT)
    assert not report.failed
    assert hasty.status(job) is Status.PAUSED


@whatever
async def test_what_dialed_when_last_seen_is_paused_though_the_lists_cannot_be_read(
    hasty: Stage, answer: Answer
) -> None:
    job = hasty.add()
    await hasty.at(OPEN)
    hasty.faults.append(on("GET", "/batch_dial_jobs", answer))
    report = await hasty.at(SHUT)
    assert report.problem is not None
    assert hasty.status(job) is Status.PAUSED
    assert await hasty.states(job) == ["held"]


@whatever
async def test_a_resume_of_unknown_outcome_is_read_and_not_sent_again_in_its_pass(hasty: Stage, answer: Answer) -> None:
    job = hasty.add()
    await hasty.at(SHUT)
    hasty.requests.clear()
    hasty.faults.append(on("POST", "/paused", done_and(answer)))
    await hasty.at(MORNING)
    assert hasty.sent() == [f"/{job}/paused"]
    assert hasty.status(job) is Status.ACTIVE
    assert await hasty.states(job) == ["resumed"]


async def test_a_pass_that_is_sent_to_another_host_takes_no_key_there(stage: Stage) -> None:
    came: list[str] = []

    async def other(request: web.Request) -> web.Response:
        came.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", other)
    async with TestServer(app, host="127.0.0.2") as elsewhere:
        job = stage.add()
        await stage.at(OPEN)
        stage.faults.append(redirecting(f"http://127.0.0.2:{elsewhere.port}"))
        report = await stage.settled_at(SHUT)
        assert report.failed
        assert stage.sent() != []
        stage.faults.clear()
        await stage.at(SHUT + 30)
    assert stage.status(job) is Status.PAUSED
    assert came == []


def redirecting(base: str) -> Fault:
    async def everything(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await redirect(f"{base}{request.path_qs}")(request, handler)

    return everything
