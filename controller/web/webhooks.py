"""Receivers of webhooks: Alertmanager's, and signed ones of anything else.

Each proves by itself who sends; 200 says that what was sent counts and is on disk. After any 5xx a sender repeats,
which does no harm.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

import structlog
from aiohttp import web
from pydantic import ValidationError

from controller.core.instant_text import rfc3339
from controller.core.signals import Notice
from controller.runtime.operations import NOT_STORED, Operations
from controller.runtime.signalling import Noticed, Signalling, accepted_row
from controller.settings.keys import KeyUnreadable
from controller.settings.values import WebhookSettings
from controller.store.changes import Audit
from controller.web.notices import Signed, Where, alertmanager_notices
from controller.web.problems import ProblemError, problems_of
from controller.web.replays import TOLERANCE, Replays, Rows
from controller.web.tokens import SHORTEST

log = structlog.get_logger()

LARGEST = 1024 * 1024
"""Bytes of a body."""
BODY_SECONDS = 15.0
"""How long a body may take to come."""
TOLD_EVERY = 60.0
"""Seconds between two log lines about refusals of one kind."""


class Webhooks:
    """`rows` reads the audit, so that what was accepted before a restart is known; each secret that is read goes into
    `seen_keys`, so that the logs can keep it out.
    """

    def __init__(
        self,
        settings: Mapping[str, WebhookSettings],
        operations: Operations,
        new_id: Callable[[], str],
        rows: Rows,
        seen_keys: set[str],
    ) -> None:
        self._settings = settings
        self._clock = operations.clock
        self._seen_keys = seen_keys
        self._replays = Replays(rows)
        self._told: dict[tuple[str, int], float] = {}
        self._signalling = {
            name: Signalling(name, each.opens, each.limits, operations, new_id) for name, each in settings.items()
        }

    def routes(self) -> list[web.RouteDef]:
        """Where they are served."""
        return [web.post("/webhooks/{name}", self.receive)]

    async def receive(self, request: web.Request) -> web.Response:
        """Take what a sender says."""
        webhook = self._settings.get(request.match_info["name"])
        if webhook is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no webhook of that name in the configuration")
        try:
            if webhook.kind == "alertmanager":
                return await self._alertmanager(request, webhook)
            return await self._signed(request, webhook)
        except ProblemError as error:
            self._tell(webhook.name, error)
            raise

    async def _alertmanager(self, request: web.Request, webhook: WebhookSettings) -> web.Response:
        secret = await self._secret(webhook)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not _same(token.strip(), secret):
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong", {"WWW-Authenticate": "Bearer"}
            )
        body = await _body(request)
        try:
            notices, truncated, wrong = alertmanager_notices(webhook.name, body)
        except ValidationError as error:
            raise _unreadable(problems_of(error)) from None
        if truncated > 0:
            log.warning("webhook.truncated", webhook=webhook.name, left_out=truncated)
        done, durable = await self._take(webhook, notices)
        if wrong:
            raise _unreadable(wrong, done)
        return _answer(done, durable=durable)

    async def _signed(self, request: web.Request, webhook: WebhookSettings) -> web.Response:
        secret = await self._secret(webhook)
        body = await _body(request)
        right = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not _same(request.headers.get("X-Signature-256", "").strip().lower(), f"sha256={right}"):
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                "X-Signature-256 is missing or wrong: write sha256= and the hex HMAC-SHA256 of the body",
                {"WWW-Authenticate": "Signature"},
            )
        try:
            signed = Signed.model_validate_json(body)
        except ValidationError as error:
            raise _unreadable(problems_of(error)) from None
        now = self._clock.now()
        if abs(now - signed.timestamp) > TOLERANCE:
            wrong = f"it is more than {TOLERANCE} s from our clock, {rfc3339(now)}"
            raise _unreadable([{"where": "timestamp", "what": wrong}])
        return await self._fresh(webhook.name, signed, now)

    async def _fresh(self, name: str, signed: Signed, now: float) -> web.Response:
        await self._replays.recall(now)
        if self._replays.seen(name, signed.id):
            raise ProblemError(HTTPStatus.CONFLICT, "a notice with this id was accepted already")
        notice = signed.notice(name)
        news = self._replays.accept(name, signed.id, now)
        rows = [accepted_row(name, signed.id, notice, now)] if news else []
        done, durable = await self._take(self._settings[name], [notice], *rows)
        self._replays.answered(name, signed.id, durable=durable)
        return _answer(done, durable=durable)

    async def _take(
        self, webhook: WebhookSettings, notices: Sequence[Notice], *rows: Audit
    ) -> tuple[list[Noticed], bool]:
        """All count at once; the disk is waited for once. The rows belong to the only notice."""
        signalling = self._signalling[webhook.name]
        taken = asyncio.gather(*(signalling.take(each, *rows) for each in notices))
        # A sender that hangs up takes nothing back.
        done = await asyncio.shield(taken)
        return done, await signalling.durable()

    async def _secret(self, webhook: WebhookSettings) -> str:
        """Read it afresh: it may have been rotated."""
        try:
            secret = await asyncio.to_thread(webhook.secret.read)
        except KeyUnreadable as error:
            raise _unusable(webhook.name, str(error)) from None
        self._seen_keys.add(secret)
        if len(secret) < SHORTEST:
            raise _unusable(webhook.name, f"it has only {len(secret)} characters, use at least {SHORTEST}")
        return secret

    def _tell(self, name: str, error: ProblemError) -> None:
        """Say that something was refused, and why, but let nobody fill the log."""
        if error.status is HTTPStatus.SERVICE_UNAVAILABLE:
            return
        now = self._clock.monotonic()
        last = self._told.get((name, error.status))
        if last is None or now - last >= TOLD_EVERY:
            self._told[name, error.status] = now
            log.warning("webhook.refused", webhook=name, status=int(error.status), problem=error.detail)


def _unusable(name: str, problem: str) -> ProblemError:
    log.error("webhook.secret_unreadable", webhook=name, problem=problem)
    detail = "what proves the sender cannot be read here: the daemon's log says why"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail)


async def _body(request: web.Request) -> bytes:
    """The body as it was sent. Raises ProblemError for one that is too large, without reading it all, or too slow."""
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                read += chunk
                if len(read) > LARGEST:
                    raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have at most {LARGEST} bytes")
    except TimeoutError:
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {BODY_SECONDS:.0f} s") from None
    return bytes(read)


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())


def _unreadable(wrong: Where, done: Sequence[Noticed] = ()) -> ProblemError:
    told = "; ".join(f"{each['where']}: {each['what']}" if each["where"] else str(each["what"]) for each in wrong)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, told, errors=wrong, notices=_told(done))


def _answer(done: Sequence[Noticed], *, durable: bool) -> web.Response:
    if not durable:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, NOT_STORED, {"Retry-After": "10"}, notices=_told(done))
    return web.json_response({"notices": _told(done)})


def _told(done: Sequence[Noticed]) -> list[dict[str, str]]:
    return [{"key": each.key, "done": each.done, "why": each.why} for each in done]
