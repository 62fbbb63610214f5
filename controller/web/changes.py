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
from controller.shown.record_types import IncidentRecord
from controller.shown.records import opened_record
from controller.web.endpoint import Endpoint, post
from controller.web.requests import Body, Explained, ExtendRequest, HoldRequest, IncidentRequest, JobsRequest

BodyT = TypeVar("BodyT", bound=Body)


class IncidentAnswer(IncidentRecord):
    """The incident as it stands now; `problem` is null where that is stored too."""

    problem: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """The handlers. `via` says by which way a request came, for the audit; `changed` asks for a pass."""

    operations: Operations
    ownership: Ownership
    changed: Callable[[Trigger], None]
    via: Callable[[web.Request], str]

    def endpoints(self) -> list[Endpoint]:
        """Where each is served."""
        named = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
        refused = (HTTPStatus.CONFLICT,)
        answers = list[Answer]
        return [
            post(
                "/api/v1/incidents",
                self.open_incident,
                IncidentAnswer,
                IncidentRequest,
                status=HTTPStatus.CREATED,
                problems=refused,
            ),
            post(
                "/api/v1/incidents/{name}/extend", self.extend_incident, IncidentAnswer, ExtendRequest, problems=named
            ),
            post("/api/v1/incidents/{name}/close", self.close_incident, IncidentAnswer, Explained, problems=named),
            post("/api/v1/holds", self.hold, answers, HoldRequest, problems=refused),
            post("/api/v1/holds/release", self.release_holds, answers, JobsRequest),
            post("/api/v1/claims/adopt", self.adopt, answers, JobsRequest),
            post("/api/v1/claims/release", self.release_claims, answers, JobsRequest),
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
        answers = await change(asked.keys, asked.author, asked.reason, self.via(request))
        self.changed(Trigger.REQUEST)
        return _answers(answers)

    def _actor(self, request: web.Request, asked: Explained) -> Actor:
        return Actor(asked.author, self.via(request))


async def body_of(request: web.Request, model: type[BodyT]) -> BodyT:
    """The body as asked for. Raises pydantic's ValidationError."""
    return model.model_validate_json(await request.read())


def _incident(done: Done, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    record: IncidentAnswer = {**opened_record(done.opened), "problem": done.problem}
    return web.json_response(record, status=status)


def _answers(answers: list[Answer]) -> web.Response:
    return web.json_response([answer.as_json() for answer in answers])
