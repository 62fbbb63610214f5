"""Errors as problem+json (RFC 9457): what is wrong and what would be right, never a stack or a path of ours."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, NotRequired

import structlog
from aiohttp import web
from pydantic import ValidationError
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from controller.runtime.operations import OperationRefused, UnknownIncident
from controller.store.errors import StoreError

log = structlog.get_logger()

PROBLEM = "application/problem+json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WrongPart(TypedDict):
    """One thing that is wrong with a request, and where."""

    where: str
    what: str


class Problem(TypedDict):
    """Why a request was not served, and what would be right."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[WrongPart]]


class ProblemError(Exception):
    """A request that cannot be served; `more` are further members of the answer."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:  # noqa: ANN401 - JSON values
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more


class Unprocessable(ProblemError):  # noqa: N818 - it says what happened
    """A part of a request that can be read, and not served."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {what}", errors=[{"where": where, "what": what}])


def problem(
    status: HTTPStatus,
    detail: str,
    headers: dict[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - JSON values
) -> web.Response:
    """The answer that says so."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail, **more}
    return web.Response(status=status, body=json.dumps(body).encode(), content_type=PROBLEM, headers=headers)


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
    except StoreError as error:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, store_trouble(error), {"Retry-After": "5"})
    except web.HTTPException as error:
        return _http_problem(error)
    except (ConnectionError, web.RequestPayloadError) as error:
        return problem(HTTPStatus.BAD_REQUEST, f"the request did not come whole ({type(error).__name__})")
    except Exception:
        log.exception("web.crashed", path=request.path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a defect of ours: the daemon's log has it")


def problems_of(error: ValidationError) -> list[WrongPart]:
    """Where and what, without pydantic's links."""
    return [
        {
            "where": ".".join(map(str, each["loc"])),
            "what": _WHAT.get(each["type"], each["msg"].removeprefix("Value error, ")),
        }
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def store_trouble(error: StoreError) -> str:
    """That the store cannot be read, and why in a word."""
    return f"the store cannot be read now ({error.reason}); what needs no history is answered all the same"


def _http_problem(error: web.HTTPException) -> web.Response:
    """What aiohttp itself refuses, such as a path or a method that there is not."""
    status = HTTPStatus(error.status)
    kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    told = _TOLD.get(status, status.description or status.phrase)
    if kept:
        told = f"{told}; it knows {kept['Allow'].replace(',', ', ')}"
    return problem(status, told, kept)


_WHAT = {
    "extra_forbidden": "it is not known here, remove it or see /api/v1/openapi.json",
    "missing": "it is missing",
}
"""By pydantic's kind of error, where its own words could be better."""
_TOLD = {
    HTTPStatus.NOT_FOUND: "there is nothing at this path; /api/v1/openapi.json lists what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path does not know that method",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too large",
}
