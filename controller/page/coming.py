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
from controller.page.visit import Visit
from controller.runtime.view import View
from controller.shown.timeline import timeline
from controller.shown.week import DAYS, Week, week_lines, week_of


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
        view = self.view
        rules, opened = view.book.rules, view.ledger.controls.incidents
        async with self._drawing:
            drawn = await asyncio.to_thread(_draw, rules, opened, view.known_jobs(), view.now())
        return await self.frame.show(visit, "coming.html", campaigns=drawn, days=DAYS)


def _draw(rules: RuleSet, opened: Sequence[Incident], jobs: Sequence[Job], now: Instant) -> list[Drawn]:
    """Runs in a thread, so with a rulebook of its own."""
    book = Rulebook(rules)
    incidents = (*rules.incidents, *opened)
    return [
        _drawn(week_of(book, hours, incidents, [job for job in jobs if hours in book.campaigns_of(job)], now))
        for hours in book.campaigns.values()
    ]


def _drawn(week: Week) -> Drawn:
    return Drawn(week.campaign, week.zone.key, Markup(timeline(week)), week_lines(week))  # noqa: S704 - XML of an ElementTree
