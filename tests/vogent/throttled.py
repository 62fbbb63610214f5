"""A client before a provider that refuses, in time that jumps, so that nobody waits."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.errors import ApiError
from tests.simulation.loop import VirtualLoop
from tests.simulation.wire import Response

JOB = {"id": "j", "name": "n", "status": "PAUSED", "callAgentId": "a"}


class Provider:
    """Stands for the session: takes a tenth of a second for each request, and gives what `answer` says.

    `seen` holds each request's method with the second at which it came.
    """

    closed = False

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []
        self.refuse_until: dict[str, float] = {}
        self.retry_after: str | None = "60"
        self.status = 200

    @asynccontextmanager
    async def request(self, method: str, _url: Any, **_given: Any) -> AsyncIterator[Response]:
        came = asyncio.get_running_loop().time()
        self.seen.append((method, round(came, 3)))
        await asyncio.sleep(0.1)
        if came < self.refuse_until.get(method, 0.0):
            yield Response(429, b"", {} if self.retry_after is None else {"Retry-After": self.retry_after})
        elif self.status == 0:
            raise aiohttp.ServerDisconnectedError
        else:
            yield Response(self.status, json.dumps(JOB).encode())

    async def close(self) -> None:
        """Nothing is held."""

    def times(self, method: str) -> list[float]:
        return [came for seen, came in self.seen if seen == method]


class Stage:
    """A client in front of such a provider. Everything starts at the second 0."""

    def __init__(self, limit: int = 10) -> None:
        self.provider = Provider()
        self.budget = Budget(limit)
        self.api = VogentClient(
            session=self.provider,  # type: ignore[arg-type] - it has what the transport uses
            workspace="main",
            base_url="https://provider.test/api",
            key=lambda: "key",
            request_timeout=10.0,
            budget=self.budget,
        )

    def refusing(self, *methods: str, until: float, retry_after: str | None = "60") -> "Stage":
        self.provider.refuse_until = dict.fromkeys(methods, until)
        self.provider.retry_after = retry_after
        return self

    def start(self, work: Coroutine[Any, Any, Any], at: float = 0.0) -> asyncio.Task[Any]:
        """Begin this at that second."""

        async def later() -> Any:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(at - loop.time())
            return await work

        return asyncio.create_task(later())

    async def refused(self, at: float = 0.0) -> None:
        """Let a request be refused that is sent once."""
        with pytest.raises(ApiError):
            await self.start(self.api.put_schedule("j", {}), at)


def play(scene: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Run the scene to its end; in how many turns of the loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(scene())
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return loop.steps
