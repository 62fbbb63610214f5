"""Who is signed in with a browser: kept in memory only, and with an end. A token that is changed ends its sessions."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.web.tokens import Token, TokenUnusable

COOKIE: Final = "campaign_controller_session"
LASTS: Final = 12 * 3600.0
"""Real seconds: a long shift."""
MOST: Final = 1000
"""Sessions; beyond them the oldest ends."""


@dataclass(frozen=True, slots=True)
class Session:
    """`name` is the person's own word; `form_key` proves that a form comes from a page of this session."""

    name: str
    token: Token
    form_key: str
    ends: float
    proof: bytes


class Sessions:
    """`time` gives real seconds."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._salt = secrets.token_bytes(16)
        self._open: OrderedDict[str, Session] = OrderedDict()

    def begin(self, name: str, token: Token, presented: str) -> str:
        """Sign somebody in who presented this token; gives the cookie's value."""
        cookie = secrets.token_urlsafe(32)
        ends = self._time() + LASTS
        self._open[cookie] = Session(name, token, secrets.token_urlsafe(32), ends, self._proof(presented))
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return cookie

    async def of(self, request: web.Request) -> Session | None:
        """Whose request it is; None where nobody is signed in, any more or yet."""
        cookie = request.cookies.get(COOKIE, "")
        session = self._open.get(cookie)
        if session is None:
            return None
        if self._time() >= session.ends:
            self._open.pop(cookie, None)
            return None
        try:
            current = self._proof(await session.token.read())
        except TokenUnusable:
            return None  # until it can be read again
        if not secrets.compare_digest(current, session.proof):
            self._open.pop(cookie, None)
            return None
        return session

    def end(self, request: web.Request) -> None:
        """Sign out."""
        self._open.pop(request.cookies.get(COOKIE, ""), None)

    def _proof(self, token: str) -> bytes:
        """By which a token is known again without being kept."""
        return hashlib.blake2b(token.encode(errors="replace"), key=self._salt, digest_size=32).digest()
