"""What is served on the listener beside the API, by a package that knows this one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware

from controller.runtime.operations import Operations
from controller.runtime.view import View
from controller.web.endpoint import Endpoint
from controller.web.history import History
from controller.web.sessions import Sessions
from controller.web.tokens import Token

Recognize = Callable[[web.Request, str], Awaitable[Token]]
"""Tells which token somebody presented. Raises ProblemError."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What it works with. Without a `read` token everybody may look, without a `write` token nothing is changed."""

    view: View
    operations: Operations
    history: History
    sessions: Sessions
    recognize: Recognize
    read: Token | None
    write: Token | None


class Plug(Protocol):
    """The thing itself: rows for the table, a look at each answer, and a word with the application once it is built."""

    middleware: Middleware

    def endpoints(self) -> Sequence[Endpoint]:
        """Where it is served."""

    def set_up(self, app: web.Application) -> None:
        """Prepare the application for it."""


MakePlug = Callable[[Surroundings], Plug]
