"""Who may use which endpoint, by the way that a request comes: the Unix socket trusts whoever may open it, the listener
nobody.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from aiohttp import hdrs, web

from controller.web.endpoint import JSON, Access, Endpoint
from controller.web.hosts import Hosts
from controller.web.limits import Bucket, Buckets, Rate, client_of, refuse_after
from controller.web.problems import ProblemError
from controller.web.refusals import Refusals
from controller.web.sessions import Sessions
from controller.web.tokens import Token, TokenUnusable

FORM = "application/x-www-form-urlencoded"
BEARER = {"WWW-Authenticate": 'Bearer realm="campaign-controller"'}
ONLY_LOOKING = (
    "nothing is changed over this listener: web.write_token in controller.yaml is not given; the commands on the "
    "daemon's machine change things over its Unix socket"
)


class Gate(Protocol):
    """Lets a request in or not."""

    async def admit(self, request: web.Request, endpoint: Endpoint | None) -> None:
        """Raise ProblemError for a request that may not come in; None stands for a path or method that there is not."""


class OpenGate:
    """The Unix socket's: the file's permission is the credential."""

    async def admit(self, request: web.Request, endpoint: Endpoint | None) -> None:
        """Let everybody in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is served: reads in all, changes of each address."""

    reads: Rate
    changes: Rate


LIMITS = Limits(reads=Rate(each_second=50.0, burst=200), changes=Rate(each_second=5.0, burst=30))


class ListenerGate:
    """The listener's. Without a `read` token looking is open, without a `write` token nothing is changed. `tell` is
    given the address of who brought wrong tokens, and how many there were. Whoever has one of `sessions` may look.
    """

    def __init__(
        self,
        hosts: Hosts,
        read: Token | None,
        write: Token | None,
        tell: Callable[[str, int], None],
        limits: Limits,
        sessions: Sessions | None = None,
    ) -> None:
        time = asyncio.get_running_loop().time
        self._hosts = hosts
        self._read = read
        self._write = write
        self._sessions = sessions
        self._refusals = Refusals(tell, time)
        self._reads = Bucket(limits.reads, time)
        self._changes = Buckets(limits.changes, time)

    async def admit(self, request: web.Request, endpoint: Endpoint | None) -> None:
        """Ask of the request whatever its endpoint demands."""
        access = None if endpoint is None else endpoint.access
        self._hosts.check(request, any_address=access in (Access.OPEN, Access.SIGNED))
        if access in (Access.OPEN, Access.SIGNED):
            return  # a probe must not fail for what others do, and no notice be lost
        if access is Access.CHANGE:
            await self._admit_change(request)
            return
        if access is Access.PAGE and request.method == "POST":
            self._admit_form(request)
            return
        refuse_after(self._reads.take(), "reads")
        if access is Access.READ and self._read is not None and not await self._signed_in(request):
            await self._authenticate(request, _presented(request), self._known())

    async def slip(self, request: web.Request) -> None:
        """Somebody could not prove who they are: have them wait. Raises ProblemError where too many wait already."""
        await self._refusals.slip(client_of(request))

    async def _admit_change(self, request: web.Request) -> None:
        self._hosts.check_origin(request)
        refuse_after(self._changes.take(client_of(request)), "changes")
        if self._write is None:
            raise ProblemError(HTTPStatus.FORBIDDEN, ONLY_LOOKING)
        await self._authenticate(request, _presented(request), [self._write])
        # A page of another origin cannot send this type without asking first, and nobody answers that.
        if request.content_type != JSON or request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
            told = f"send the body as it is, with Content-Type: {JSON}"
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, told)

    async def recognize(self, request: web.Request, presented: str) -> Token:
        """Which token somebody presented. Raises ProblemError for one that is none of ours, and not at once."""
        return await self._authenticate(request, presented, self._known())

    def _known(self) -> list[Token]:
        return [token for token in (self._write, self._read) if token is not None]

    async def _signed_in(self, request: web.Request) -> bool:
        return self._sessions is not None and await self._sessions.of(request) is not None

    def _admit_form(self, request: web.Request) -> None:
        self._hosts.check_form(request)
        refuse_after(self._changes.take(client_of(request)), "changes")
        if request.content_type != FORM or request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the form as it is on the page")

    async def _authenticate(self, request: web.Request, presented: str, accepted: Sequence[Token]) -> Token:
        said = [await _compared(token, presented) for token in accepted]
        for token, is_it in zip(accepted, said, strict=True):
            if is_it:
                return token
        if all(each is None for each in said):
            told = "the token to compare with cannot be read; the daemon's log says why"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, told, {"Retry-After": "30"})
        if self._read is not None and self._read not in accepted and await _compared(self._read, presented):
            raise ProblemError(HTTPStatus.FORBIDDEN, "this token may only read; a change needs the write token")
        await self.slip(request)
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "this token is not the one that is asked for", BEARER)


async def _compared(token: Token, presented: str) -> bool | None:
    """Whether this is the token; None where that cannot be said."""
    try:
        return await token.is_(presented)
    except TokenUnusable:
        return None


def _presented(request: web.Request) -> str:
    """The token of the request. Raises ProblemError."""
    scheme, _space, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "a token is needed, as Authorization: Bearer TOKEN", BEARER)
    return token.strip()
