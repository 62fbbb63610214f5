"""Servers that mean harm, or are broken as if they did: dripping bytes, floods, bombs, lies about where answers end."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from controller.core.job import Status
from controller.vogent.client import VogentClient
from controller.vogent.errors import ContractError, ErrorReason, Rejected, Unavailable

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]
Speech = Callable[[asyncio.StreamWriter], Awaitable[bool]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MEBIBYTE = 2**20


def whole(body: bytes) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def dripping(answer: bytes, every: float) -> Speech:
    """Send the answer byte by byte."""

    async def speak(writer: asyncio.StreamWriter) -> bool:
        for byte in answer:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every)
        return False

    return speak


def endless(begin: bytes, piece: bytes) -> Speech:
    """Send the piece for ever."""

    async def speak(writer: asyncio.StreamWriter) -> bool:
        writer.write(begin)
        while True:
            writer.write(piece * 1000)
            await writer.drain()

    return speak


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let no more memory than that be taken at any time, of this whole process."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < size


@pytest.mark.parametrize("part", ["the first line", "the headers", "the body"])
@pytest.mark.parametrize(
    ("method", "times", "unknown"), [("get_job", 3, False), ("pause", 3, True), ("unpause", 1, True)]
)
async def test_bytes_that_drip_are_given_up_at_the_time_for_a_request(
    serve_raw: Serve, connect: Connect, job_json: JobJson, part: str, method: str, times: int, unknown: bool
) -> None:
    answer = whole(json.dumps(job_json()).encode())
    begin = {"the first line": 0, "the headers": len(b"HTTP/1.1 200 OK\r\n"), "the body": answer.index(b"\r\n\r\n") + 4}
    told, drip = answer[: begin[part]], dripping(answer[begin[part] :], every=0.01)

    async def speak(writer: asyncio.StreamWriter) -> bool:
        writer.write(told)
        return await drip(writer)

    server = await serve_raw(speak)
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="no whole answer in time") as caught:
        await getattr(await connect(server.url, request_timeout=0.1), method)("job-1")
    assert (caught.value.reason, caught.value.outcome_unknown) == (ErrorReason.TIMEOUT, unknown)
    assert len(server.seen) == times
    assert asyncio.get_running_loop().time() - began >= 0.1 * times


async def test_bytes_that_drip_fast_enough_are_an_answer(serve_raw: Serve, connect: Connect, job_json: JobJson) -> None:
    server = await serve_raw(dripping(whole(json.dumps(job_json(status="PAUSED")).encode()), every=0))
    assert (await (await connect(server.url)).pause("job-1")).status is Status.PAUSED


@asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[int, bytearray]]:
    """Take connections, keep what arrives, and say nothing."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            heard.extend(data)
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


async def test_a_handshake_that_never_ends_left_nothing_unknown_and_learns_no_key(
    connect: Connect, canary: str
) -> None:
    async with silent_server() as (port, heard):
        with pytest.raises(Unavailable) as caught:
            await (await connect(f"https://127.0.0.1:{port}/api", request_timeout=0.2)).unpause("job-1")
    assert caught.value.reason is ErrorReason.TIMEOUT
    assert not caught.value.outcome_unknown
    assert heard
    assert canary.encode() not in heard


JOB = b'{"id": "job-1", "name": "Caf\xc3\xa9", "status": "PAUSED", "callAgentId": "a"}'


@pytest.mark.parametrize("end", [1, 14, JOB.index(b"\xa9"), JOB.index(b"PAUS") + 3, len(JOB) - 1])
@pytest.mark.parametrize(("method", "unknown"), [("get_job", False), ("pause", True), ("unpause", True)])
async def test_json_that_ends_early_in_a_whole_answer_is_a_contract_error(
    serve_raw: Serve, connect: Connect, end: int, method: str, unknown: bool
) -> None:
    server = await serve_raw(whole(JOB[:end]))
    with pytest.raises(ContractError) as caught:
        await getattr(await connect(server.url), method)("job-1")
    assert caught.value.outcome_unknown is unknown
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("script", "error", "problem"),
    [
        (CHUNKED + chunk(JOB), Unavailable, "cut off"),
        (CHUNKED + chunk(JOB) + b"0\r\n", Unavailable, "cut off"),
        (CHUNKED + chunk(JOB[:20]) + b"ff\r\n" + JOB[20:], Unavailable, "cut off"),
        (CHUNKED + chunk(JOB[:20]) + b"-5\r\n" + JOB[20:], ContractError, "not HTTP"),
        (CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(JOB) - 2, JOB), ContractError, "not HTTP"),
        (CHUNKED + b"f" * 40 + b"\r\n" + JOB, ContractError, "not HTTP"),
        (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(JOB), ContractError, "not HTTP"),
        (OK + b"Content-Length: 5\r\nContent-Length: 500\r\n\r\n" + JOB, ContractError, "not HTTP"),
        (OK + b"Content-Length: -1\r\n\r\n" + JOB, ContractError, "not HTTP"),
    ],
)
@pytest.mark.parametrize(("method", "unknown"), [("get_job", False), ("unpause", True)])
async def test_an_answer_whose_end_is_not_where_it_says_is_not_believed(
    serve_raw: Serve,
    connect: Connect,
    script: bytes,
    error: type[Exception],
    problem: str,
    method: str,
    unknown: bool,
) -> None:
    server = await serve_raw(script)
    with pytest.raises(error, match=problem) as caught:
        await getattr(await connect(server.url), method)("job-1")
    assert isinstance(caught.value, Unavailable | ContractError)
    assert caught.value.outcome_unknown is unknown


