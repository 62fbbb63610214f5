"""A pass over 10,000 live jobs in which there is nothing to do, and what 90,000 finished ones beside them cost."""

import asyncio
import time
from collections.abc import Iterator

import aiohttp
from pydantic import BaseModel, Field

from controller.cli.garbage import spare_what_is_loaded
from controller.runtime.report import Trigger
from tests.bench.bare import HEADERS
from tests.bench.ours import opened
from tests.bench.provider import Provider, running
from tests.bench.table import Bar, Row, compared

LIVE, FINISHED = 10_000, 90_000
PAIRS = 15


class _Four(BaseModel):
    id: str
    name: str
    status: str
    agent_id: str = Field(alias="callAgentId")


class _Page(BaseModel):
    data: list[_Four]
    cursor: str | None


def measure() -> Iterator[Row]:
    """Every row of this part."""
    spare_what_is_loaded()
    with running() as provider, running() as beside:
        provider.reset(LIVE)
        beside.reset(LIVE, finished=FINISHED)
        ours, theirs, more = asyncio.run(_by_turns(provider, beside))
    yield compared(
        "quiet pass",
        "10,000 live jobs, CPU",
        "ms",
        ours,
        "the same pages, four fields with pydantic",
        theirs,
        Bar.at_most(2),
    )
    yield compared("quiet pass", "90,000 finished beside them", "ms", more, "without them", ours, Bar.at_most(1.05))


async def _by_turns(provider: Provider, beside: Provider) -> tuple[list[float], list[float], list[float]]:
    ours, theirs, more = list[float](), list[float](), list[float]()
    async with opened(provider.base_url, 50) as one, opened(beside.base_url, 50) as other:
        await one.see()
        await other.see()
        for number in range(PAIRS):
            rounds = [
                (ours, lambda: one.reconciler.run_pass(Trigger.RESYNC)),
                (theirs, lambda: _pages(provider)),
                (more, lambda: other.reconciler.run_pass(Trigger.RESYNC)),
            ]
            for figures, work in rounds if number % 2 else reversed(rounds):
                begun = time.process_time()
                await work()
                figures.append((time.process_time() - begun) * 1000)
    return ours, theirs, more


async def _pages(provider: Provider) -> int:
    jobs: list[_Four] = []
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for status in ("INIT", "ACTIVE", "PAUSED"):
            asked = {"limit": "100", "status": status}
            while True:
                async with session.get(f"{provider.base_url}/batch_dial_jobs", params=asked) as answer:
                    page = _Page.model_validate_json(await answer.read())
                jobs += page.data
                if page.cursor is None:
                    break
                asked["cursor"] = page.cursor
    assert len(jobs) == LIVE
    return len(jobs)
