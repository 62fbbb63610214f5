"""The key appears nowhere: not in an error, its text, its traceback, a log or the text of any object."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aioresponses import aioresponses
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.errors import ApiError
from controller.vogent.retries import install_retry_hook
from controller.vogent.transport import open_session

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]


def told(error: BaseException) -> str:
    """Give everything that a log or a person could be shown of an error, contexts and causes included."""
    texts, left = [], [error]
    while left:
        one = left.pop()
        texts += [repr(one), str(one), repr(one.args), repr(vars(one))]
        left += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join([*texts, *traceback.format_exception(error, chain=True)])


@pytest.fixture(autouse=True)
def every_log(caplog: pytest.LogCaptureFixture) -> None:
    """Everything at DEBUG, the event loop's and aiohttp's own loggers included."""
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "aiohttp.client", "aiohttp.internal"):
        caplog.set_level(logging.DEBUG, logger=name)
    install_retry_hook()


def echo(status: int, **headers: str) -> Callable[[web.Request], web.Response]:
    """Answer with the key in the body and in a header, as a careless gateway might."""

    def answer(request: web.Request) -> web.Response:
        key = request.headers["Authorization"]
        return web.Response(status=status, text=f"bad {key}", headers={"X-Echo": key, **headers})

    return answer


def echo_json(request: web.Request) -> dict[str, Any]:
    key = request.headers["Authorization"]
    return {"id": key, "name": 7, "data": [{"id": 8, key: key}], "cursor": 7, key: key}


def abort(request: web.Request) -> web.Response:
    request.transport.abort()
    return web.Response()


async def late(_: web.Request) -> None:
    await asyncio.sleep(30)


FAILURES: dict[str, Callable[[web.Request], Any]] = {
    **{str(status): echo(status) for status in (302, 400, 401, 403, 404, 409, 422, 500, 503)},
    "throttled": echo(429, **{"Retry-After": "1"}),
    "html": echo(200),
    "json of something else": echo_json,
    "compressed": echo(200, **{"Content-Encoding": "gzip"}),
    "aborted": abort,
    "late": late,
}
CALLS = [
    ("list_jobs", (None,)),
    ("get_job", ("job-1",)),
    ("queue", ("job-1",)),
    ("pause", ("job-1",)),
    ("unpause", ("job-1",)),
    ("put_schedule", ("job-1", {})),
]


async def failing(api: VogentClient, method: str, arguments: tuple[Any, ...]) -> ApiError:
    asyncio.get_running_loop().set_debug(True)  # its own log of slow steps then names what ran
    with structlog.testing.capture_logs() as retries, pytest.raises(ApiError) as caught:
        await getattr(api, method)(*arguments)
    caught.value.logged = repr(retries)
    return caught.value


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(("method", "arguments"), CALLS)
async def test_no_failing_answer_brings_the_key_to_light(
    serve: Serve,
    connect: Connect,
    canary: str,
    caplog: pytest.LogCaptureFixture,
    failure: str,
    method: str,
    arguments: tuple[Any, ...],
) -> None:
    server = await serve(FAILURES[failure])
    api = await connect(server.url, request_timeout=0.1 if failure == "late" else 5.0)
    error = await failing(api, method, arguments)
    assert canary in server.seen[0].headers["Authorization"], "it was sent"
    assert canary not in told(error)
    assert canary not in caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert error.__context__ is None


@pytest.mark.parametrize("script", ["reset", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
@pytest.mark.parametrize(("method", "arguments"), CALLS)
async def test_no_fault_on_the_wire_brings_the_key_to_light(
    serve_raw: Serve,
    connect: Connect,
    canary: str,
    caplog: pytest.LogCaptureFixture,
    script: bytes | str,
    method: str,
    arguments: tuple[Any, ...],
) -> None:
    server = await serve_raw(script)
    error = await failing(await connect(server.url), method, arguments)
    assert canary.encode() in server.seen[0]
    assert canary not in told(error)
    assert canary not in caplog.text


async def test_an_error_of_the_library_that_holds_the_headers_is_left_behind(
    mocked: aioresponses,
    connect: Connect,
    canary: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = "http://vogent.test/api/batch_dial_jobs/job-1"
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {canary}"}))
    info = aiohttp.RequestInfo(URL(url), "GET", headers, URL(url))
    library_error = aiohttp.ClientResponseError(info, (), message=canary, headers=headers)
    assert canary in repr(library_error)
    mocked.get(url, exception=library_error)
    error = await failing(await connect("http://vogent.test/api"), "get_job", ("job-1",))
    assert canary not in told(error)
    assert canary not in caplog.text


async def test_retries_are_logged_without_the_key(serve: Serve, connect: Connect, canary: str) -> None:
    server = await serve(echo(503))
    error = await failing(await connect(server.url), "pause", ("job-1",))
    assert "request.retried" in error.logged
    assert canary not in error.logged


async def test_no_object_shows_the_key(serve: Serve, canary: str) -> None:
    server = await serve(lambda _: {"data": [], "cursor": None})
    session = open_session(1)
    api = VogentClient(
        session=session,
        workspace="main",
        base_url=server.url,
        key=lambda: canary,
        request_timeout=5.0,
        budget=Budget(1),
    )
    await api.list_jobs(None)
    shown = [repr(value) for thing in (api, api._transport) for value in (thing, vars(thing))]
    shown += [repr(session), str(session), repr(session.headers), repr(api._transport._key)]
    assert canary not in "".join(shown)
    assert repr(api) == f"VogentClient(workspace='main', base_url='{server.url}')"
    await api.close()
    assert session.closed
