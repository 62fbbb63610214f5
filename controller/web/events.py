"""The stream of events: each line of the audit as it is stored, and how the daemon is after each pass."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from aiohttp import hdrs, web

from controller.store.errors import StoreError
from controller.web.endpoint import Endpoint, get
from controller.web.feed import MISSED, PATH, Event, Feed, Subscription, TooManyListeners
from controller.web.problems import ProblemError, Unprocessable

log = structlog.get_logger()

EVENT_STREAM = "text/event-stream"
LAST_EVENT_ID = "Last-Event-ID"
HEARTBEAT_SECONDS = 15.0
"""Real seconds after which a comment is sent where nothing else was, so that nobody between us thinks us gone."""
LOOK_SECONDS = 1.0
"""Real seconds between two looks at whether anybody listens."""
STUCK_SECONDS = 30.0
"""Real seconds for which a listener may take nothing."""
RETRY = b"retry: 3000\n\n"


@dataclass(frozen=True, slots=True)
class Events:
    """The handler."""

    feed: Feed

    def endpoints(self) -> list[Endpoint]:
        """Where it is served."""
        unavailable = (HTTPStatus.SERVICE_UNAVAILABLE,)
        resuming = (LAST_EVENT_ID,)
        return [get(PATH, self.events, str, media=(EVENT_STREAM,), headers=resuming, problems=unavailable)]

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: `audit` with a line of the audit, `state` at first and after each pass, `missed` where
        lines of the audit may be missing. Last-Event-ID, the id of a line, resumes behind it.
        """
        last = _last_event_id(request)
        try:
            async with self.feed.listening() as subscription:
                missed = await self._missed(last)
                response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: EVENT_STREAM, "X-Accel-Buffering": "no"})
                await response.prepare(request)
                await self._stream(request, response, subscription, missed, last)
                return response
        except TooManyListeners:
            told = "too many listen already"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, told, {"Retry-After": "30"}) from None

    async def _missed(self, last: int | None) -> list[Event]:
        """The first of the lines that were missed. Raises StoreError."""
        if last is None:
            return []
        missed = await self.feed.after(last)
        if not missed and last > await self.feed.newest():  # the store is another one than then
            return [MISSED]
        return missed

    async def _stream(
        self,
        request: web.Request,
        response: web.StreamResponse,
        subscription: Subscription,
        missed: list[Event],
        last: int | None,
    ) -> None:
        """Send until nobody listens, or too slowly."""
        try:
            await _send(response, RETRY)
            while missed and not subscription.over:
                await _send(response, b"".join(event.text() for event in missed))
                last = missed[-1].id
                missed = [] if last is None else await self.feed.after(last)
            await _send(response, self.feed.state().text())
            await _follow(request, response, subscription, last or 0)
        except TimeoutError:
            subscription.drop()
        except (ConnectionError, StoreError):  # who comes again resumes
            return
        except Exception:
            log.exception("web.crashed", path=request.path)
        if subscription.dropped and request.transport is not None:
            log.warning("web.listener_dropped", address=request.remote)
            request.transport.abort()


async def _follow(request: web.Request, response: web.StreamResponse, subscription: Subscription, last: int) -> None:
    loop = asyncio.get_running_loop()
    sent = loop.time()
    while not subscription.over and request.transport is not None:
        event = await subscription.get(LOOK_SECONDS)
        if event is MISSED:  # perhaps in another store, where ids begin anew
            last = 0
        if event is not None and (event.id is None or event.id > last):
            await _send(response, event.text())
            last, sent = event.id or last, loop.time()
        elif loop.time() - sent >= HEARTBEAT_SECONDS:
            await _send(response, b": still here\n\n")
            sent = loop.time()


async def _send(response: web.StreamResponse, data: bytes) -> None:
    """Raises TimeoutError where it is not taken in time."""
    async with asyncio.timeout(STUCK_SECONDS):
        await response.write(data)


def _last_event_id(request: web.Request) -> int | None:
    given = request.headers.get(LAST_EVENT_ID, "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 19):  # noqa: PLR2004 - what SQLite can count to
        raise Unprocessable(LAST_EVENT_ID, "it is not an id of the audit")
    return int(given)
