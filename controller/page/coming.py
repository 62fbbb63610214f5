"""The coming days of each campaign, drawn and in words."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web
from markupsafe import Markup

from controller.core.campaign import Incident, RuleSet
from controller.core.interval import Instant
from controller.core.job import Job
from controller.core.rulebook import Rulebook
from controller.page.frame import Frame
from controller.page.queries import Asked
from controller.page.visit import Visit
from controller.runtime.view import View
from controller.shown.timeline import timeline
from controller.shown.week import DAYS, Week, week_lines, week_of
from controller.web.queries import Query, query_of

SHOWN = 25
"""Campaigns; with more of them a filter finds the others."""


class ComingQuery(Query):
    """Of which campaign; of all where none is named."""

    campaign: Asked = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """One campaign; `drawing` is well-formed and escaped."""

    campaign: str
    zone: str
    drawing: Markup
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coming:
    """The handler."""

    view: View
    frame: Frame
    _drawing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """To look ahead is much work: one at a time."""

    async def coming(self, visit: Visit) -> web.Response:
        """Seven days of each campaign."""
        view, asked = self.view, query_of(visit.request, ComingQuery).campaign
        rules, opened = view.book.rules, view.ledger.controls.incidents
        names = sorted(view.book.campaigns)
        fitting = [name for name in names if asked in (None, name)]
        async with self._drawing:
            drawn = await asyncio.to_thread(_draw, fitting[:SHOWN], rules, opened, view.known_jobs(), view.now())
        return await self.frame.show(
            visit, "coming.html", drawn=drawn, days=DAYS, names=names, fitting=len(fitting), asked=asked
        )


def _draw(
    names: Sequence[str], rules: RuleSet, opened: Sequence[Incident], jobs: Sequence[Job], now: Instant
) -> list[Drawn]:
    """Runs in a thread, so with a rulebook of its own."""
    book = Rulebook(rules)
    incidents = (*rules.incidents, *opened)
    return [
        _drawn(week_of(book, hours, incidents, [job for job in jobs if hours in book.campaigns_of(job)], now))
        for hours in map(book.campaigns.__getitem__, names)
    ]


def _drawn(week: Week) -> Drawn:
    return Drawn(week.campaign, week.zone.key, Markup(timeline(week)), week_lines(week))  # noqa: S704 - XML of an ElementTree
