"""The first page: what is dialing, why is this one not, until when, and who decided."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from controller.page.frame import Frame
from controller.page.queries import Asked
from controller.page.visit import Visit
from controller.runtime.view import View
from controller.shown.lines import STATE_WORDS, JobLine, job_line
from controller.shown.overview import overview
from controller.web.jobs import gently
from controller.web.queries import Query, query_of

if TYPE_CHECKING:
    from controller.core.finding import FindingKind
    from controller.core.job import JobKey

SHOWN = 1000
"""Rows; with more jobs a filter finds the others."""
LOOK = "look"
"""The filter for jobs that somebody should look at, beside the states."""


class NowQuery(Query):
    """Which jobs: all that is given must fit."""

    campaign: Asked = None
    workspace: Asked = None
    state: Asked = None
    text: Asked = None

    @property
    def anything(self) -> bool:
        """Whether it leaves any job out."""
        return any((self.campaign, self.workspace, self.state, self.text))

    def fits(self, line: JobLine) -> bool:
        """Whether the job is asked for."""
        return (
            (self.campaign is None or self.campaign in line.campaigns)
            and (self.workspace is None or self.workspace == line.key.workspace)
            and (self.state is None or (line.look if self.state == LOOK else line.state == self.state))
            and (
                self.text is None
                or self.text.lower() in f"{line.name}\n{line.key}\n{line.title}\n{line.detail}".lower()
            )
        )


@dataclass(frozen=True, slots=True)
class Now:
    """The handler."""

    view: View
    frame: Frame

    async def now(self, visit: Visit) -> web.Response:
        """All jobs in one line, and each in a row."""
        asked = query_of(visit.request, NowQuery)
        lines = await job_lines(self.view)
        wanted = sorted(
            (line for line in lines if asked.fits(line)), key=lambda line: (not line.look, line.name, line.key)
        )
        return await self.frame.show(
            visit,
            "now.html",
            overview=overview(lines),
            lines=wanted[:SHOWN],
            fitting=len(wanted),
            undecided=len(self.view.known_jobs()) - len(lines),
            asked=asked,
            states={**{state.value: words for state, words in STATE_WORDS.items()}, LOOK: "to look at"},
            campaigns=sorted(self.view.book.campaigns),
            workspaces=sorted(self.view.workspaces),
            started=self.view.health.started,
        )


async def job_lines(view: View) -> list[JobLine]:
    """Every job that can be decided, each decided once."""
    found: defaultdict[JobKey, list[FindingKind]] = defaultdict(list)
    for job, kind in view.ledger.findings:
        found[job].append(kind)
    return [
        job_line(decision, situation, found.get(decision.job.key, ()))
        async for decision, situation in gently(view.jobs())
    ]
