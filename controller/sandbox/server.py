"""The endpoints of the reference, and the sandbox's own under `/_sandbox/`, as an aiohttp application."""

from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from controller.core.job import Status
from controller.sandbox.answers import call_answer, job_answer, row_answer
from controller.sandbox.bodies import CreateBody, PausedBody, UpdateBody, parse_body
from controller.sandbox.jobs import SandboxJob
from controller.sandbox.pages import page, page_query
from controller.sandbox.refused import RefusedError
from controller.sandbox.request_path import request_path
from controller.sandbox.workspace import SandboxWorkspace

PREFIX = "/api"
"""The path of the base URL, as the provider's has it."""

LARGEST_BODY = 64 << 20
"""Bytes: a job is created with all its rows in one request."""

_STATUSES = {status.value: status for status in Status if status is not Status.UNKNOWN}


def build_app(workspace: SandboxWorkspace, api_key: str, now: Callable[[], float]) -> web.Application:
    """Build the application that answers for the workspace; `now` gives the date that its answers bear, in epoch
    seconds. Raises ValueError for an empty key.
    """
    endpoints = _Endpoints(workspace)
    app = web.Application(middlewares=request_path(api_key), client_max_size=LARGEST_BODY)
    app.on_response_prepare.append(_dated_by(now))
    jobs = f"{PREFIX}/batch_dial_jobs"
    app.add_routes(
        [
            web.get(jobs, endpoints.list_jobs, allow_head=False),
            web.post(jobs, endpoints.create_job),
            web.get(f"{jobs}/{{id}}", endpoints.get_job, allow_head=False),
            web.put(f"{jobs}/{{id}}", endpoints.update_job),
            web.post(f"{jobs}/{{id}}/paused", endpoints.set_paused),
            web.get(f"{jobs}/{{id}}/queue", endpoints.list_queue, allow_head=False),
            web.get(f"{PREFIX}/_sandbox/stats", endpoints.stats, allow_head=False),
            web.get(f"{PREFIX}/_sandbox/calls", endpoints.calls, allow_head=False),
        ],
    )
    return app


def _dated_by(now: Callable[[], float]) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def date(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(now(), usegmt=True)

    return date


class _Endpoints:
    """One method for each endpoint."""

    def __init__(self, workspace: SandboxWorkspace) -> None:
        self._workspace = workspace

    async def list_jobs(self, request: web.Request) -> web.Response:
        query = page_query("jobs", request.query)
        wanted = _job_filter(request)
        found = ((job.number, job) for job in self._workspace.jobs_after(query.after) if _is_wanted(job, wanted))
        return web.json_response(page(query, found, job_answer))

    async def create_job(self, request: web.Request) -> web.Response:
        body = parse_body(CreateBody, request.content_type, await request.read())
        return web.json_response(job_answer(self._workspace.create(body)))

    async def get_job(self, request: web.Request) -> web.Response:
        return web.json_response(job_answer(self._workspace.find(_job_id(request))))

    async def update_job(self, request: web.Request) -> web.Response:
        self._workspace.find(_job_id(request))
        body = parse_body(UpdateBody, request.content_type, await request.read())
        return web.json_response(job_answer(self._workspace.update(_job_id(request), body)))

    async def set_paused(self, request: web.Request) -> web.Response:
        self._workspace.find(_job_id(request))
        body = parse_body(PausedBody, request.content_type, await request.read())
        return web.json_response(job_answer(self._workspace.set_paused(_job_id(request), paused=body.paused)))

    async def list_queue(self, request: web.Request) -> web.Response:
        job = self._workspace.find(_job_id(request))
        query = page_query(f"queue of {job.id}", request.query)
        waiting = ((index, index) for index in range(max(job.dialed, query.after + 1), job.rows))
        return web.json_response(page(query, waiting, lambda index: row_answer(job, index)))

    async def stats(self, _: web.Request) -> web.Response:
        return web.json_response(self._workspace.stats().as_json())

    async def calls(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [call_answer(call) for call in self._workspace.calls()]})


def _job_id(request: web.Request) -> str:
    return request.match_info["id"]


def _job_filter(request: web.Request) -> dict[str, Any]:
    """Attributes of the jobs that are asked for. Raises RefusedError (400)."""
    wanted: dict[str, Any] = {}
    status = request.query.get("status")
    if status is not None:
        if status not in _STATUSES:
            raise RefusedError(400, f"status must be one of {', '.join(_STATUSES)}")
        wanted["status"] = _STATUSES[status]
    for parameter, attribute in (("callAgentId", "agent_id"), ("userId", "user_id")):
        if parameter in request.query:
            wanted[attribute] = request.query[parameter]
    return wanted


def _is_wanted(job: SandboxJob, wanted: dict[str, Any]) -> bool:
    return all(getattr(job, attribute) == value for attribute, value in wanted.items())
