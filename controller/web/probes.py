"""What machines ask again and again: is it alive, is it ready, what does it measure."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import hdrs, web
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from controller.runtime.view import View
from controller.web.endpoint import Access, Endpoint
from controller.web.problems import ProblemError

Metrics = Callable[[str], tuple[bytes, str]]
"""Gives the metrics and their content type, for the value of an Accept header."""


class Fine(TypedDict):
    """That it is so."""

    ok: bool


@dataclass(frozen=True, slots=True)
class Probes:
    """The handlers. Without `metrics` there are none to be asked for."""

    view: View
    metrics: Metrics | None

    def endpoints(self) -> list[Endpoint]:
        """Where each is served."""
        unavailable = (HTTPStatus.SERVICE_UNAVAILABLE,)
        found = [
            Endpoint("GET", "/healthz", self.alive, Fine, access=Access.OPEN, problems=unavailable),
            Endpoint("GET", "/readyz", self.ready, Fine, access=Access.OPEN, problems=unavailable),
        ]
        if self.metrics is not None:
            found.append(Endpoint("GET", "/metrics", self.measured, str, media=("text/plain",)))
        return found

    async def alive(self, _request: web.Request) -> web.Response:
        """Whether passes happen, whatever they come to: 503 says that starting the daemon anew may help.

        An outage of the API is no reason for that: the daemon goes on pausing what it knows, which a new one would not.
        """
        if not self.view.health.passing:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no pass came to its end for too long")
        return web.json_response(Fine(ok=True))

    async def ready(self, _request: web.Request) -> web.Response:
        """Whether the rules are loaded, a first pass brought jobs to them, and we were not told to end."""
        if self.view.health.stopping:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "it ends, and drains the passes in flight")
        if not self.view.health.started:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no pass was verified yet")
        return web.json_response(Fine(ok=True))

    async def measured(self, request: web.Request) -> web.Response:
        """The metrics, for Prometheus."""
        if self.metrics is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "nothing is measured")
        body, content_type = self.metrics(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})
