"""From the instant of a transition, at which a timer wakes us, to the first pause that the provider accepts. That of a
great close is measured with the sweep.
"""

import asyncio
import time
from collections.abc import Iterator

import aiohttp

from controller.cli.garbage import spare_what_is_loaded
from tests.bench.bare import HEADERS
from tests.bench.lag import p99
from tests.bench.ours import closing_at, opened, waiting
from tests.bench.provider import Provider, running
from tests.bench.table import Bar, Row, alone

BOUNDARIES = 100
JOBS = 20
AHEAD = 0.12
"""Seconds from setting a transition to its instant."""


def measure() -> Iterator[Row]:
    """Every row of this part."""
    spare_what_is_loaded()
    with running() as provider:
        ours = asyncio.run(_ours(provider))
        theirs = asyncio.run(_bare(provider))
    assert min(ours) >= 0.0, "a pause was sent before its instant"
    note = (
        f"{BOUNDARIES} boundaries of {JOBS} jobs, each paused by the first look; a bare call_at that sends one POST: "
    )
    yield alone(
        "boundary",
        f"{JOBS} jobs at a timer's instant, first pause, p99",
        "ms",
        p99(ours) * 1000,
        Bar.at_most(15),
        f"{note}{p99(theirs) * 1000:.1f} ms",
    )


async def _ours(provider: Provider) -> list[float]:
    found = []
    async with opened(provider.base_url, 50) as workspace, waiting(workspace) as timers:
        for _ in range(BOUNDARIES):
            provider.reset(JOBS)
            await workspace.see()
            assert workspace.dialing == JOBS
            at = time.time() + AHEAD
            workspace.book = closing_at(at)
            timers.set_transition(at)
            await asyncio.sleep(AHEAD + 0.05)
            told = provider.told()
            assert told["first"] is not None, "the close was judged by what was before it"
            found.append(told["first"] - at)
            await asyncio.sleep(0.05)
            provider.all_paused()
    return found


async def _bare(provider: Provider) -> list[float]:
    found = []
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def send() -> None:
            async with session.post(
                f"{provider.base_url}/batch_dial_jobs/job-0/paused", json={"paused": True}
            ) as answer:
                await answer.read()

        tasks = []
        for _ in range(BOUNDARIES):
            provider.reset(1)
            at = time.time() + AHEAD
            loop.call_at(loop.time() + AHEAD, lambda: tasks.append(asyncio.create_task(send())))
            await asyncio.sleep(AHEAD + 0.05)
            found.append(provider.told()["first"] - at)
        await asyncio.gather(*tasks)
    return found
