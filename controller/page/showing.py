"""The pages that only show: findings, events, rules."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from controller.core.finding import FindingKind
from controller.page.frame import Frame
from controller.page.visit import Visit
from controller.runtime.view import View
from controller.shown.advice import ADVICE
from controller.shown.records import audit_record
from controller.store.errors import StoreError
from controller.store.records import AuditFilter
from controller.web.history import History
from controller.web.problems import store_trouble
from controller.web.rules import rules_record
from controller.web.status import standing

if TYPE_CHECKING:
    from controller.shown.record_types import StandingRecord

EVENTS = 200
"""Lines of the audit that are shown; the newest."""


@dataclass(frozen=True, slots=True)
class Showing:
    """The handlers."""

    view: View
    history: History
    frame: Frame

    async def findings(self, visit: Visit) -> web.Response:
        """By kind, with what to do about each."""
        found: defaultdict[str, list[StandingRecord]] = defaultdict(list)
        for record in standing(self.view):
            found[record["finding"]].append(record)
        kinds = [(ADVICE[kind], found[kind]) for kind in FindingKind if kind in found]
        return await self.frame.show(visit, "findings.html", kinds=kinds)

    async def events(self, visit: Visit) -> web.Response:
        """What happened, newest first."""
        try:
            rows = await self.history.ask(lambda reader: reader.audit_rows(AuditFilter(limit=EVENTS)))
            records, trouble = [audit_record(row) for row in reversed(rows)], None
        except StoreError as error:
            records, trouble = [], store_trouble(error)
        return await self.frame.show(visit, "events.html", records=records, trouble=trouble)

    async def rules(self, visit: Visit) -> web.Response:
        """Which are in force, since when, and what is wrong with newer files."""
        return await self.frame.show(visit, "rules.html", rules=rules_record(self.view))
