"""The path that every request takes, before and after its endpoint."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from controller.sandbox.refused import RefusedError

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


def request_path(api_key: str) -> list[Middleware]:
    """Build the middlewares, outermost first: errors are answered as JSON, then the key is asked for.

    Raises ValueError for an empty key.
    """
    if not api_key:
        raise ValueError("the API key must not be empty")
    expected = api_key.encode()

    @web.middleware
    async def require_key(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(_bytes(given.strip()), expected):
            raise RefusedError(401, "an Authorization header with Bearer and a valid API key is required")
        return await handler(request)

    return [answer_errors, require_key]


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever an endpoint raises becomes `{"error": text}`, with `problems` where fields are wrong."""
    try:
        return await handler(request)
    except RefusedError as error:
        return _error(error.status, error.message, error.problems)
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _error(error.status, error.reason, headers=allow)
    except Exception:
        log.exception("sandbox.request_failed", method=request.method, path=request.path)
        return _error(500, "the sandbox failed: see its log")


def _error(
    status: int, message: str, problems: Sequence[str] = (), headers: dict[str, str] | None = None
) -> web.Response:
    body = {"error": message, **({"problems": list(problems)} if problems else {})}
    headers = {"WWW-Authenticate": "Bearer"} if status == web.HTTPUnauthorized.status_code else headers
    return web.json_response(body, status=status, headers=headers)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
