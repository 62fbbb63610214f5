"""The dry run: everything is read, nothing is written, and each request is recorded."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from controller.core.job import Status
from controller.vogent.api import JobsApi
from controller.vogent.client import VogentClient
from controller.vogent.dry_run import DryRunClient, UnsentRequest, Write
from controller.vogent.errors import NotFound, Unavailable

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]


def as_api(api: JobsApi) -> JobsApi:
    """Only what the protocol names is used of it."""
    return api


async def test_reads_pass_through(serve: Serve, connect: Connect, job_json: JobJson) -> None:
    def answer(request: web.Request) -> dict[str, Any]:
        if request.path.endswith("/queue"):
            return {"data": [{"id": "r", "toNumber": "+1"}], "cursor": None}
        return job_json() if request.path.endswith("job-1") else {"data": [job_json()], "cursor": None}

    server = await serve(answer)
    dry = as_api(DryRunClient(await connect(server.url)))
    assert dry.workspace == "main"
    assert [job.id for job in (await dry.list_jobs(Status.ACTIVE)).jobs] == ["job-1"]
    assert (await dry.get_job("job-1")).id == "job-1"
    assert [row.id for row in await dry.queue("job-1")] == ["r"]


async def test_writes_are_recorded_and_answered_as_if_done_but_never_sent(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    server = await serve(lambda _: job_json(status="NEW"))
    dry = DryRunClient(await connect(server.url))
    paused, resumed = await dry.pause("job-1"), await dry.unpause("job-1")
    changed = await dry.put_schedule("job-1", {"timezone": "UTC", "days": []})
    assert (paused.status, paused.status_text) == (Status.PAUSED, "PAUSED")
    assert (resumed.status, resumed.status_text) == (Status.ACTIVE, "ACTIVE")
    assert (changed.status_text, changed.schedule) == ("NEW", '{"days":[],"timezone":"UTC"}')
    assert dry.requests == [
        UnsentRequest(Write.PAUSE, "job-1"),
        UnsentRequest(Write.UNPAUSE, "job-1"),
        UnsentRequest(Write.PUT_SCHEDULE, "job-1", '{"days":[],"timezone":"UTC"}'),
    ]
    assert {seen.method for seen in server.seen} == {"GET"}


async def test_a_write_to_a_job_that_is_gone_fails_as_reading_it_does(serve: Serve, connect: Connect) -> None:
    server = await serve(lambda _: web.Response(status=404))
    with pytest.raises(NotFound):
        await DryRunClient(await connect(server.url)).pause("job-1")


async def test_closing_closes_the_client_within(connect: Connect) -> None:
    dry = DryRunClient(await connect("http://127.0.0.1:1/api"))
    await dry.close()
    with pytest.raises(Unavailable, match="closed"):
        await dry.get_job("job-1")
