"""Connections of strangers: so many and no more, none that dawdles, and what is no HTTP is told so as a problem."""

import asyncio
import logging
from collections import Counter
from http import HTTPStatus

import structlog
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from controller.web.application import HEADERS, SERVER
from controller.web.problems import problem

log = structlog.get_logger()

MOST = 256
"""Connections at once."""
MOST_OF_ONE = 128
"""Of one address: a proxy in front has one for all."""
IDLE_SECONDS = 30.0
"""How long the head of a request may take to come, on a new connection or after the last answer."""
STUCK_SECONDS = 30.0
"""How long whoever asked may take nothing of the answer."""
LINGER_SECONDS = 2.0
"""For how long a body that nobody wants is still taken, so that the answer arrives."""


class Connections:
    """Counts the open ones."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()
        self._told = False

    def open(self, address: str) -> bool:
        """Count one more; False where there are too many already, which is told once until there are fewer."""
        if self._of.total() < MOST and self._of[address] < MOST_OF_ONE:
            self._of[address] += 1
            return True
        if not self._told:
            log.warning("web.crowded", address=address, connections=self._of.total())
        self._told = True
        return False

    def close(self, address: str) -> None:
        """One less."""
        self._of[address] -= 1
        self._of += Counter()  # forget who has none
        self._told = self._told and self._of.total() >= MOST // 2


class StrangerHandler(web.RequestHandler):
    """One connection."""

    __slots__ = ("_address", "_connections", "_stuck")

    def __init__(self, manager: web.Server, connections: Connections) -> None:
        super().__init__(
            manager,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own runners do the same
            logger=_QUIET,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=LINGER_SECONDS,
            auto_decompress=False,
        )
        self._connections = connections
        self._address: str | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn it away where there are too many."""
        address = str((transport.get_extra_info("peername") or ("unknown",))[0])
        if self._connections.open(address):
            self._address = address
            super().connection_made(transport)
        elif isinstance(transport, asyncio.Transport):
            transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it no more."""
        self._no_longer_stuck()
        if self._address is not None:
            self._connections.close(self._address)
            self._address = None
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Nobody takes what is written: wait for that, but not for ever."""
        super().pause_writing()
        if isinstance(self.transport, asyncio.Transport):
            self._stuck = self._loop.call_later(STUCK_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It is taken again."""
        self._no_longer_stuck()
        super().resume_writing()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats what was sent
    ) -> web.StreamResponse:
        """Answer what could not be read, or could not be answered."""
        if not isinstance(exc, HttpProcessingError):
            log.error("web.crashed", path=request.path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        told = HTTPStatus(status)
        unread = "this is no HTTP request that can be read" if told is HTTPStatus.BAD_REQUEST else told.description
        response = problem(told, unread, {**HEADERS, hdrs.SERVER: SERVER})
        response.force_close()
        return response

    def _no_longer_stuck(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


_QUIET = logging.getLogger("controller.web.connections")
_QUIET.propagate = False
_QUIET.addHandler(logging.NullHandler())
"""What aiohttp says of strangers' connections would fill the logs at their will; what matters is told here."""
