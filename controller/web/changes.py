"""The requests that change something: the same for the Unix socket and for the listener.

Each answers once the change counts in memory and, where the store can be written, on disk.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web

from controller.runtime.control_rows import Actor
from controller.runtime.operations import Done, Operations
from controller.runtime.ownership import Answer, Ownership
from controller.runtime.report import Trigger
from controller.shown.records import opened_record
from controller.web.requests import Body, Explained, ExtendRequest, HoldRequest, IncidentRequest, JobsRequest

BodyT = TypeVar("BodyT", bound=Body)


@dataclass(frozen=True, slots=True)
class Changes:
    """The handlers. `via` says by which way a request came, for the audit; `changed` asks for a pass."""

    operations: Operations
    ownership: Ownership
    changed: Callable[[Trigger], None]
    via: Callable[[web.Request], str]

    def routes(self) -> list[web.RouteDef]:
        """Where each is served."""
        return [
            web.post("/api/v1/incidents", self.open_incident),
            web.post("/api/v1/incidents/{name}/extend", self.extend_incident),
            web.post("/api/v1/incidents/{name}/close", self.close_incident),
            web.post("/api/v1/holds", self.hold),
            web.post("/api/v1/holds/release", self.release_holds),
            web.post("/api/v1/claims/adopt", self.adopt),
            web.post("/api/v1/claims/release", self.release_claims),
        ]

    async def open_incident(self, request: web.Request) -> web.Response:
        """Stop what it covers, now."""
        asked = await body_of(request, IncidentRequest)
        done = await self.operations.open_incident(asked.wanted(), self._actor(request, asked))
        return _incident(done, HTTPStatus.CREATED)

    async def extend_incident(self, request: web.Request) -> web.Response:
        """Move its end later."""
        asked = await body_of(request, ExtendRequest)
        name = request.match_info["name"]
        return _incident(
            await self.operations.extend_incident(name, asked.end, self._actor(request, asked), asked.reason)
        )

    async def close_incident(self, request: web.Request) -> web.Response:
        """Let go."""
        asked = await body_of(request, Explained)
        name = request.match_info["name"]
        return _incident(await self.operations.close_incident(name, self._actor(request, asked), asked.reason))

    async def hold(self, request: web.Request) -> web.Response:
        """Stop these jobs and keep them stopped."""
        asked = await body_of(request, HoldRequest)
        return _answers(await self.operations.hold(asked.keys, asked.end, self._actor(request, asked), asked.reason))

    async def release_holds(self, request: web.Request) -> web.Response:
        """Remove every hold from these jobs."""
        asked = await body_of(request, JobsRequest)
        return _answers(await self.operations.release(asked.keys, self._actor(request, asked), asked.reason))

    async def adopt(self, request: web.Request) -> web.Response:
        """Make the pauses on these jobs ours."""
        return await self._own(request, self.ownership.adopt)

    async def release_claims(self, request: web.Request) -> web.Response:
        """End our ownership of the pauses on these jobs."""
        return await self._own(request, self.ownership.release)

    async def _own(self, request: web.Request, change: Callable[..., Awaitable[list[Answer]]]) -> web.Response:
        asked = await body_of(request, JobsRequest)
        answers = await change(asked.keys, asked.author, asked.reason)
        self.changed(Trigger.REQUEST)
        return _answers(answers)

    def _actor(self, request: web.Request, asked: Explained) -> Actor:
        return Actor(asked.author, self.via(request))


async def body_of(request: web.Request, model: type[BodyT]) -> BodyT:
    """The body as asked for. Raises pydantic's ValidationError."""
    return model.model_validate_json(await request.read())


def _incident(done: Done, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.json_response(opened_record(done.opened) | {"problem": done.problem}, status=status)


def _answers(answers: list[Answer]) -> web.Response:
    return web.json_response([answer.as_json() for answer in answers])
