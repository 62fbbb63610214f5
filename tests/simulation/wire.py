"""The network between the client and the provider: a session that looks like aiohttp's, on which anything may fail."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from typing import Any

import aiohttp

from tests.simulation.correspondence import Correspondence
from tests.simulation.provider import Actor, Provider

PAGE = 4
"""Jobs on one page: few, so that lists have several."""


@dataclass(slots=True)
class Fault:
    """What happens to one request. `before` the effect the provider never hears of it."""

    kind: str
    before: bool = False
    seconds: float = 0.0


FAULTS = (
    "timeout", "reset", "server_error", "throttled", "unauthorized", "refused", "html", "truncated", "lie", "lag",
    "other_id", "slow", "late", "wrong_date", "page_skipped", "page_repeated", "page_loops", "filter_ignored",
    "collapsed",
)  # fmt: skip
CHANGE_FAULTS = (
    "timeout", "reset", "server_error", "html", "throttled", "unauthorized", "refused", "lag", "slow", "late",
)  # fmt: skip

Choose = Callable[[str, str], Fault | None]
"""Gives the fault of a request, by its method and path, or None."""


class Response:
    """As much of an answer as the transport looks at, and, for the observer, the jobs that it shows,
    (id, status), and the instant that its date names.
    """

    def __init__(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        rows: Sequence[tuple[str, str]] = (),
        date: float | None = None,
    ) -> None:
        self.status = status
        self.rows = rows
        self.date = date
        self.headers = dict(headers or {})
        self.content = self
        self.content_length = len(body)
        self._body = body

    async def readany(self) -> bytes:
        body, self._body = self._body, b""
        return body

    def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Wire:
    """The session of one daemon. Once `cut`, nothing passes any more: the process behind it is gone.

    `leaves` tells of each change as it leaves, `seen` of each job that an unspoilt answer showed, and as of when;
    `correspondence` hears all that arrives.
    """

    provider: Provider
    chance: random.Random
    choose: Choose
    correspondence: Correspondence
    cut: bool = False
    closed: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    seen: Callable[[str, str, float], None] = lambda _job, _status, _at: None
    leaves: Callable[[str, bool], None] = lambda _job, _paused: None

    @asynccontextmanager
    async def request(self, method: str, url: Any, **given: Any) -> AsyncIterator[Response]:
        path = url.path.removeprefix("/api/batch_dial_jobs").strip("/")
        job, asked_at = path.split("/")[0], self.provider.now()
        paused = method == "POST" and json.loads(given["data"].decode())["paused"]
        if method == "POST":
            self.leaves(job, paused)
        fault = self.choose(method, path)
        if fault is not None:
            self.counts[fault.kind] = self.counts.get(fault.kind, 0) + 1
        told: Response | None = None
        try:
            async with asyncio.timeout(given["timeout"].total):
                told = await self._answer(method, path, given, fault, asked_at)
        except TimeoutError:
            raise aiohttp.ServerTimeoutError from None
        finally:
            if method == "POST" and (told is None or told.status >= 500 or told.status == 200):
                self.correspondence.lost(job, paused, asked_at)
        self.correspondence.arrives(job, method, told.status, told.rows, told.date)
        yield told

    async def _answer(
        self, method: str, path: str, given: Mapping[str, Any], fault: Fault | None, asked_at: float
    ) -> Response:
        await self._travel(fault)
        if fault is not None and fault.kind == "late":
            self._take_effect_later(path, given, fault, asked_at)
        if fault is not None and fault.before:
            return await self._fail(fault)
        status, body = self._serve(method, path, given, fault, asked_at)
        sampled_at = self.provider.now()
        if method != "GET":  # reading has no effect to be before or after of
            await self._travel(None)
        if fault is not None and fault.kind in ("timeout", "reset", "server_error", "html", "truncated"):
            return await self._fail(fault, body)
        if status == 200 and method == "GET" and (fault is None or fault.kind in ("slow", "wrong_date")):
            for row in body.get("data", [body]):
                self.seen(row["id"], row["status"], sampled_at)
        off = fault.seconds if fault is not None and fault.kind == "wrong_date" else 0.0
        date = sampled_at - off
        rows = [(row["id"], row["status"]) for row in body.get("data", [body])] if status == 200 else []
        headers = {"Date": _dated(int(date))}
        return Response(status, json.dumps(body).encode(), headers, rows, date)

    async def _travel(self, fault: Fault | None) -> None:
        await asyncio.sleep(self.chance.uniform(0.001, 0.05))
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if self.cut:
            await asyncio.Event().wait()

    async def _fail(self, fault: Fault, body: Any = None) -> Response:
        match fault.kind:
            case "timeout":
                await asyncio.sleep(3600)
            case "reset":
                raise aiohttp.ServerDisconnectedError
            case "server_error" | "late":
                return Response(503, b"")
            case "html":
                return Response(200, b"<html>moment, please</html>", {"Content-Type": "text/html"})
            case "truncated":
                return Response(200, json.dumps(body or {}).encode()[:-3])
            case "throttled":
                return Response(429, b"", {"Retry-After": f"{fault.seconds:.0f}"})
            case "unauthorized":
                return Response(401, b"")
            case _:
                return Response(422, b"{}")
        raise AssertionError(fault.kind)

    def _take_effect_later(self, path: str, given: Mapping[str, Any], fault: Fault, asked_at: float) -> None:
        """As behind a gateway that gives up on what is still being done; whether the daemon lives does not matter."""

        def take_effect() -> None:
            job = path.split("/", maxsplit=1)[0]
            if job in self.provider.jobs:
                self.provider.set_paused(job, json.loads(given["data"].decode())["paused"], Actor.US, asked_at)

        asyncio.get_running_loop().call_later(fault.seconds, take_effect)

    def _serve(
        self, method: str, path: str, given: Mapping[str, Any], fault: Fault | None, asked_at: float
    ) -> tuple[int, Any]:
        kind = fault.kind if fault else ""
        lag = fault.seconds if fault and kind == "lag" else 0.0
        if not path:
            return 200, self._page(given["params"], kind, lag)
        job = self.provider.jobs.get(path.split("/", maxsplit=1)[0])
        if job is None:
            return 404, {}
        if method == "POST" and kind != "lie":
            before = self.provider.shown(job)
            self.provider.set_paused(job.id, json.loads(given["data"].decode())["paused"], Actor.US, asked_at)
            if kind == "lag":
                return 200, before
        shown = self.provider.shown(job, lag)
        return 200, {**shown, "id": "another"} if kind == "other_id" else shown

    def _page(self, params: Mapping[str, str], kind: str, lag: float) -> dict[str, Any]:
        jobs = [self.provider.shown(job, lag) for job in self.provider.jobs.values()]
        status = params.get("status")
        if status is not None and kind != "filter_ignored":
            jobs = [job for job in jobs if job["status"] == status]
        if kind == "collapsed":
            jobs = []
        begin = int(params.get("cursor", 0))
        shown = jobs[begin : begin + PAGE]
        after = begin + PAGE
        cursor = str(after) if after < len(jobs) else None
        match kind:
            case "page_skipped" if cursor is not None:
                cursor = str(after + 1)
            case "page_repeated" if cursor is not None:
                cursor = str(after - 1)
            case "page_loops":
                cursor = "0"
        return {"data": shown, "cursor": cursor}

    async def close(self) -> None:
        self.closed = True


@lru_cache(maxsize=16)
def _dated(second: int) -> str:
    """Many answers come in each."""
    return formatdate(second, usegmt=True)
