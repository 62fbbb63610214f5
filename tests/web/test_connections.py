"""Strangers' connections: what they send and how, down to the bytes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from controller.web import application as application_module
from controller.web import connections as connections_module
from controller.web import listener as listener_module
from controller.web.connections import Connections
from controller.web.gate import Limits
from controller.web.limits import Rate
from controller.web.listener import Listener
from tests.runtime.stage import until
from tests.web.door import BODY, LARGEST, WRITE, Door, opened_door, problem_of

MUCH = Limits(Rate(1e6, 10**6), Rate(1e6, 10**6))


class Wire:
    """A connection by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, door: Door) -> "Wire":
        host, port = door.listener.url.removeprefix("http://").split(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def send(self, data: bytes) -> bytes:
        """Send, and give all that comes back until it closes."""
        self.writer.write(data)
        return await self.rest()

    async def rest(self) -> bytes:
        async with asyncio.timeout(60):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""
            finally:
                self.writer.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"GET /look HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
        b"GET /look HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /look HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10_000 + b"\r\n\r\n",
        b"POST /change HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /change HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_request_is_told_so_as_a_problem_and_fills_no_log(
    tmp_path: Path, request_bytes: bytes
) -> None:
    async with opened_door(tmp_path) as door:
        with capture_logs() as logs:
            said = await (await Wire.to(door)).send(request_bytes)
        head, _, body = said.partition(b"\r\n\r\n")
        assert b" 400 " in head.split(b"\r\n", maxsplit=1)[0]
        assert b"Content-Type: application/problem+json" in head
        assert b"Server: campaign-controller" in head
        assert b"nosniff" in head
        assert json.loads(body)["detail"] == "this is no HTTP request that can be read"
        assert logs == []
        assert await door.look() == 200


