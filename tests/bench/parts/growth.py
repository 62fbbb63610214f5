"""Time a job, warm, as there are more jobs, more campaigns and more workspaces."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

from controller.cli.garbage import spare_what_is_loaded
from controller.core.campaign import Selector
from controller.core.rulebook import Rulebook
from controller.runtime.report import Trigger
from tests.bench.ours import RENEWALS, floor, opened, rulebook
from tests.bench.provider import Provider, running
from tests.bench.table import Bar, Row, compared
from tests.core.build import campaign

ROUNDS = 15
FEW, MANY = 1_000, 100_000
MOST = Bar.at_most(1.3)


def measure() -> Iterator[Row]:
    """Every row of this part."""
    spare_what_is_loaded()
    with running() as provider, running() as larger:
        few, many = asyncio.run(_jobs(provider, larger))
        yield compared("growth", "100,000 jobs, a quiet pass", "µs a job", many, "1,000 jobs", few, MOST)
        few, many = asyncio.run(_campaigns(provider))
        yield compared("growth", "1,000 campaigns, a quiet pass", "µs a job", many, "10 campaigns", few, MOST)
        few, many = asyncio.run(_workspaces(provider))
        yield compared("growth", "100 workspaces, a quiet pass", "µs a job", many, "1 workspace", few, MOST)


async def _jobs(provider: Provider, larger: Provider) -> tuple[list[float], list[float]]:
    provider.reset(FEW)
    larger.reset(MANY)
    async with opened(provider.base_url, 50) as few, opened(larger.base_url, 50) as many:
        for workspace in (few, many):
            await workspace.see()
        figures: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for found, workspace, jobs in zip(figures, (few, many), (FEW, MANY), strict=True):
                found.append(await _a_job(workspace.reconciler.run_pass, jobs))
        return figures


async def _campaigns(provider: Provider) -> tuple[list[float], list[float]]:
    provider.reset(FEW)
    figures: tuple[list[float], list[float]] = ([], [])
    async with opened(provider.base_url, 50) as workspace:
        books = [_book(10), _book(1_000)]
        for _ in range(ROUNDS):
            for found, book in zip(figures, books, strict=True):
                workspace.book = book
                await workspace.reconciler.run_pass(Trigger.START)
                found.append(await _a_job(workspace.reconciler.run_pass, FEW))
    return figures


def _book(campaigns: int) -> Rulebook:
    others = (
        campaign(floor(), name=f"other-{number}", match=Selector(names=(f"Other {number} *",)))
        for number in range(campaigns - 1)
    )
    return rulebook(RENEWALS, *others, revision=f"{campaigns}-campaigns")


async def _workspaces(provider: Provider) -> tuple[list[float], list[float]]:
    provider.reset(FEW)
    figures: tuple[list[float], list[float]] = ([], [])
    async with AsyncExitStack() as stack:
        every = [
            await stack.enter_async_context(opened(provider.base_url, 50, name=f"workspace-{number}"))
            for number in range(100)
        ]
        for workspace in every:
            await workspace.see()
        for _ in range(ROUNDS):
            figures[0].append(await _a_job(every[0].reconciler.run_pass, FEW))

            async def all_of_them(trigger: Trigger) -> None:
                await asyncio.gather(*(each.reconciler.run_pass(trigger) for each in every))

            figures[1].append(await _a_job(all_of_them, 100 * FEW))
    return figures


async def _a_job(run_pass: Callable[[Trigger], Awaitable[object]], jobs: int) -> float:
    """Microseconds of CPU a job."""
    begun = time.process_time()
    await run_pass(Trigger.RESYNC)
    return (time.process_time() - begun) / jobs * 1e6
