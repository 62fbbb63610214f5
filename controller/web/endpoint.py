"""One row of the API's table: where it is served, what it takes and gives, and who may use it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any

from aiohttp import web

from controller.web.queries import Query
from controller.web.requests import Body

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

JSON = "application/json"


class Access(Enum):
    """Who may use it."""

    OPEN = "open"
    """Anybody: it reveals nothing."""
    READ = "read"
    """Whoever may look."""
    CHANGE = "change"
    """Whoever may change something."""
    PAGE = "page"
    """A person's browser: who it is, and what that person may, is asked by the page itself."""
    SIGNED = "signed"
    """Whoever proves by the request itself who sends it; it is asked, and its body read, where it is served."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`answer` is the type of what it answers, `problems` are statuses of its own beside those that follow from the
    rest; `media` are the types in which it can answer, `headers` those that it heeds beside the usual ones. The
    handler's name and docstring are its documentation.
    """

    method: str
    path: str
    handler: Handler
    answer: Any
    access: Access = Access.READ
    query: type[Query] | None = None
    body: type[Body] | None = None
    status: HTTPStatus = HTTPStatus.OK
    problems: tuple[HTTPStatus, ...] = ()
    media: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()

    @property
    def streams(self) -> bool:
        """Whether its answer has no end."""
        return "text/event-stream" in self.media


def get(path: str, handler: Handler, answer: Any, query: type[Query] | None = None, **more: Any) -> Endpoint:  # noqa: ANN401 - a type; the rest of the fields
    """A row that only looks."""
    return Endpoint("GET", path, handler, answer, query=query, **more)


def post(path: str, handler: Handler, answer: Any, body: type[Body], **more: Any) -> Endpoint:  # noqa: ANN401 - the same
    """A row that changes something."""
    return Endpoint("POST", path, handler, answer, access=Access.CHANGE, body=body, **more)
