"""What a server may do instead of answering as it should; each is asked before the sandbox's own endpoint."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.runtime.stage import Fault, Handler

Answer = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


def on(method: str, ending: str, answer: Answer) -> Fault:
    """Answer so the requests of one method whose path has that ending."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if request.method == method and request.path.endswith(ending):
            return await answer(request, handler)
        return None

    return fault


def times(count: int, fault: Fault) -> Fault:
    """Do so that many times and never again."""
    left = count

    async def limited(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        nonlocal left
        if not left:
            return None
        left -= 1  # before it answers: that may take longer than the client waits until it tries again
        answer = await fault(request, handler)
        left += answer is None
        return answer

    return limited


def refusing(status: int) -> Answer:
    """That status, and nothing done."""

    async def answer(_request: web.Request, _handler: Handler) -> web.StreamResponse:
        return web.json_response({"error": "no"}, status=status, headers={"Retry-After": "0"})

    return answer


async def losing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Do what is asked, and break the connection off before the answer."""
    answer = await handler(request)
    assert request.transport is not None
    request.transport.abort()
    return answer


async def wrong_body(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.json_response({"what": "is this"})


def showing(job_id: str, **fields: Any) -> Fault:
    """Show one job with other fields, wherever it is read; in lists of one status only where it has that."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if request.method != "GET":
            return None
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        assert isinstance(answer.body, bytes)
        body = json.loads(answer.body)
        for row in body.get("data", [body]):
            if row.get("id") == job_id:
                row.update(fields)
        asked = request.query.get("status")
        if asked is not None:
            body["data"] = [row for row in body["data"] if row["status"] == asked]
        return web.json_response(body, status=answer.status)

    return fault


def unchanged(status: str) -> Answer:
    """200, nothing done, and the job said to have that status still."""

    async def answer(request: web.Request, _handler: Handler) -> web.StreamResponse:
        body = {"id": request.match_info["id"], "name": "US renewals", "callAgentId": "agent-1", "status": status}
        return web.json_response(body)

    return answer


def listing(**by_status: list[dict[str, Any]]) -> Any:
    """Lists with those rows; `all` is the one that is asked for without a status."""

    async def answer(request: web.Request, _handler: Handler) -> web.StreamResponse:
        rows = by_status.get(request.query.get("status", "all"), [])
        return web.json_response({"data": rows, "cursor": None})

    return on("GET", "/batch_dial_jobs", answer)


def row(job_id: str, status: str = "ACTIVE", **fields: Any) -> dict[str, Any]:
    """A job as a list shows it."""
    return {"id": job_id, "name": "US renewals", "status": status, "callAgentId": "agent-1", **fields}
