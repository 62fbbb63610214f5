"""What 100,000 live jobs take, and how long the garbage collector walks over them."""

import asyncio
import gc
import time
from collections.abc import Iterator

import psutil

from controller.cli.garbage import spare_what_is_loaded
from tests.bench.ours import opened
from tests.bench.provider import running
from tests.bench.table import Bar, Row, alone

JOBS = 100_000


def measure() -> Iterator[Row]:
    """Every row of this part."""
    spare_what_is_loaded()
    with running() as provider:
        size, collection = asyncio.run(_measured(provider.base_url, provider.reset))
    yield alone("memory", "100,000 live jobs, above idle", "bytes a job", size, Bar.at_most(700))
    yield alone("memory", "one full garbage collection", "ms", collection * 1000, Bar.at_most(75))


async def _measured(base_url: str, reset: object) -> tuple[float, float]:
    process = psutil.Process()
    async with opened(base_url, 50) as workspace:
        reset(200)  # type: ignore[operator]
        await workspace.see()
        gc.collect()
        before = process.memory_info().rss
        reset(JOBS)  # type: ignore[operator]
        await workspace.see()
        assert workspace.dialing == JOBS
        gc.collect()
        size = (process.memory_info().rss - before) / JOBS
        begun = time.perf_counter()
        gc.collect()
        return size, time.perf_counter() - begun
