"""Connections that are used again only while they are clean."""

import ssl

import aiohttp


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
        """Give a connection as aiohttp does, after closing those that are not clean; there are `limit` at most."""
        connection = await super().connect(req, traces, timeout)
        for _ in range(self.limit):
            if connection.protocol is None or not connection.protocol.should_close:
                break
            connection.close()
            connection = await super().connect(req, traces, timeout)
        return connection
