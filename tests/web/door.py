"""A real listener with three endpoints behind the listener's gate: who comes in, and how far."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yarl
from aiohttp import web

from controller.settings import FileKey
from controller.web.application import build_application
from controller.web.changes import body_of
from controller.web.endpoint import Access, Endpoint, get, post
from controller.web.gate import LIMITS, Limits, ListenerGate
from controller.web.hosts import Hosts
from controller.web.listener import Listener
from controller.web.requests import Explained
from controller.web.tokens import Token

READ = "read-token-0123456789"
WRITE = "write-token-0123456789"
BODY = {"author": "ann", "reason": "a storm"}
LARGEST = 64 * 1024


class Door:
    """`changes` are the bodies that came in, `told` whom the gate told of. `url` has the address in it."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.session = session
        self.seen: set[str] = set()
        self.changes: list[Explained] = []
        self.told: list[tuple[str, int]] = []
        self.listener: Listener

    def build(self, read: bool, write: bool, names: Collection[str], limits: Limits) -> web.Application:
        for name, token in (("read", READ), ("write", WRITE)):
            (self.folder / name).write_text(token)
        tokens = [
            Token(FileKey(self.folder / name, f"{name} token"), self.seen) if wanted else None
            for name, wanted in (("read", read), ("write", write))
        ]
        self.gate = ListenerGate(Hosts("127.0.0.1", names), *tokens, lambda *told: self.told.append(told), limits)
        endpoints = [
            Endpoint("GET", "/healthz", self._look, dict, access=Access.OPEN),
            get("/look", self._look, dict),
            post("/change", self._change, dict, Explained),
        ]
        return build_application(endpoints, self.gate, LARGEST)

    async def _look(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _change(self, request: web.Request) -> web.Response:
        self.changes.append(await body_of(request, Explained))
        return web.json_response({"ok": True})

    async def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> aiohttp.ClientResponse:
        """The answer, read to its end."""
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        url = yarl.URL(f"{self.listener.url}{path}", encoded=True)
        async with self.session.request(method, url, headers=headers, **more) as answer:
            await answer.read()
            return answer

    async def look(self, token: str | None = None, path: str = "/look", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await self.ask("GET", path, token, headers=named)).status

    async def change(self, token: str | None = None, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await self.ask("POST", "/change", token, json=BODY, headers=named)).status


@asynccontextmanager
async def opened_door(
    folder: Path,
    *,
    read: bool = False,
    write: bool = True,
    names: Collection[str] = (),
    limits: Limits = LIMITS,
) -> AsyncIterator[Door]:
    """Built, listening, and closed at the end."""
    async with aiohttp.ClientSession() as session:
        door = Door(folder, session)
        door.listener = Listener(("127.0.0.1", 0), door.build(read, write, names, limits))
        door.listener.start()
        await door.listener.listening.wait()
        try:
            yield door
        finally:
            await door.listener.close()


async def problem_of(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The answer's problem."""
    assert answer.content_type == "application/problem+json"
    found: dict[str, Any] = await answer.json(content_type=None)
    assert found["status"] == answer.status
    return found
