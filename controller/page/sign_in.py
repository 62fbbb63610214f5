"""Signing in with a token, under a name that the audit shows; and out again."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from controller.page.forms import SignInForm, WrongForm, fields_of, form_of
from controller.page.frame import Frame, redirect
from controller.page.visit import Visit
from controller.web.plug import Surroundings
from controller.web.problems import ProblemError
from controller.web.queries import Query, Text, query_of
from controller.web.sessions import COOKIE, LASTS


class SignInQuery(Query):
    """Where to go once signed in."""

    then: Text = "/"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The handlers."""

    around: Surroundings
    frame: Frame

    async def ask(self, visit: Visit) -> web.Response:
        """The form."""
        return await self._form(visit, {"then": query_of(visit.request, SignInQuery).then})

    async def sign_in(self, visit: Visit) -> web.Response:
        """Take it: a wrong token is answered late, and told to the log."""
        given = await fields_of(visit.request)
        if not self._any_token:
            return await self._form(visit, given, ["No token is configured."], HTTPStatus.FORBIDDEN)
        try:
            form = await form_of(visit.request, SignInForm)
            token = await self.around.recognize(visit.request, form.token)
        except WrongForm as error:
            return await self._form(visit, given, error.problems)
        except ProblemError as error:
            if error.status is not HTTPStatus.UNAUTHORIZED:
                raise
            wrong = ["This token is none that opens this page."]
            return await self._form(visit, given, wrong, HTTPStatus.FORBIDDEN)
        cookie = self.around.sessions.begin(form.name, token, form.token)
        response = redirect(_ours(form.then))
        response.set_cookie(
            COOKIE, cookie, max_age=int(LASTS), httponly=True, samesite="Strict", secure=_is_https(visit.request)
        )
        return response

    async def sign_out(self, visit: Visit) -> web.Response:
        """End the session, here and in the browser."""
        self.around.sessions.end(visit.request)
        response = redirect("/")
        response.del_cookie(COOKIE, httponly=True, samesite="Strict", secure=_is_https(visit.request))
        return response

    @property
    def _any_token(self) -> bool:
        return self.around.read is not None or self.around.write is not None

    async def _form(
        self,
        visit: Visit,
        given: Mapping[str, Any],
        problems: list[str] | None = None,
        status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
    ) -> web.Response:
        """What was typed stays, but for the token."""
        return await self.frame.show(
            visit,
            "sign_in.html",
            status if problems else HTTPStatus.OK,
            problems=problems or [],
            name=given.get("name", ""),
            then=given.get("then", "/"),
            any_token=self._any_token,
        )


def _ours(then: str) -> str:
    """A path of this page, never another place."""
    clean = then.startswith("/") and not then.startswith("//") and "\\" not in then and then.isprintable()
    return then if clean and then.isascii() else "/"


def _is_https(request: web.Request) -> bool:
    """As the browser sees it, whatever a proxy in front makes of it."""
    return request.secure or request.headers.get(hdrs.ORIGIN, "").lower().startswith("https://")
