"""An aiohttp application out of the API's table and a gate: the same for the Unix socket and for the listener."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.typedefs import Middleware

from controller.web.endpoint import Access, Endpoint, Handler
from controller.web.gate import Gate
from controller.web.problems import ProblemError, Unprocessable, as_problems, problem

BODY_SECONDS = 15.0
"""How long a body may take to come."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "no-store",
}
"""Of every answer, where its handler says nothing else."""
SERVER = "campaign-controller"
"""Instead of the library's name and version."""


def build_application(
    endpoints: Iterable[Endpoint], gate: Gate, largest_body: int, outer: Iterable[Middleware] = ()
) -> web.Application:
    """Serve the endpoints to whom the gate lets in. A body may have `largest_body` bytes; `outer` see each answer,
    problems among them.
    """
    known: dict[web.AbstractRoute, Endpoint] = {}

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        endpoint = known.get(request.match_info.route)
        await gate.admit(request, endpoint)
        if endpoint is not None and endpoint.access is not Access.OPEN and endpoint.query is None and request.query:
            raise Unprocessable(next(iter(request.query)), "nothing can be asked here in the query")
        if request.can_read_body and (endpoint is None or endpoint.access is not Access.SIGNED):
            await _read_body(request, largest_body)
        return await handler(request)

    app = web.Application(middlewares=[*outer, as_problems, guarded], client_max_size=largest_body)
    for endpoint in endpoints:
        also = ["HEAD"] if endpoint.method == "GET" and not endpoint.streams else []
        for method in (endpoint.method, *also):
            route = app.router.add_route(method, endpoint.path, endpoint.handler, expect_handler=_expected)
            known[route] = endpoint
    app.on_response_prepare.append(_add_headers)
    return app


async def _read_body(request: web.Request, largest: int) -> None:
    """Have the whole body, so that no handler waits for it. Raises ProblemError."""
    if (request.content_length or 0) > largest:
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body may have {largest} bytes at most")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            await request.read()
    except TimeoutError:
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {BODY_SECONDS:.0f} s") from None


async def _expected(request: web.Request) -> web.StreamResponse | None:
    """Somebody waits to hear that a body is wanted."""
    if request.headers[hdrs.EXPECT].lower() != "100-continue":
        return problem(HTTPStatus.EXPECTATION_FAILED, "nothing can be expected but 100-continue")
    if request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    return None


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers[hdrs.SERVER] = SERVER
