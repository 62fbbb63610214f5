"""A close: 10,000 ACTIVE jobs at once, against a loop that only POSTs, and against what a cron script does."""

import asyncio
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.cli.garbage import spare_what_is_loaded
from tests.bench import bare, least
from tests.bench.lag import p99, watched
from tests.bench.ours import opened
from tests.bench.provider import Provider, running
from tests.bench.table import Bar, Row, alone, beside, compared, missing, unpaired

JOBS = 10_000
FEWER = 3_000
SLOW = 200
PAIRS = 15
ROUNDS = 5
LATENCY = 0.05

_REQUESTS = """
import sys, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer key-of-the-benchmark"
for job in range(int(sys.argv[2])):
    session.post(f"{sys.argv[1]}/batch_dial_jobs/job-{job}/paused", json={"paused": True}).raise_for_status()
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one close: jobs a second, CPU seconds a job, the 99th percentile of the loop's lag in seconds, and the seconds
    until the provider accepted the first pause.
    """

    rate: float
    cpu: float
    lag: float
    first: float = 0.0


def measure() -> Iterator[Row]:
    """Every row of this part."""
    spare_what_is_loaded()
    with running() as provider:
        loopback = _pairs(provider, JOBS, 50, 0.0)
        yield _rate("10,000 jobs, loopback, 50 connections", loopback, Bar.at_least(0.7))
        yield from _boundary(loopback)
        yield from _lags(loopback)
        yield _limit("10,000 jobs, loopback", loopback, _least(provider, JOBS, 50, 0.0))
        for connections in (100, 200):
            pairs = _pairs(provider, FEWER, connections, LATENCY)
            what = f"{FEWER:,} jobs, 50 ms, {connections} connections"
            yield _rate(what, pairs, Bar.at_least(0.95))
            yield _limit(what, pairs, _least(provider, FEWER, connections, LATENCY))
        yield from _scripts(provider, [ours for ours, _theirs in pairs], [ours for ours, _theirs in loopback])


def _rate(what: str, pairs: list[tuple[Figures, Figures]], bar: Bar) -> Row:
    ours, theirs = zip(*pairs, strict=True)
    rates = [each.rate for each in ours], [each.rate for each in theirs]
    return compared("sweep", what, "jobs/s", rates[0], "bare aiohttp loop", rates[1], bar)


def _boundary(pairs: list[tuple[Figures, Figures]]) -> Iterator[Row]:
    first = p99([mine.first * 1000 for mine, _theirs in pairs])
    note = f"the latest of {PAIRS} closes; each is judged by its own instant"
    yield alone("boundary", "10,000 jobs, first pause", "ms", first, Bar.at_most(15), note)
    ours = [JOBS / mine.rate for mine, _theirs in pairs]
    theirs = [JOBS / other.rate for _mine, other in pairs]
    yield compared(
        "boundary", "10,000 jobs, last pause", "s", ours, "jobs ÷ the bare loop's rate", theirs, Bar.at_most(1.25)
    )


def _limit(what: str, pairs: list[tuple[Figures, Figures]], least: list[float]) -> Row:
    """What is left of the bare loop where it keeps the same promises with the same libraries."""
    ours, theirs = [mine.rate for mine, _ in pairs], [other.rate for _, other in pairs]
    note = f"it reaches {statistics.median(least) / statistics.median(theirs):.2f} of the bare loop"
    return beside("sweep", what, "jobs/s", ours, "bare loop that stores, checks and logs", least, note)


def _lags(pairs: list[tuple[Figures, Figures]]) -> Iterator[Row]:
    ours, theirs = [mine.lag * 1000 for mine, _ in pairs], [other.lag * 1000 for _, other in pairs]
    yield compared("lag", "event loop during the sweep, p99", "ms", ours, "bare aiohttp loop", theirs, Bar.at_most(2))
    yield compared("lag", "the same by itself", "ms", ours, "20 ms", [20.0] * len(ours), Bar.at_most(1))


