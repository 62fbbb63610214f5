"""Problems for people: what the API tells as JSON, a browser gets as a page."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from controller.page.frame import Frame, redirect
from controller.page.visit import Guests
from controller.web.endpoint import Handler
from controller.web.problems import PROBLEM

Show = Callable[[web.Request, HTTPStatus, str], Awaitable[web.Response]]


def problems_as_pages(guests: Guests, frame: Frame) -> Middleware:
    """Turn a problem into a page where a browser asks for one; whoever has to sign in is led there."""

    @web.middleware
    async def show(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not isinstance(response, web.Response) or response.content_type != PROBLEM or not _is_page(request):
            return response
        status = HTTPStatus(response.status)
        if status is HTTPStatus.UNAUTHORIZED and request.method in ("GET", "HEAD"):
            return _to_sign_in(request)
        told = json.loads(response.body if isinstance(response.body, bytes) else b"{}")
        visit = await guests.visit(request)
        page = await frame.show(visit, "problem.html", status, title=told["title"], detail=told["detail"])
        for name in ("Retry-After", "Allow"):
            if name in response.headers:
                page.headers[name] = response.headers[name]
        return page

    return show


def _to_sign_in(request: web.Request) -> web.Response:
    there = f"/signin?then={quote(str(request.rel_url), safe='')[:400]}"
    if "HX-Request" in request.headers:  # a part of a page cannot be redirected, the page can
        return web.Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": there})
    return redirect(there)


def _is_page(request: web.Request) -> bool:
    """Whether a person asks: programs rarely say that they take HTML."""
    asks = "text/html" in request.headers.get(hdrs.ACCEPT, "") or "HX-Request" in request.headers
    return asks and not request.path.startswith("/api/")
