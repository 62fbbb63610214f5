"""Which errors are retried, after how long, and what the log says of it."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import stamina
import structlog
from aiohttp import web

from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.errors import (
    ApiError,
    ContractError,
    ErrorReason,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from controller.vogent.retries import (
    install_retry_hook,
    retried,
    retry_hook,
    wait_before_pausing_again,
    wait_before_retry,
)

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits as in production, taken down instead of slept."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("stamina._core._smart_sleep", sleep)
    stamina.set_testing(testing=False)
    return slept


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Throttled("x", retry_after=7.5), 7.5),
        (Throttled("x", retry_after=0.0), 0.0),
        (Throttled("x", retry_after=None), True),
        (Unavailable(ErrorReason.TIMEOUT, "x"), True),
        (Unauthorized(ErrorReason.UNAUTHORIZED, "x"), False),
        (NotFound(ErrorReason.NOT_FOUND, "x"), False),
        (Rejected(ErrorReason.REJECTED, "x"), False),
        (ContractError(ErrorReason.CONTRACT, "x"), False),
        (RuntimeError("x"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, wait: bool | float) -> None:
    answer = wait_before_retry(error)
    assert answer == wait
    assert isinstance(answer, bool) is isinstance(wait, bool), "0.0 is a wait, False is a refusal"


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Unavailable(ErrorReason.TIMEOUT, "x"), 0.0),
        (Unavailable(ErrorReason.CONNECTION, "x"), True),
        (Unavailable(ErrorReason.SERVER_ERROR, "x"), True),
        (Throttled("x", retry_after=7.5), 7.5),
        (Unauthorized(ErrorReason.UNAUTHORIZED, "x"), False),
    ],
)
def test_a_pause_without_an_answer_in_time_has_waited_enough(error: Exception, wait: bool | float) -> None:
    answer = wait_before_pausing_again(error)
    assert answer == wait
    assert isinstance(answer, bool) is isinstance(wait, bool)


async def test_a_pause_that_gets_no_answer_in_time_is_sent_again_at_once(
    serve: Serve, connect: Connect, job_json: JobJson, waits: list[float]
) -> None:
    over, answers = asyncio.Event(), 0

    async def answer(_request: web.Request) -> web.StreamResponse:
        nonlocal answers
        answers += 1
        if answers == 1:
            await over.wait()
        return web.json_response(job_json("job-1", status="PAUSED"))

    server = await serve(answer)
    await (await connect(server.url, request_timeout=0.05)).pause("job-1")
    over.set()
    assert answers == 2
    assert waits == [0.0]


async def test_a_pause_obeys_retry_after_of_zero_too(serve: Serve, connect: Connect, waits: list[float]) -> None:
    asked = iter(["60", "0", "5"])
    server = await serve(lambda _: web.Response(status=429, headers={"Retry-After": next(asked)}))
    with pytest.raises(Throttled) as caught:
        await (await connect(server.url)).pause("job-1")
    assert waits == [60.0, 0.0]
    assert caught.value.retry_after == 5.0, "the last answer's own wish is left to the caller"


async def test_while_a_pause_waits_for_its_next_attempt_other_requests_get_half(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting, over = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await over.wait()

    monkeypatch.setattr("stamina._core._smart_sleep", sleep)
    statuses = iter([503, 200])

    async def answer(request: web.Request) -> Any:
        if request.method == "POST":
            return web.json_response(job_json(), status=next(statuses))
        await over.wait()
        return job_json()

    server = await serve(answer)
    budget = Budget(4)
    api = await connect(server.url, budget=budget)
    pause = asyncio.ensure_future(api.pause("job-1"))
    await waiting.wait()
    reads = [asyncio.ensure_future(api.get_job("job-1")) for _ in range(4)]
    await asyncio.sleep(0)
    assert (budget.in_flight, budget.waiting) == (2, 2)
    over.set()
    await asyncio.gather(pause, *reads)


async def test_waits_grow_and_hold_chance(serve: Serve, connect: Connect, waits: list[float]) -> None:
    server = await serve(lambda _: web.Response(status=503))
    api = await connect(server.url)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await api.get_job("job-1")
    firsts, seconds = waits[::2], waits[1::2]
    assert len(firsts) == len(seconds) == 5
    assert all(0.2 <= wait <= 0.7 for wait in firsts)
    assert all(0.4 <= wait <= 0.9 for wait in seconds)
    assert len(set(waits)) > 2


async def test_nothing_is_tried_again_after_the_time_is_up(
    monkeypatch: pytest.MonkeyPatch,
    waits: list[float],
) -> None:
    ticks = iter(range(0, 1000, 61))
    monkeypatch.setattr("tenacity.time.monotonic", lambda: next(ticks))
    tried: list[int] = []

    async def try_in_vain() -> None:
        tried.append(len(tried) + 1)
        raise Unavailable(ErrorReason.TIMEOUT, "x")

    with pytest.raises(Unavailable):
        await retried(try_in_vain)
    assert (tried, waits) == ([1], [])


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (
            Throttled("main: pause job 'j': 429 Too Many Requests", retry_after=7.0),
            {"reason": "throttled", "problem": "main: pause job 'j': 429 Too Many Requests"},
        ),
        (RuntimeError("secret"), {"reason": "RuntimeError", "problem": None}),
    ],
)
def test_the_hook_logs_facts_and_no_repr(error: Exception, facts: dict[str, Any]) -> None:
    details = stamina.instrumentation.RetryDetails("n", ("secret",), {"k": "secret"}, 1, 7.0, 0.0, error)
    with structlog.testing.capture_logs() as logs:
        retry_hook(details)
    assert logs == [
        {"event": "request.retried", "log_level": "info", "attempt": 1, "wait_seconds": 7.0, **facts},
    ]


async def test_an_installed_hook_sees_every_retry_and_is_the_only_one(serve: Serve, connect: Connect) -> None:
    install_retry_hook()
    assert stamina.instrumentation.get_on_retry_hooks() == (retry_hook,)
    server = await serve(lambda _: web.Response(status=503))
    with structlog.testing.capture_logs() as logs, pytest.raises(ApiError):
        await (await connect(server.url)).get_job("job-1")
    assert [entry["attempt"] for entry in logs] == [1, 2]