def _pairs(provider: Provider, jobs: int, connections: int, latency: float) -> list[tuple[Figures, Figures]]:
    """Ours and the bare loop by turns, each first as often as the other."""
    found = []
    for number in range(PAIRS):
        contestants = [
            lambda: _ours(provider, jobs, connections, latency),
            lambda: _bare(provider, jobs, connections, latency),
        ]
        if number % 2:
            theirs, ours = asyncio.run(contestants[1]()), asyncio.run(contestants[0]())
        else:
            ours, theirs = asyncio.run(contestants[0]()), asyncio.run(contestants[1]())
        found.append((ours, theirs))
    return found


async def _ours(provider: Provider, jobs: int, connections: int, latency: float) -> Figures:
    provider.reset(jobs)
    async with opened(provider.base_url, connections) as workspace:
        await workspace.see()
        assert workspace.dialing == jobs
        provider.answer_after(latency)
        figures = await _timed(workspace.close, jobs)
        first = provider.told()["first"] - workspace.closed
    provider.all_paused()
    return replace(figures, first=first)


async def _bare(provider: Provider, jobs: int, connections: int, latency: float) -> Figures:
    provider.reset(jobs)
    provider.answer_after(latency)
    names = [f"job-{number}" for number in range(jobs)]
    figures = await _timed(lambda: bare.pause_all(provider.base_url, names, connections), jobs)
    provider.all_paused()
    return figures


def _least(provider: Provider, jobs: int, connections: int, latency: float) -> list[float]:
    return [asyncio.run(_least_once(provider, jobs, connections, latency)).rate for _ in range(ROUNDS)]


async def _least_once(provider: Provider, jobs: int, connections: int, latency: float) -> Figures:
    provider.reset(jobs)
    provider.answer_after(latency)
    names = [f"job-{number}" for number in range(jobs)]
    with TemporaryDirectory() as folder, Path(folder, "log").open("w") as log:  # noqa: ASYNC230 - before it is measured
        figures = await _timed(lambda: least.pause_all(provider.base_url, names, connections, Path(folder), log), jobs)
    provider.all_paused()
    return figures


async def _timed(close: Callable[[], Awaitable[None]], jobs: int) -> Figures:
    async with watched() as late:
        cpu, begun = time.process_time(), time.perf_counter()
        await close()
        seconds = time.perf_counter() - begun
        return Figures(jobs / seconds, (time.process_time() - cpu) / jobs, p99(late))


def _scripts(provider: Provider, slow: list[Figures], fast: list[Figures]) -> Iterator[Row]:
    """Contestants that are slow by nature: fewer jobs and rounds."""
    ours, cpu = [each.rate for each in slow], [each.cpu * 1e6 for each in fast]
    found = [_script(provider, [sys.executable, "-c", _REQUESTS, provider.base_url, str(SLOW)]) for _ in range(2)]
    rates, used = [rate for rate, _cpu in found], [each * 1e6 for _rate, each in found]
    yield unpaired("sweep", "at 50 ms", "jobs/s", ours, "requests in sequence", rates, Bar.at_least(80))
    yield unpaired("sweep", "CPU a job", "µs", cpu, "requests in sequence", used, Bar.at_most(0.35))
    bars = (("at 50 ms", Bar.at_least(8)), ("CPU a job", Bar.at_most(0.05)))
    if shutil.which("curl") is None or shutil.which("xargs") is None:
        yield from (
            missing("sweep", what, "a curl process a job", bar, "curl or xargs is not installed") for what, bar in bars
        )
        return
    url = f"{provider.base_url}/batch_dial_jobs/job-N/paused"
    curl = f"curl -sf -o /dev/null -H 'Content-Type: application/json' -d '{{\"paused\": true}}' {url}"
    found = [_script(provider, ["sh", "-c", f"seq 0 {SLOW - 1} | xargs -P 50 -I N {curl}"]) for _ in range(3)]
    rates, used = [rate for rate, _cpu in found], [each * 1e6 for _rate, each in found]
    yield unpaired("sweep", "at 50 ms", "jobs/s", ours, "a curl process a job, 50 at once", rates, Bar.at_least(8))
    yield unpaired("sweep", "CPU a job", "µs", cpu, "a curl process a job, 50 at once", used, Bar.at_most(0.05))


def _script(provider: Provider, command: list[str]) -> tuple[float, float]:
    """Its jobs a second, and CPU seconds a job."""
    provider.reset(SLOW)
    provider.answer_after(LATENCY)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    provider.all_paused()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return SLOW / seconds, used / SLOW
