"""Servers on loopback, well-behaved and otherwise, and clients that talk to them."""

import asyncio
import inspect
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import aiohttp
import pytest
import stamina
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioresponses import aioresponses

from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.transport import open_session
from tests.vogent.certificates import make_authority

CANARY = "canary-7f3a9c51-key"


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries as often as ever, but at once, after a 429 too."""
    monkeypatch.setattr("controller.vogent.throttle.HELD_AT_MOST", 0.0)
    with stamina.set_testing(testing=True, attempts=1000, cap=True):
        yield
    stamina.instrumentation.set_on_retry_hooks(None)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority of our own."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def canary() -> str:
    """The key that must be seen by the API and by nobody else."""
    return CANARY


@pytest.fixture
def job_json() -> Callable[..., dict[str, Any]]:
    """Build a job as the reference describes it."""

    def build(job_id: str = "job-1", **changes: Any) -> dict[str, Any]:
        return {
            "id": job_id,
            "name": f"Renewals {job_id}",
            "status": "ACTIVE",
            "callAgentId": "agt_1",
            "maxConcurrentDials": 5,
            "createdAt": "2026-01-05T09:00:00Z",
            **changes,
        }

    return build


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def serve(stack: AsyncExitStack) -> Callable[..., Awaitable[SimpleNamespace]]:
    """Start an aiohttp server whose one handler answers every request; `seen` holds what arrived."""

    async def start(handler: Callable[[web.Request], Any], host: str = "127.0.0.1", **server: Any) -> SimpleNamespace:
        seen: list[SimpleNamespace] = []

        async def record(request: web.Request) -> web.StreamResponse:
            seen.append(
                SimpleNamespace(
                    method=request.method,
                    raw_path=request.raw_path.partition("?")[0],
                    query=dict(request.query),
                    headers=request.headers,
                    body=await request.text(),
                    peer=request.transport.get_extra_info("peername"),
                ),
            )
            answer = handler(request)
            answer = await answer if inspect.isawaitable(answer) else answer
            return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", record)
        test_server = TestServer(app, scheme="https" if server else "http", host=host)
        await test_server.start_server(**server)
        stack.push_async_callback(test_server.close)
        return SimpleNamespace(url=f"{test_server.make_url('/')}api", seen=seen, port=test_server.port)

    return start


@pytest.fixture
def serve_raw(stack: AsyncExitStack) -> Callable[..., Awaitable[SimpleNamespace]]:
    """Start a server that answers the n-th request with the n-th script (the last one for ever after).

    A script is the bytes to send before the connection closes in order, "reset" to break it off instead, or a
    coroutine function that writes them; the connection is kept for the next request while that gives True.
    """

    async def start(*scripts: bytes | str | Callable[[asyncio.StreamWriter], Awaitable[bool]]) -> SimpleNamespace:
        seen: list[bytes] = []
        talks: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            kept = True
            while kept:
                head = await reader.readuntil(b"\r\n\r\n")
                found = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
                seen.append(head + await reader.readexactly(int(found[1]) if found else 0))
                kept = await say(scripts[min(len(seen), len(scripts)) - 1], writer)

        async def say(script: Any, writer: asyncio.StreamWriter) -> bool:
            if callable(script):
                return bool(await script(writer))
            if script == "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            writer.write(script)
            await writer.drain()
            return False

        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks[asyncio.current_task()] = writer
            with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):  # the client hung up
                await talk(reader, writer)

        async def hang_up() -> None:
            for writer in talks.values():
                writer.transport.abort()
            await asyncio.gather(*talks)

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        stack.push_async_callback(server.wait_closed)
        stack.push_async_callback(hang_up)
        stack.callback(server.close)
        port = server.sockets[0].getsockname()[1]
        return SimpleNamespace(url=f"http://127.0.0.1:{port}/api", seen=seen, port=port)

    return start


@pytest.fixture
def connect(stack: AsyncExitStack) -> Callable[..., Awaitable[VogentClient]]:
    """Build a client of the workspace `main`, closed after the test."""

    async def build(base_url: str, **changes: Any) -> VogentClient:
        limit = changes.pop("limit", 10)
        session = changes.pop("session", None) or open_session(limit)
        stack.push_async_callback(session.close)
        arguments = {"key": lambda: CANARY, "request_timeout": 5.0, "budget": Budget(limit), **changes}
        return VogentClient(session=session, workspace="main", base_url=base_url, **arguments)

    return build


@pytest.fixture
async def closed_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class _MockedResponse(aiohttp.ClientResponse):
    """What aioresponses builds, completed for aiohttp 3.14, which wants to know the writer of the request too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, stream_writer=mock.Mock(output_size=0), **kwargs)


@pytest.fixture
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """The aioresponses double, for faults that no server on loopback can serve."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", _MockedResponse)
    with aioresponses() as double:
        yield double
