"""A close while the API fails: one change in twenty gets no answer, one a 500."""

import asyncio
import time
from collections.abc import Iterator

from controller.cli.garbage import spare_what_is_loaded
from controller.runtime.report import Trigger
from tests.bench import bare
from tests.bench.ours import opened
from tests.bench.provider import Provider, running
from tests.bench.table import Bar, Row, compared

JOBS = 500
PAIRS = 15
CONNECTIONS = 100


def measure() -> Iterator[Row]:
    """Every row of this part."""
    spare_what_is_loaded()
    with running() as provider:
        pairs = [(asyncio.run(_ours(provider)), asyncio.run(_bare(provider))) for _ in range(PAIRS)]
    ours, theirs = zip(*pairs, strict=True)
    what = f"{JOBS:,} jobs, 5 % without answer, 5 % 500"
    yield compared("failing API", what, "jobs/s", ours, "bare loop with as many attempts", theirs, Bar.at_least(0.7))


async def _ours(provider: Provider) -> float:
    provider.reset(JOBS)
    async with opened(provider.base_url, CONNECTIONS, request_timeout=int(bare.TIMEOUT)) as workspace:
        await workspace.see()
        provider.break_one_in(20)
        begun = time.perf_counter()
        await workspace.close()
        while "ACTIVE" in provider.told()["statuses"]:
            await workspace.reconciler.run_pass(Trigger.TRANSITION)  # as follows the fast path of a close
        return JOBS / (time.perf_counter() - begun)


async def _bare(provider: Provider) -> float:
    provider.reset(JOBS)
    provider.break_one_in(20)
    begun = time.perf_counter()
    await bare.pause_all(provider.base_url, [f"job-{number}" for number in range(JOBS)], CONNECTIONS)
    seconds = time.perf_counter() - begun
    provider.all_paused()
    return JOBS / seconds
