"""Stopping everything, or a campaign, and letting go."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from controller.core.campaign import Selector
from controller.page.forms import (
    CAMPAIGN,
    EVERYTHING,
    MATCHED,
    SPANS,
    ReasonForm,
    StopForm,
    WrongForm,
    fields_of,
    form_of,
)
from controller.page.frame import Frame
from controller.page.told import ToldQuery, tell
from controller.page.visit import Visit
from controller.runtime.operations import OperationRefused, Operations, UnknownIncident, WantedIncident
from controller.runtime.view import View
from controller.shown.records import opened_record
from controller.web.queries import query_of
from controller.web.status import open_incidents


@dataclass(frozen=True, slots=True)
class Stop:
    """The handlers."""

    view: View
    operations: Operations
    frame: Frame

    async def ask(self, visit: Visit) -> web.Response:
        """The control, and the incidents that are open."""
        return await self._page(visit, {}, [], query_of(visit.request, ToldQuery))

    async def stop(self, visit: Visit) -> web.Response:
        """Open an incident."""
        try:
            form = await form_of(visit.request, StopForm)
            wanted = self._wanted(form)
            done = await self.operations.open_incident(wanted, visit.actor)
        except (WrongForm, OperationRefused) as error:
            problems = error.problems if isinstance(error, WrongForm) else [str(error)]
            return await self._page(visit, await fields_of(visit.request), problems)
        return tell("/stop", "opened", stored=done.problem is None)

    async def ask_close(self, visit: Visit) -> web.Response:
        """Whether to let go, of what, and why. Raises OperationRefused."""
        return await self._close_page(visit, visit.request.match_info["name"], [])

    async def close(self, visit: Visit) -> web.Response:
        """Let go. Raises OperationRefused."""
        name = visit.request.match_info["name"]
        try:
            form = await form_of(visit.request, ReasonForm)
        except WrongForm as error:
            return await self._close_page(visit, name, error.problems)
        done = await self.operations.close_incident(name, visit.actor, form.reason)
        return tell("/stop", "closed", stored=done.problem is None)

    def _wanted(self, form: StopForm) -> WantedIncident:
        """Raises WrongForm."""
        until = form.until(self.view.now())
        if form.scope == EVERYTHING:
            return WantedIncident(form.reason, until=until, everything=True)
        if form.scope == MATCHED:
            return WantedIncident(form.reason, until=until)
        prefix, campaign = form.scope[: len(CAMPAIGN)], form.scope[len(CAMPAIGN) :]
        if prefix != CAMPAIGN or not campaign:
            raise WrongForm(["Choose what is to stop."])
        return WantedIncident(form.reason, until=until, match=Selector(campaigns=(campaign,)))

    async def _page(
        self, visit: Visit, given: Mapping[str, Any], problems: list[str], done: ToldQuery | None = None
    ) -> web.Response:
        return await self.frame.show(
            visit,
            "stop.html",
            HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
            problems=problems,
            given=given,
            scopes=self._scopes(),
            spans=SPANS,
            incidents=open_incidents(self.view),
            told=done or ToldQuery(),
        )

    def _scopes(self) -> dict[str, str]:
        campaigns = {f"{CAMPAIGN}{name}": f"the campaign {name}" for name in self.view.book.campaigns}
        return {
            EVERYTHING: "everything: every job in every workspace",
            MATCHED: "every job that a campaign matches",
            **campaigns,
        }

    async def _close_page(self, visit: Visit, name: str, problems: list[str]) -> web.Response:
        opened = next((each for each in self.view.ledger.incidents.values() if each.incident.name == name), None)
        if opened is None:
            raise UnknownIncident(
                f"no incident named {name!r} is open here: it is closed already, or stands in the rules"
            )
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
        return await self.frame.show(visit, "close.html", status, incident=opened_record(opened), problems=problems)
