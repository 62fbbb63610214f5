"""One HTTP exchange: sent with the key, bounded in time and size, and every failure made one of our errors.

No error of aiohttp leaves this module, not even as a context: their reprs hold the request's headers, thus the key.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

import aiohttp
from yarl import URL

from controller import __version__
from controller.vogent.connector import CleanConnector
from controller.vogent.date_header import NoWitness, TimeWitness, date_of
from controller.vogent.errors import ApiError, ContractError, ErrorReason, NotFound, Rejected, Unauthorized, Unavailable
from controller.vogent.key import FreshKey
from controller.vogent.refusal import Kind, refusal

#: How long an idle connection is kept, in seconds: longer than the default resync, so that the first pause after a
#: quiet half minute needs no new handshake.
KEEPALIVE = 45.0
#: A path segment as nearly all are, which needs no quoting.
_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*")

_HEADERS = {
    "User-Agent": f"campaign-controller/{__version__}",
    "Accept": "application/json",
    # What is not compressed cannot be a bomb.
    "Accept-Encoding": "identity",
}

#: What kept an answer from coming, the first that fits: its class, reason and words, and whether the request may have
#: left by then.
_FAULTS: tuple[tuple[type[Exception], ErrorReason, str, bool], ...] = (
    (aiohttp.ConnectionTimeoutError, ErrorReason.TIMEOUT, "no connection in time", False),
    (TimeoutError, ErrorReason.TIMEOUT, "no whole answer in time", True),
    (aiohttp.ClientConnectorDNSError, ErrorReason.CONNECTION, "the host's name does not resolve", False),
    (aiohttp.ClientConnectorCertificateError, ErrorReason.CONNECTION, "the server's certificate is not valid", False),
    (aiohttp.ClientConnectorError, ErrorReason.CONNECTION, "the host takes no connection", False),
    (aiohttp.ClientPayloadError, ErrorReason.CONNECTION, "its answer was cut off", True),
    (Exception, ErrorReason.CONNECTION, "the connection was lost", True),
)


def open_session(limit: int) -> aiohttp.ClientSession:
    """Open a session for one workspace with at most `limit` connections, certificates always verified, no cookies.

    Needs a running loop. Whoever gets the session closes it; a VogentClient does so for the one it was given.
    """
    connector = CleanConnector(limit, KEEPALIVE)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=_HEADERS)


class Request(NamedTuple):
    """One request: `what` names it in messages, `segments` follow the base URL's path, each quoted whole; `body` is
    JSON text.
    """

    what: str
    kind: Kind
    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str] | None = None
    body: bytes | None = None

    @property
    def changes(self) -> bool:
        """Whether the request, once sent, may have changed something."""
        return self.kind is Kind.WRITE


class Transport:
    """Sends requests below one base URL with one key, and shows a witness the date of each answer.

    Raises ValueError for a base URL that cannot be one.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        key: FreshKey,
        timeout: float,
        witness: TimeWitness | None = None,
    ) -> None:
        self._witness = witness or NoWitness()
        self.base_url = _base(base_url)
        self._session = session
        self._key = key
        self._path = self.base_url.raw_path.rstrip("/")
        # Half of the time for a connection leaves the other half for an answer.
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2)

    async def close(self) -> None:
        """Close the session with its connections."""
        await self._session.close()

    async def exchange(self, request: Request) -> bytearray:
        """Send the request once and give the body of a 2xx answer. Raises ApiError, never anything of aiohttp."""
        url = self._url(request)
        headers = {"Authorization": f"Bearer {self._key.get()}"}
        if self._session.closed:
            raise Unavailable(ErrorReason.CONNECTION, f"{request.what}: the client is closed")
        try:
            return await self._send(request, url, headers)
        except Unauthorized:
            self._key.forget()
            raise
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            problem = _fault(request, error)
        # Raised only here, where the library's error is no longer being handled, it does not get that as its context.
        raise problem

    async def _send(self, request: Request, url: URL, headers: Mapping[str, str]) -> bytearray:
        asked = self._witness.asked()
        async with self._session.request(
            request.method,
            url,
            params=request.query,
            data=None if request.body is None else _payload(request.body),
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
            auto_decompress=False,
            middlewares=(_send_once,) if request.method == "PUT" else (),
        ) as response:
            date = date_of(response.headers)
            if date is not None:
                self._witness.dated(date, asked)
            error = refusal(request.kind, request.what, response.status, response.headers)
            if error is not None:
                raise error
            return await _read(request, response)

    def _url(self, request: Request) -> URL:
        try:
            path = "/".join((self._path, *map(_quoted, request.segments)))
        except ValueError as error:
            message = f"{request.what}: {error}"
        else:
            return self.base_url.with_path(path, encoded=True)
        if request.kind is Kind.JOB:
            raise NotFound(ErrorReason.NOT_FOUND, message)
        raise Rejected(ErrorReason.REJECTED, message)


@lru_cache(maxsize=16)
def _payload(body: bytes) -> aiohttp.BytesPayload:
    """A close sends one body thousands of times; aiohttp lets bytes be sent again, and at once."""
    return aiohttp.BytesPayload(body, content_type="application/json")


async def _send_once(
    request: aiohttp.ClientRequest,
    handler: aiohttp.ClientHandlerType,
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT again by itself: a refused second connection would hide that the first went."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise aiohttp.ClientConnectionError("the connection was lost") from None


async def _read(request: Request, response: aiohttp.ClientResponse) -> bytearray:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise _unreadable(request, response, "its answer is compressed, which was not asked for")
    limit = request.kind.longest_body
    body = bytearray()
    if (response.content_length or 0) <= limit:
        while chunk := await response.content.readany():
            body += chunk
            if len(body) > limit:
                break
        else:
            return body
    response.close()
    raise _unreadable(request, response, f"its answer is longer than {limit} bytes")


def _unreadable(request: Request, response: aiohttp.ClientResponse, problem: str) -> ContractError:
    return ContractError(
        ErrorReason.CONTRACT,
        f"{request.what}: {problem}",
        status=response.status,
        outcome_unknown=request.changes,
    )


def _fault(request: Request, error: aiohttp.ClientError | OSError) -> ApiError:
    """Sort what kept an answer from coming; `error` is shown to nobody."""
    if isinstance(error, aiohttp.ClientResponseError):
        message = f"{request.what}: its answer is not HTTP"
        return ContractError(ErrorReason.CONTRACT, message, outcome_unknown=request.changes)
    _, reason, problem, left = next(fault for fault in _FAULTS if isinstance(error, fault[0]))
    return Unavailable(reason, f"{request.what}: {problem}", outcome_unknown=left and request.changes)


def _quoted(segment: str) -> str:
    """Quote an id so that it stays one path segment. Raises ValueError for one that no server could keep apart."""
    if _PLAIN.fullmatch(segment):
        return segment
    # A proxy that decodes before it routes would climb on dot segments between quoted slashes too.
    if not segment or {".", ".."} & set(segment.replace("\\", "/").split("/")):
        raise ValueError("this cannot be a job's id: it is empty or a relative path")
    try:
        return quote(segment, safe="")
    except UnicodeEncodeError:
        raise ValueError("this cannot be a job's id: it is not valid Unicode") from None


def _base(text: str) -> URL:
    try:
        url = URL(text)
        good = url.scheme in {"http", "https"} and url.host and url.port
    except ValueError:
        good = False
    # Never repeated in the message: what should not be there might be a password.
    if not good or url.raw_user is not None or url.raw_password is not None or url.raw_query_string or url.raw_fragment:
        raise ValueError("a base URL is https://host[:port][/path], without user, query or fragment")
    return url
