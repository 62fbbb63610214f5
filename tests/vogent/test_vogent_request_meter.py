"""What a meter is told: each attempt by itself, by what it was for, with how it ended."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from controller.core.job import Status
from controller.vogent.api import WithdrawnError
from controller.vogent.client import VogentClient
from controller.vogent.errors import ApiError, ContractError, ErrorReason, NotFound, Unauthorized, Unavailable
from controller.vogent.refusal import Kind

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]


class Meter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Kind, ErrorReason | None]] = []
        self.seconds: list[float] = []

    def ended(self, kind: Kind, reason: ErrorReason | None, seconds: float) -> None:
        self.told.append((kind, reason))
        self.seconds.append(seconds)


@pytest.fixture
def meter() -> Meter:
    return Meter()


async def test_each_page_each_job_and_each_change_is_told(
    serve: Serve, connect: Connect, job_json: JobJson, meter: Meter
) -> None:
    def answer(request: web.Request) -> Any:
        if not request.path.endswith("/batch_dial_jobs"):
            return job_json(status="PAUSED")
        return {"data": [], "cursor": None if "cursor" in request.query else "more"}

    api = await connect((await serve(answer)).url, meter=meter)
    await api.list_jobs(Status.ACTIVE)
    await api.get_job("job-1")
    await api.pause("job-1")
    assert meter.told == [(Kind.PAGE, None), (Kind.PAGE, None), (Kind.JOB, None), (Kind.WRITE, None)]
    assert all(0 < seconds < 5 for seconds in meter.seconds)


async def test_each_attempt_is_told_by_itself(serve: Serve, connect: Connect, job_json: JobJson, meter: Meter) -> None:
    answers = iter([web.Response(status=503), web.Response(status=429, headers={"Retry-After": "0"}), job_json()])
    api = await connect((await serve(lambda _request: next(answers))).url, meter=meter)
    await api.get_job("job-1")
    assert meter.told == [
        (Kind.JOB, ErrorReason.SERVER_ERROR),
        (Kind.JOB, ErrorReason.THROTTLED),
        (Kind.JOB, None),
    ]


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (lambda: web.Response(status=403), Unauthorized, ErrorReason.UNAUTHORIZED),
        (lambda: web.Response(status=404), NotFound, ErrorReason.NOT_FOUND),
        (lambda: {"id": "job-1"}, ContractError, ErrorReason.CONTRACT),
        (lambda: web.Response(body=b"{"), ContractError, ErrorReason.CONTRACT),
    ],
)
async def test_a_failure_is_told_by_its_reason_and_so_is_an_answer_that_nobody_can_read(
    serve: Serve,
    connect: Connect,
    meter: Meter,
    answer: Callable[[], Any],
    error: type[ApiError],
    reason: ErrorReason,
) -> None:
    api = await connect((await serve(lambda _request: answer())).url, meter=meter)
    with pytest.raises(error):
        await api.get_job("job-1")
    assert meter.told == [(Kind.JOB, reason)]


async def test_a_key_that_cannot_be_read_and_a_port_without_a_server_are_told(
    connect: Connect, closed_port: int, meter: Meter
) -> None:
    def no_key() -> str:
        raise OSError

    url = f"http://127.0.0.1:{closed_port}/api"
    with pytest.raises(Unavailable):
        await (await connect(url, meter=meter)).pause("job-1")
    with pytest.raises(Unauthorized):
        await (await connect(url, meter=meter, key=no_key)).pause("job-1")
    assert meter.told == [(Kind.WRITE, ErrorReason.CONNECTION)] * 3 + [(Kind.WRITE, ErrorReason.KEY_UNREADABLE)]


async def test_what_is_withdrawn_or_cancelled_came_to_no_end(serve: Serve, connect: Connect, meter: Meter) -> None:
    came = asyncio.Event()

    async def never(_request: web.Request) -> web.Response:
        came.set()
        await asyncio.sleep(60)
        return web.Response()

    api = await connect((await serve(never)).url, meter=meter)
    words = iter([True, False])
    with pytest.raises(WithdrawnError):
        await api.unpause("job-1", lambda: next(words))
    reading = asyncio.create_task(api.get_job("job-1"))
    await came.wait()
    reading.cancel()
    await asyncio.wait({reading})
    assert meter.told == []


async def test_the_time_in_the_queue_is_not_counted(
    serve: Serve, connect: Connect, job_json: JobJson, meter: Meter
) -> None:
    async def slow(_request: web.Request) -> Any:
        await asyncio.sleep(0.05)
        return job_json()

    api = await connect((await serve(slow)).url, meter=meter, limit=1)
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(api.get_job("job-1") for _ in range(10)))
    took = asyncio.get_running_loop().time() - begun
    assert sum(meter.seconds) <= took
    assert min(meter.seconds) >= 0.04
