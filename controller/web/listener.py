"""The TCP listener for pages, scripts and probes. That it cannot listen stops no pause: it is told, and tried again."""

import asyncio
from contextlib import suppress

import structlog
from aiohttp import web

from controller.web.connections import Connections, StrangerHandler

log = structlog.get_logger()

AGAIN_SECONDS = 30.0
"""Real seconds between two attempts to listen."""
SHUTDOWN_SECONDS = 2.0
"""How long answers under way may take once it closes."""


class Listener:
    """Serves an application at an address, (host, port); port 0 is any free one."""

    def __init__(self, address: tuple[str, int], app: web.Application) -> None:
        self._address = address
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
        self._server: asyncio.Server | None = None
        self._starting: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()
        """Set once it does."""

    @property
    def url(self) -> str:
        """Where it listens. Raises RuntimeError before it does."""
        if self._server is None:
            raise RuntimeError("it does not listen yet")
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Begin to listen, as soon as that can be."""
        self._starting = asyncio.create_task(self._start(), name="web-listener")

    async def close(self) -> None:
        """Stop listening; answers under way are given a moment."""
        if self._starting is not None:
            self._starting.cancel()
            with suppress(asyncio.CancelledError):
                await self._starting
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    async def _start(self) -> None:
        await self._runner.setup()
        told: str | None = None
        while True:
            try:
                await self._listen()
            except OSError as error:  # it may also be that the name has no address
                problem = error.strerror or str(error)
                if problem != told:
                    address = ":".join(map(str, self._address))
                    log.error("web.unavailable", address=address, problem=problem, again_in_seconds=AGAIN_SECONDS)
                told = problem
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                log.info("web.started", url=self.url)
                self.listening.set()
                return

    async def _listen(self) -> None:
        manager = self._runner.server
        if manager is None:
            raise RuntimeError("the runner is not set up")
        connections = Connections()
        host, port = self._address
        self._server = await asyncio.get_running_loop().create_server(
            lambda: StrangerHandler(manager, connections), host, port
        )
