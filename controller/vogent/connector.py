"""Connections that are used again only while they are clean, and the last word before a request leaves on one."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import aiohttp

from controller.vogent.api import WithdrawnError, always

_still_wanted: ContextVar[Callable[[], bool]] = ContextVar("still_wanted", default=always)


@contextmanager
def asked_last(still_wanted: Callable[[], bool]) -> Iterator[None]:
    """Let the requests of this task leave only if `still_wanted` says yes once their connection is there.

    Where it says no, WithdrawnError comes out of the request, and nothing was sent.
    """
    token = _still_wanted.set(still_wanted)
    try:
        yield
    finally:
        _still_wanted.reset(token)


def _ask() -> None:
    if not _still_wanted.get()():
        raise WithdrawnError


class CleanConnector(aiohttp.TCPConnector):
    """Uses no connection on which something arrived while it was idle: that would be taken for the next answer.

    A server that answers twice, or a proxy that says 408 to an idle client, would else speak for a job it knows
    nothing of. Certificates are always verified.
    """

    def __init__(self, limit: int, keepalive: float) -> None:
        super().__init__(limit=limit, keepalive_timeout=keepalive, ssl=ssl.create_default_context())

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as aiohttp hands it on
    ) -> aiohttp.connector.Connection:
        """Give a connection as aiohttp does, once the request is still wanted. Raises WithdrawnError where it is not.

        A new connection may have taken seconds. From here on nothing waits any more: aiohttp writes the request in this
        very step of its task, or (before Python 3.12) in the loop's next turn.
        """
        connection = await self._connect_cleanly(req, traces, timeout)
        try:
            _ask()
        except BaseException:
            connection.release()  # unused: it serves the next request
            raise
        return connection

    async def _connect_cleanly(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as aiohttp hands it on
    ) -> aiohttp.connector.Connection:
        """Close connections that are not clean, of which there are `limit` at most."""
        connection = await super().connect(req, traces, timeout)
        for _ in range(self.limit):
            if connection.protocol is None or not connection.protocol.should_close:
                break
            connection.close()
            connection = await super().connect(req, traces, timeout)
        return connection
