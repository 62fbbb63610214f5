"""One look at a page: who it is, and what that person may."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from controller.runtime.control_rows import Actor
from controller.web.endpoint import Handler
from controller.web.plug import Surroundings
from controller.web.problems import ProblemError
from controller.web.sessions import Session

FORM_KEY = "form_key"
"""The field in which each form carries its session's key."""


@dataclass(frozen=True, slots=True)
class Visit:
    """`session` is None where nobody is signed in."""

    request: web.Request
    session: Session | None
    may_change: bool

    @property
    def actor(self) -> Actor:
        """By whom a change is. Raises ProblemError where nobody is signed in."""
        if self.session is None:
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "sign in first")
        return Actor(self.session.name, "page")


PageHandler = Callable[[Visit], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Guests:
    """Lets visitors in."""

    around: Surroundings

    def looking(self, handler: PageHandler) -> Handler:
        """For whoever may look: with a read token that needs signing in."""

        async def handle(request: web.Request) -> web.StreamResponse:
            visit = await self.visit(request)
            if visit.session is None and self.around.read is not None:
                raise ProblemError(HTTPStatus.UNAUTHORIZED, "looking needs signing in here")
            return await handler(visit)

        return handle

    def anybody(self, handler: PageHandler) -> Handler:
        """For signing in itself."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(await self.visit(request))

        return handle

    def signed_in(self, handler: PageHandler) -> Handler:
        """For forms of whoever is signed in; the form must bear its session's key."""

        async def handle(request: web.Request) -> web.StreamResponse:
            visit = await self.visit(request)
            if visit.session is None:
                raise ProblemError(HTTPStatus.UNAUTHORIZED, "nothing was changed: sign in first, and send it again")
            sent = (await request.post()).get(FORM_KEY, "")
            if not isinstance(sent, str) or not secrets.compare_digest(
                sent.encode(errors="replace"), visit.session.form_key.encode()
            ):
                told = "nothing was changed: this form is of another session; go back, reload the page, send it again"
                raise ProblemError(HTTPStatus.FORBIDDEN, told)
            return await handler(visit)

        return handle

    def changing(self, handler: PageHandler) -> Handler:
        """For forms of whoever signed in with the write token."""

        async def checked(visit: Visit) -> web.StreamResponse:
            if not visit.may_change:
                told = "nothing was changed: you signed in with the token that may only look"
                raise ProblemError(HTTPStatus.FORBIDDEN, told)
            return await handler(visit)

        return self.signed_in(checked)

    async def visit(self, request: web.Request) -> Visit:
        """Who it is."""
        session = await self.around.sessions.of(request)
        may_change = session is not None and session.token is self.around.write
        return Visit(request, session, may_change)