async def test_two_host_headers_are_refused(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        said = await (await Wire.to(door)).send(
            b"GET /look HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        )
        assert b" 400 " in said.split(b"\r\n", maxsplit=1)[0]


async def test_no_host_header_is_refused_but_of_a_probe(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        said = await (await Wire.to(door)).send(b"GET /look HTTP/1.0\r\n\r\n")
        assert b" 400 " in said.split(b"\r\n", maxsplit=1)[0]
        said = await (await Wire.to(door)).send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert b" 200 " in said.split(b"\r\n", maxsplit=1)[0]


@pytest.mark.parametrize(("expected", "begin"), [("100-continue", b"HTTP/1.1 100 "), ("wonders", b"HTTP/1.1 417 ")])
async def test_who_asks_before_sending_a_body_is_answered(tmp_path: Path, expected: str, begin: bytes) -> None:
    async with opened_door(tmp_path) as door:
        head = f"POST /change HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {WRITE}\r\nConnection: close\r\n"
        body = json.dumps(BODY)
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: {expected}\r\n\r\n"
        said = await (await Wire.to(door)).send(f"{head}{body}".encode())
        assert said.startswith(begin)
        assert len(door.changes) == (expected == "100-continue")
        assert (b"application/problem+json" in said) == (expected == "wonders")


async def test_a_head_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "IDLE_SECONDS", 0.05)
    async with opened_door(tmp_path) as door:
        silent, slow = await Wire.to(door), await Wire.to(door)
        slow.writer.write(b"GET /look HTTP/1.1\r\nHost: loc")
        assert await silent.rest() == b""
        assert await slow.rest() == b""


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_module, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(connections_module, "LINGER_SECONDS", 0.05)
    async with opened_door(tmp_path) as door:
        head = f"POST /change HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {WRITE}\r\n"
        said = await (await Wire.to(door)).send(
            f"{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{".encode()
        )
        assert said.startswith(b"HTTP/1.1 408 ")
        assert door.changes == []


async def test_a_body_that_breaks_off_changes_nothing_and_fills_no_log(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        wire = await Wire.to(door)
        head = f"POST /change HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {WRITE}\r\n"
        with capture_logs() as logs:
            wire.writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{".encode())
            await wire.writer.drain()
            await asyncio.sleep(0.02)
            wire.writer.transport.abort()
            await until(lambda: not door.listener._runner.server.connections)  # type: ignore[union-attr]
        assert (door.changes, logs) == ([], [])


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused(tmp_path: Path, chunked: bool) -> None:
    async with opened_door(tmp_path) as door:

        async def in_chunks() -> AsyncIterator[bytes]:
            for _ in range(LARGEST // 1024 + 2):
                yield b"x" * 1024

        body = in_chunks() if chunked else b"x" * (LARGEST + 1)
        answer = await door.ask("POST", "/change", WRITE, data=body, headers={"Content-Type": "application/json"})
        assert answer.status == 413
        assert await problem_of(answer)
        assert door.changes == []
        assert await door.change(WRITE) == 200


async def test_a_largest_body_is_taken(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        body = json.dumps(BODY).encode()
        padded = body + b" " * (LARGEST - len(body) - 1)
        answer = await door.ask("POST", "/change", WRITE, data=padded, headers={"Content-Type": "application/json"})
        assert answer.status == 200


async def test_only_so_many_connections_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "MOST_OF_ONE", 2)
    async with opened_door(tmp_path) as door:
        kept = [await Wire.to(door) for _ in range(2)]
        await until(lambda: len(door.listener._runner.server.connections) == 2)  # type: ignore[union-attr]
        with capture_logs() as logs:
            assert await (await Wire.to(door)).rest() == b""
            assert await (await Wire.to(door)).rest() == b""
        assert [(line["event"], line["connections"]) for line in logs] == [("web.crowded", 2)]
        kept[0].writer.close()
        await until(lambda: len(door.listener._runner.server.connections) == 1)  # type: ignore[union-attr]
        assert await door.look() == 200
        kept[1].writer.close()


def test_one_address_does_not_take_every_place() -> None:
    connections = Connections()
    most = connections_module.MOST_OF_ONE
    assert [connections.open("a") for _ in range(most + 1)] == [*[True] * most, False]
    assert connections.open("b")
    connections.close("a")
    assert connections.open("a")
    assert sum(connections.open(f"c{n}") for n in range(1000)) == connections_module.MOST - most - 1


async def test_who_takes_nothing_of_the_answer_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "STUCK_SECONDS", 0.05)
    async with opened_door(tmp_path, limits=MUCH) as door:
        wire = await Wire.to(door)
        asked = b"GET /look HTTP/1.1\r\nHost: localhost\r\n\r\n"

        async def ask_on() -> None:
            while True:
                wire.writer.write(asked * 500)
                await wire.writer.drain()

        wire.reader._transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(20):
                await ask_on()
        wire.writer.transport.abort()
        assert await door.look() == 200


async def test_a_port_that_is_taken_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "AGAIN_SECONDS", 0.01)
    async with opened_door(tmp_path) as door:
        host, port = door.listener.url.removeprefix("http://").split(":")
        with capture_logs() as logs:
            second = Listener((host, int(port)), door.build(read=False, write=False, names=(), limits=MUCH))
            second.start()
            await asyncio.sleep(0.1)
            assert not second.listening.is_set()
            await door.listener.close()
            async with asyncio.timeout(60):
                await second.listening.wait()
        assert [(line["event"], line["log_level"]) for line in logs] == [
            ("web.unavailable", "error"),
            ("web.started", "info"),
        ]
        assert logs[0]["address"] == f"{host}:{port}"
        assert "in use" in logs[0]["problem"]
        door.listener = second
        assert await door.look() == 200


async def test_a_name_that_has_no_address_is_told_and_stops_nothing() -> None:
    with capture_logs() as logs:
        listener = Listener(("no-such-host.invalid", 1), web.Application())
        listener.start()
        await until(lambda: bool(logs))
        await listener.close()
    assert logs[0]["event"] == "web.unavailable"