async def test_chunks_that_cut_characters_in_two_are_an_answer(serve_raw: Serve, connect: Connect) -> None:
    server = await serve_raw(CHUNKED + b"".join(chunk(bytes([byte])) for byte in JOB) + b"0\r\n\r\n")
    assert (await (await connect(server.url)).get_job("job-1")).name == "Café"


@pytest.mark.parametrize(
    ("begin", "piece", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Y: zzzzzzzzzzzzzzzz\r\n", ContractError),
        (b"HTTP/1.1 200 OK\r\nX-Y: ", b"zzzzzzzzzzzzzzzz", ContractError),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", Unavailable),
        (CHUNKED, b"0;a=zzzzzz\r\nX: y\r\n", ContractError),
        (CHUNKED + b"1;a=", b"zzzzzzzzzzzzzzzz", Unavailable),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", b"zzzzzzzzz", Rejected),
    ],
)
async def test_what_never_ends_is_given_up_and_fills_no_memory(
    serve_raw: Serve, connect: Connect, begin: bytes, piece: bytes, error: type[Exception]
) -> None:
    server = await serve_raw(endless(begin, piece))
    with at_most(16 * MEBIBYTE), pytest.raises(error):
        await (await connect(server.url, request_timeout=0.3)).unpause("job-1")


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {}, {"Content-Encoding": "identity"}])
async def test_a_gzip_bomb_is_not_unpacked(serve: Serve, connect: Connect, headers: dict[str, str]) -> None:
    bomb = gzip.compress(bytes(200 * MEBIBYTE))
    assert len(bomb) < MEBIBYTE
    server = await serve(lambda _: web.Response(body=bomb, headers=headers))
    with at_most(8 * MEBIBYTE), pytest.raises(ContractError) as caught:
        await (await connect(server.url)).pause("job-1")
    assert caught.value.outcome_unknown


async def test_a_hundred_megabytes_take_no_more_memory_than_the_longest_answer(
    serve_raw: Serve, connect: Connect
) -> None:
    async def flood(writer: asyncio.StreamWriter) -> bool:
        writer.write(OK + b"\r\n")
        for _ in range(100):
            writer.write(b" " * MEBIBYTE)
            await writer.drain()
        return False

    server = await serve_raw(flood)
    with at_most(8 * MEBIBYTE), pytest.raises(ContractError, match="longer than 1048576 bytes"):
        await (await connect(server.url)).pause("job-1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "form", ["http://127.0.0.2:{port}/api", "//127.0.0.2:{port}/api", "http://u:p@127.0.0.2:{port}/"]
)
@pytest.mark.parametrize("method", ["get_job", "pause", "unpause"])
async def test_a_redirect_to_another_host_does_not_take_the_key_there(
    serve: Serve, connect: Connect, canary: str, status: int, form: str, method: str
) -> None:
    elsewhere = await serve(lambda _: {}, host="127.0.0.2")
    location = form.format(port=elsewhere.port)
    server = await serve(
        lambda _: web.Response(status=status, headers={"Location": location, "Refresh": f"0;url={location}"})
    )
    with pytest.raises(Rejected):
        await getattr(await connect(server.url), method)("job-1")
    assert [seen.headers["Authorization"] for seen in server.seen] == [f"Bearer {canary}"]
    assert elsewhere.seen == []


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(
    serve_raw: Serve, connect: Connect, job_json: JobJson, when: str
) -> None:
    active, paused = (whole(json.dumps(job_json(status=status)).encode()) for status in ("ACTIVE", "PAUSED"))
    idle, said = asyncio.Event(), asyncio.Event()

    async def speak(writer: asyncio.StreamWriter) -> bool:
        writer.write(active + (paused if when == "at once" else b""))
        await writer.drain()
        await idle.wait()
        idle.clear()
        if when == "later":
            writer.write(paused)
            await writer.drain()
        said.set()
        return True

    server = await serve_raw(speak)
    api = await connect(server.url)
    for number in range(1, 4):
        assert (await api.get_job("job-1")).status is Status.ACTIVE
        assert len(server.seen) == number
        idle.set()
        await said.wait()
        said.clear()
        for _ in range(10):  # what was said arrives
            await asyncio.sleep(0)


async def test_a_clean_connection_is_used_again(serve: Serve, connect: Connect, job_json: JobJson) -> None:
    server = await serve(lambda _: job_json())
    api = await connect(server.url)
    for _ in range(3):
        await api.get_job("job-1")
    assert len({seen.peer for seen in server.seen}) == 1
