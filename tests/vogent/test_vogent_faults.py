"""Faults on the wire: cut, reset, late, huge, compressed, redirected, not HTTP."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aioresponses import aioresponses

from controller.core.job import Status
from controller.vogent.client import VogentClient
from controller.vogent.errors import ContractError, ErrorReason, Rejected, Unavailable

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]

#: Method names with their arguments, and how often each is sent when it fails without a refusal.
CALLS = [
    ("list_jobs", (None,), 3),
    ("get_job", ("job-1",), 3),
    ("queue", ("job-1",), 3),
    ("pause", ("job-1",), 3),
    ("unpause", ("job-1",), 1),
    ("put_schedule", ("job-1", {}), 1),
]
WRITES = {"pause", "unpause", "put_schedule"}
calls = pytest.mark.parametrize(("method", "arguments", "times"), CALLS)


def answer_of(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("reset", "the connection was lost"),
        (b"", "the connection was lost"),
        (answer_of(b'{"id": "job-1"', "Content-Length: 500"), "its answer was cut off"),
        (answer_of(b"5\r\n{", "Transfer-Encoding: chunked"), "its answer was cut off"),
    ],
)
@calls
async def test_a_connection_that_breaks_is_unavailable_and_leaves_a_write_s_outcome_unknown(
    serve_raw: Serve,
    connect: Connect,
    script: bytes | str,
    problem: str,
    method: str,
    arguments: tuple[Any, ...],
    times: int,
) -> None:
    server = await serve_raw(script)
    with pytest.raises(Unavailable) as caught:
        await getattr(await connect(server.url), method)(*arguments)
    assert caught.value.reason is ErrorReason.CONNECTION
    assert problem in str(caught.value)
    assert caught.value.outcome_unknown is (method in WRITES)
    if method in WRITES:
        assert len(server.seen) == times


async def test_a_pause_whose_answer_was_lost_is_sent_again_and_succeeds(
    serve_raw: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    body = json.dumps(job_json(status="PAUSED")).encode()
    server = await serve_raw("reset", answer_of(body, f"Content-Length: {len(body)}"))
    assert (await (await connect(server.url)).pause("job-1")).status is Status.PAUSED
    assert len(server.seen) == 2


@pytest.mark.parametrize(("method", "arguments"), [("unpause", ("job-1",)), ("put_schedule", ("job-1", {}))])
async def test_a_write_on_a_kept_connection_that_turns_out_dead_is_not_sent_again_behind_our_back(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    method: str,
    arguments: tuple[Any, ...],
) -> None:
    def answer(request: web.Request) -> Any:
        if request.method != "GET":
            request.transport.abort()
        return job_json()

    server = await serve(answer)
    api = await connect(server.url)
    await api.get_job("job-1")
    with pytest.raises(Unavailable) as caught:
        await getattr(api, method)(*arguments)
    assert caught.value.outcome_unknown
    assert server.seen[0].peer == server.seen[1].peer, "the connection was a kept one"
    assert len(server.seen) == 2


@calls
async def test_a_refused_connection_is_unavailable_and_left_nothing_unknown(
    connect: Connect,
    closed_port: int,
    method: str,
    arguments: tuple[Any, ...],
    times: int,
) -> None:
    del times
    with pytest.raises(Unavailable, match="takes no connection") as caught:
        await getattr(await connect(f"http://127.0.0.1:{closed_port}"), method)(*arguments)
    assert caught.value.reason is ErrorReason.CONNECTION
    assert not caught.value.outcome_unknown


async def late_headers(_: web.Request) -> None:
    await asyncio.sleep(30)


async def late_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"{")
    await asyncio.sleep(30)
    return response


async def dripping_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("handler", [late_headers, late_body, dripping_body])
@pytest.mark.parametrize(("method", "unknown"), [("get_job", False), ("unpause", True)])
async def test_an_answer_that_does_not_come_whole_in_time_is_a_timeout(
    serve: Serve,
    connect: Connect,
    handler: Callable[[web.Request], Any],
    method: str,
    unknown: bool,
) -> None:
    server = await serve(handler)
    with pytest.raises(Unavailable, match="no whole answer in time") as caught:
        await getattr(await connect(server.url, request_timeout=0.1), method)("job-1")
    assert caught.value.reason is ErrorReason.TIMEOUT
    assert caught.value.outcome_unknown is unknown


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
@calls
async def test_a_redirect_is_not_followed_so_the_key_stays_at_home(
    serve: Serve,
    connect: Connect,
    method: str,
    arguments: tuple[Any, ...],
    times: int,
    status: int,
) -> None:
    del times
    elsewhere = await serve(lambda _: {})
    server = await serve(lambda _: web.Response(status=status, headers={"Location": elsewhere.url}))
    with pytest.raises(Rejected) as caught:
        await getattr(await connect(server.url), method)(*arguments)
    assert caught.value.status == status
    assert len(server.seen) == 1
    assert elsewhere.seen == []


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "<html>Sign in</html>", "content_type": "text/html"},
        {"body": b""},
        {"body": b"\xff\xfe"},
        {"status": 204},
        {"body": b"[" * 500_000},
    ],
)
@calls
async def test_a_success_that_cannot_be_read_is_a_contract_error_and_is_not_asked_for_again(
    serve: Serve,
    connect: Connect,
    answer: dict[str, Any],
    method: str,
    arguments: tuple[Any, ...],
    times: int,
) -> None:
    del times
    server = await serve(lambda _: web.Response(**answer))
    with pytest.raises(ContractError, match=r"^main: ") as caught:
        await getattr(await connect(server.url), method)(*arguments)
    assert caught.value.reason is ErrorReason.CONTRACT
    assert caught.value.outcome_unknown is (method in WRITES)
    assert "Sign in" not in str(caught.value)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "script",
    [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", answer_of(b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked")],
)
@calls
async def test_an_answer_that_is_not_http_is_a_contract_error(
    serve_raw: Serve,
    connect: Connect,
    script: bytes,
    method: str,
    arguments: tuple[Any, ...],
    times: int,
) -> None:
    del times
    server = await serve_raw(script)
    with pytest.raises(ContractError, match="its answer is not HTTP") as caught:
        await getattr(await connect(server.url), method)(*arguments)
    assert caught.value.outcome_unknown is (method in WRITES)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip"])
@pytest.mark.parametrize(("method", "unknown"), [("get_job", False), ("unpause", True)])
async def test_a_compressed_answer_is_refused_unopened(
    serve: Serve,
    connect: Connect,
    encoding: str,
    method: str,
    unknown: bool,
) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    server = await serve(lambda _: web.Response(body=bomb, headers={"Content-Encoding": encoding}))
    with pytest.raises(ContractError, match="compressed") as caught:
        await getattr(await connect(server.url), method)("job-1")
    assert caught.value.outcome_unknown is unknown


async def test_an_answer_that_names_its_identity_encoding_is_read(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    server = await serve(lambda _: web.json_response(job_json(), headers={"Content-Encoding": "Identity"}))
    assert (await (await connect(server.url)).get_job("job-1")).id == "job-1"


@pytest.mark.parametrize(("method", "longest"), [("get_job", 2**20), ("pause", 2**20), ("queue", 32 * 2**20)])
async def test_a_hundred_megabytes_are_not_read_to_their_end(
    serve: Serve,
    connect: Connect,
    method: str,
    longest: int,
) -> None:
    total, sent = 100 * 2**20, 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < total:
            await response.write(b" " * 2**18)
            sent += 2**18
        return response

    server = await serve(flood)
    with pytest.raises(ContractError, match=f"longer than {longest} bytes"):
        await getattr(await connect(server.url, request_timeout=30.0), method)("job-1")
    assert sent < longest + 20 * 2**20, "what is on the way fits the sockets' buffers"


async def test_an_answer_that_announces_too_much_is_not_read_at_all(serve_raw: Serve, connect: Connect) -> None:
    server = await serve_raw(answer_of(b"", f"Content-Length: {2**20 + 1}"))
    with pytest.raises(ContractError, match="longer than 1048576 bytes"):
        await (await connect(server.url)).get_job("job-1")


async def test_an_answer_of_just_the_longest_size_is_read(serve: Serve, connect: Connect, job_json: JobJson) -> None:
    body = json.dumps(job_json()).encode().ljust(2**20)
    server = await serve(lambda _: web.Response(body=body))
    assert (await (await connect(server.url)).get_job("job-1")).id == "job-1"


async def test_a_name_that_does_not_resolve_is_unavailable_and_left_nothing_unknown(
    mocked: aioresponses,
    connect: Connect,
    job_json: JobJson,
) -> None:
    url = "http://vogent.test/api"
    unresolved = aiohttp.ClientConnectorDNSError(
        aiohttp.client_reqrep.ConnectionKey("vogent.test", 80, False, True, None, None, None),
        OSError(-2, "Name or service not known"),
    )
    mocked.post(f"{url}/batch_dial_jobs/job-1/paused", exception=unresolved)
    with pytest.raises(Unavailable, match="does not resolve") as caught:
        await (await connect(url)).unpause("job-1")
    assert not caught.value.outcome_unknown

    mocked.get(f"{url}/batch_dial_jobs/job-1", exception=unresolved)
    mocked.get(f"{url}/batch_dial_jobs/job-1", payload=job_json())
    assert (await (await connect(url)).get_job("job-1")).id == "job-1"


async def test_a_connection_that_takes_too_long_to_make_left_nothing_unknown(
    mocked: aioresponses,
    connect: Connect,
) -> None:
    url = "http://vogent.test/api"
    mocked.post(f"{url}/batch_dial_jobs/job-1/paused", exception=aiohttp.ConnectionTimeoutError("slow"))
    with pytest.raises(Unavailable, match="no connection in time") as caught:
        await (await connect(url)).unpause("job-1")
    assert caught.value.reason is ErrorReason.TIMEOUT
    assert not caught.value.outcome_unknown


async def test_one_bad_connection_does_not_spoil_the_next_request(
    serve_raw: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    body = json.dumps(job_json()).encode()
    server = await serve_raw(b"nonsense\r\n\r\n", answer_of(body, f"Content-Length: {len(body)}"))
    api = await connect(server.url, limit=1)
    with pytest.raises(ContractError):
        await api.get_job("job-1")
    assert (await api.get_job("job-1")).id == "job-1"
