"""The campaigns: each as it is now, and as it will be."""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from controller.core.campaign import Incident, RuleSet
from controller.core.interval import Instant, Interval
from controller.core.rulebook import Rulebook
from controller.rules.loader import holiday_years, load_rules
from controller.rules.problem import RulesError
from controller.runtime.view import View
from controller.shown.campaigns import CampaignRecord, campaign_record
from controller.shown.preview import LONGEST, WEEK, PreviewRecord, preview, preview_record, with_opened
from controller.web.endpoint import Endpoint, get
from controller.web.problems import ProblemError, Unprocessable
from controller.web.queries import CampaignsQuery, PreviewQuery, query_of
from controller.web.refuse_unknown import refuse_unknown_campaign

MOST_LOOKS = 8
"""Looks ahead, of which one is served at a time: a long one is much work."""


@dataclass(slots=True)
class Campaigns:
    """The handlers."""

    view: View
    _turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _looks: int = field(init=False, default=0)

    def endpoints(self) -> list[Endpoint]:
        """Where each is served."""
        return [
            get("/api/v1/campaigns", self.campaigns, list[CampaignRecord], CampaignsQuery),
            get("/api/v1/preview", self.preview, list[PreviewRecord], PreviewQuery),
        ]

    async def campaigns(self, request: web.Request) -> web.Response:
        """Each campaign: open or closed now, why, and its next transitions."""
        name = query_of(request, CampaignsQuery).campaign
        refuse_unknown_campaign(self.view, name)
        book, now = self.view.book, self.view.now()
        jobs = self._jobs(book)
        records = []
        for hours in book.campaigns.values():
            if name in (None, hours.campaign.name):
                records.append(campaign_record(hours, self._incidents(), now, jobs[hours.campaign.name]))
                await asyncio.sleep(0)
        return web.json_response(records)

    async def preview(self, request: web.Request) -> web.Response:
        """When campaigns are open and closed in a span, gapless, and why; as the command `preview` says."""
        asked = query_of(request, PreviewQuery)
        refuse_unknown_campaign(self.view, asked.campaign)
        start = math.floor(self.view.now()) if asked.since is None else asked.since
        span = Interval(start, start + WEEK if asked.until is None else asked.until)
        if not 0 < span.end - span.start <= LONGEST:
            raise Unprocessable("until", "it must be after from, and by no more than three years")
        if self._looks >= MOST_LOOKS:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "too many look ahead at once", {"Retry-After": "5"})
        self._looks += 1
        try:
            async with self._turn:
                return web.json_response(await self._look(span, asked.campaign))
        finally:
            self._looks -= 1

    async def _look(self, span: Interval, name: str | None) -> list[PreviewRecord]:
        """Raises ProblemError."""
        rules, opened, now = self.view.book.rules, self.view.ledger.controls.incidents, self.view.now()
        return await asyncio.to_thread(_look_ahead, rules, opened, span, name, now)

    def _jobs(self, book: Rulebook) -> dict[str, Counter[str]]:
        """How many jobs of each campaign are in which status."""
        found = {name: Counter[str]() for name in book.campaigns}
        for job in self.view.known_jobs():
            for hours in book.campaigns_of(job):
                found[hours.campaign.name][job.status.value] += 1
        return found

    def _incidents(self) -> list[Incident]:
        """Those of the rules, and the open ones beside them."""
        return [*self.view.book.rules.incidents, *self.view.ledger.controls.incidents]


def _look_ahead(
    rules: RuleSet, opened: Sequence[Incident], span: Interval, name: str | None, now: Instant
) -> list[PreviewRecord]:
    """Runs in a thread, so with a rulebook of its own. Raises ProblemError."""
    book = with_opened(Rulebook(_through(rules, span, now)), opened)
    chosen = [hours for hours in book.campaigns.values() if name in (None, hours.campaign.name)]
    return [preview_record(preview(book, hours, span)) for hours in chosen]


def _through(rules: RuleSet, span: Interval, now: Instant) -> RuleSet:
    """The same rules with the holidays of all years of the span: those in force know the ones around this year."""
    known, asked = holiday_years(now, None).wanted, holiday_years(span.start, span.end).wanted
    if known.start <= asked.start and asked.stop <= known.stop:
        return rules
    sources = {name: text.encode() for name, text in rules.sources.items()}
    try:
        return load_rules(sources, now=span.start, through=span.end).rules
    except RulesError as error:
        told = f"the holidays of those years are not known: {error.problems[0].message}"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, told) from None
