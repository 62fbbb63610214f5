"""What a programmer would write in an afternoon: an aiohttp loop that only sends the pauses."""

import asyncio
from collections.abc import Iterable, Iterator

import aiohttp

HEADERS = {"Authorization": "Bearer key-of-the-benchmark"}
ATTEMPTS = 8
TIMEOUT = 1.0


async def pause_all(base_url: str, jobs: Iterable[str], connections: int) -> None:
    """Send a pause for each job over so many connections."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections), headers=HEADERS, timeout=aiohttp.ClientTimeout(total=TIMEOUT)
    ) as session:
        left = iter(jobs)
        await asyncio.gather(*(_worker(session, base_url, left) for _ in range(connections)))


async def _worker(session: aiohttp.ClientSession, base_url: str, jobs: Iterator[str]) -> None:
    for job in jobs:
        for _attempt in range(ATTEMPTS):
            if await _paused(session, f"{base_url}/batch_dial_jobs/{job}/paused"):
                break


async def _paused(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.post(url, json={"paused": True}) as answer:
            await answer.read()
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
