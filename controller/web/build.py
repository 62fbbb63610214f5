"""The web's parts as the settings ask for them: one table of endpoints, served by the Unix socket and the listener."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from aiohttp import web

from controller.runtime.operations import Operations
from controller.runtime.ownership import Ownership
from controller.runtime.report import PassReport, Trigger
from controller.runtime.view import View
from controller.settings import ApiKeySource, Settings
from controller.store.changes import Audit
from controller.store.records import AuditFilter, AuditRow
from controller.web.application import build_application
from controller.web.audit import AuditLines
from controller.web.campaigns import Campaigns
from controller.web.changes import Changes
from controller.web.controls import Controls
from controller.web.endpoint import Access, Endpoint, Handler
from controller.web.events import Events
from controller.web.feed import Feed
from controller.web.gate import LIMITS, ListenerGate, OpenGate
from controller.web.history import History
from controller.web.hosts import Hosts, is_loopback
from controller.web.jobs import Jobs
from controller.web.listener import Listener
from controller.web.openapi import Documentation
from controller.web.plug import MakePlug, Surroundings
from controller.web.probes import Metrics, Probes
from controller.web.problems import ProblemError
from controller.web.rules import RulesInForce
from controller.web.sessions import Sessions
from controller.web.socket import ControlSocket
from controller.web.status import Status, state_record
from controller.web.tokens import Token, TokenUnusable
from controller.web.webhooks import Webhooks

log = structlog.get_logger()

LARGEST_BODY = 64 * 1024
"""Bytes of a request to the listener."""
LARGEST_COMMAND = 4 * 1024 * 1024
"""Bytes of a request to the control socket: our commands may name thousands of jobs."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the faces show and change. `wake` asks for a pass; each token that is read goes into `seen`;
    `page` is served on the listener beside the API.
    """

    view: View
    operations: Operations
    ownership: Ownership
    wake: Callable[[Trigger], None]
    seen: set[str]
    new_id: Callable[[], str]
    metrics: Metrics | None = None
    page: MakePlug | None = None


class Faces:
    """The control socket, and the listener where there is one. Needs the running loop."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._parts = parts
        self._history = History(settings.store)
        self._feed = Feed(self._history, lambda: state_record(parts.view))
        parts.view.ledger.written = self._feed.written
        commands = self._endpoints("socket", reading_needs_token=False)
        self._control = ControlSocket(settings.control, build_application(commands, OpenGate(), LARGEST_COMMAND))
        self._read = _token(settings.web.read_token, parts.seen)
        self._write = _token(settings.web.write_token, parts.seen)
        self._webhooks = Webhooks(settings.webhooks, parts.operations, parts.new_id, self._rows, parts.seen)
        self._address = settings.listen
        self.listener = None if settings.listen is None else self._listener(settings.listen, settings.web.hosts)

    def passed(self, _report: PassReport) -> None:
        """A pass ended: whoever listens hears how we are."""
        self._feed.passed()

    async def start(self) -> None:
        """Serve. Raises SocketError where the control socket cannot be made."""
        await self._control.start()
        if self.listener is not None:
            await self._warn()
            self.listener.start()

    async def close(self) -> None:
        """End all that is served."""
        self._feed.end()
        if self.listener is not None:
            await self.listener.close()
        await self._control.close()
        await self._feed.close()
        await self._history.close()

    def _listener(self, address: tuple[str, int], names: tuple[str, ...]) -> Listener:
        sessions = Sessions(asyncio.get_running_loop().time)
        gate = ListenerGate(Hosts(address[0], names), self._read, self._write, self._refused, LIMITS, sessions)
        endpoints = self._endpoints("api", reading_needs_token=self._read is not None)
        endpoints.append(Endpoint("POST", "/webhooks/{name}", self._receiving(gate), None, access=Access.SIGNED))
        if self._parts.page is None:
            return Listener(address, build_application(endpoints, gate, LARGEST_BODY))
        view, operations = self._parts.view, self._parts.operations
        plug = self._parts.page(
            Surroundings(view, operations, self._history, sessions, gate.recognize, self._read, self._write)
        )
        app = build_application([*endpoints, *plug.endpoints()], gate, LARGEST_BODY, [plug.middleware])
        plug.set_up(app)
        return Listener(address, app)

    def _receiving(self, gate: ListenerGate) -> Handler:
        async def receive(request: web.Request) -> web.StreamResponse:
            try:
                return await self._webhooks.receive(request)
            except ProblemError as error:
                if error.status is HTTPStatus.UNAUTHORIZED:
                    await gate.slip(request)
                raise

        return receive

    async def _rows(self, wanted: AuditFilter) -> list[AuditRow]:
        return await self._history.ask(lambda reader: reader.audit_rows(wanted))

    def _endpoints(self, via: str, *, reading_needs_token: bool) -> list[Endpoint]:
        view, parts = self._parts.view, self._parts
        endpoints: list[Endpoint] = [
            *Probes(view, parts.metrics).endpoints(),
            *Status(view).endpoints(),
            *Jobs(view, self._history).endpoints(),
            *Campaigns(view).endpoints(),
            *Controls(view, self._history).endpoints(),
            *AuditLines(self._history).endpoints(),
            *RulesInForce(view).endpoints(),
            *Events(self._feed).endpoints(),
            *Changes(parts.operations, parts.ownership, parts.wake, lambda _request: via).endpoints(),
        ]
        return [*endpoints, Documentation(tuple(endpoints), reading_needs_token).endpoint()]

    async def _warn(self) -> None:
        """Of tokens that let nobody in, and of the lack of one."""
        for token in (self._read, self._write):
            if token is not None:
                with suppress(TokenUnusable):
                    await token.read()
        if self._read is None and self._address is not None and not is_loopback(self._address[0]):
            log.warning("web.unprotected", address=":".join(map(str, self._address)))

    def _refused(self, address: str, times: int) -> None:
        log.warning("web.token_refused", address=address, times=times)
        facts = {"address": address, "times": times}
        view = self._parts.view
        view.ledger.note([Audit(at=view.now(), event="web.token_refused", facts=facts)])


def _token(source: ApiKeySource | None, seen: set[str]) -> Token | None:
    return None if source is None else Token(source, seen)
