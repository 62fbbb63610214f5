"""Errors as problem+json (RFC 9457): what is wrong and what would be right, never a stack or a path of ours."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from pydantic import ValidationError

from controller.runtime.operations import OperationRefused, UnknownIncident
from controller.web.requests import problems_of

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ProblemError(Exception):
    """A request that cannot be served; `more` are further members of the answer."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:  # noqa: ANN401 - JSON values
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more


def problem(
    status: HTTPStatus,
    detail: str,
    headers: dict[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - JSON values
) -> web.Response:
    """The answer that says so."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail, **more}
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/problem+json", headers=headers
    )


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: PLR0911 - a table
    """Turn whatever goes wrong below into a problem."""
    try:
        return await handler(request)
    except ProblemError as error:
        return problem(error.status, error.detail, error.headers, **error.more)
    except ValidationError as error:
        found = problems_of(error)
        told = "; ".join(f"{each['where']}: {each['what']}" if each["where"] else each["what"] for each in found)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, told, errors=found)
    except UnknownIncident as error:
        return problem(HTTPStatus.NOT_FOUND, str(error))
    except OperationRefused as error:
        return problem(HTTPStatus.CONFLICT, str(error))
    except web.HTTPException as error:
        kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return problem(HTTPStatus(error.status), error.reason, kept)
    except Exception:
        log.exception("web.crashed", path=request.path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a defect of ours: the daemon's log has it")
