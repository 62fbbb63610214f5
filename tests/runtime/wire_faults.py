"""Answers that no client should have to take: bytes on the wire that are broken, late, huge, packed or elsewhere."""

import asyncio
import gzip
from contextlib import suppress

from aiohttp import web

from tests.runtime.faults import Answer
from tests.runtime.stage import Handler

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_BOMB = gzip.compress(bytes(100 * 2**20))


def raw(data: bytes) -> Answer:
    """Those bytes, and then the end of the connection."""

    async def answer(request: web.Request, _handler: Handler) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(data)
        request.transport.close()
        return web.Response()

    return answer


async def reset(request: web.Request, _handler: Handler) -> web.StreamResponse:
    """Break the connection off."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def dripping(request: web.Request, _handler: Handler) -> web.StreamResponse:
    """A byte now and then, for ever."""
    response = web.StreamResponse()
    with suppress(ConnectionError):
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)
    return response


async def flood(request: web.Request, _handler: Handler) -> web.StreamResponse:
    """A hundred megabytes."""
    response = web.StreamResponse()
    with suppress(ConnectionError):
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" " * 2**20)
    return response


async def page(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    """200, and a page for people."""
    return web.Response(text="<html><body>Back soon</body></html>", content_type="text/html")


async def bomb(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    """A hundred megabytes in a hundred kilobytes."""
    return web.Response(body=_BOMB, headers={"Content-Encoding": "gzip"}, content_type="application/json")


cut_json = raw(_HEAD + b'Content-Length: 21\r\n\r\n{"id": "job-1", "stat')
broken_chunks = raw(_HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\nff\r\n: "job')


def redirect(location: str) -> Answer:
    """Somewhere else, with method and body."""

    async def answer(_request: web.Request, _handler: Handler) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": location})

    return answer


def done_and(answer: Answer) -> Answer:
    """Do what is asked, and then answer so."""

    async def after(request: web.Request, handler: Handler) -> web.StreamResponse:
        await handler(request)
        return await answer(request, handler)

    return after
