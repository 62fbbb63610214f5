"""What the bare loop becomes once it does, in the plainest way, all that a pause of ours must: the intent on disk
before the request leaves, the answer checked, a line of the log, the outcome and a line of the audit on disk. No rules,
no retries, nobody else's requests: whoever keeps these promises with the same libraries on one event loop is hardly
quicker.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TextIO

import aiohttp
import structlog
from pydantic import BaseModel, Field

from tests.bench.bare import HEADERS

BATCH = 200
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE claims (id TEXT PRIMARY KEY, state TEXT, reason TEXT, detail TEXT, since REAL);
CREATE TABLE audit (id INTEGER PRIMARY KEY, at REAL, event TEXT, job TEXT, reason TEXT, detail TEXT, facts TEXT);
"""
_INTEND = "INSERT INTO claims VALUES (?, 'intended', 'incident', 'One-way audio on trunk 3', ?)"
_HOLD = "UPDATE claims SET state = 'held' WHERE id = ?"
_TELL = "INSERT INTO audit (at, event, job, reason, detail, facts) VALUES (?, 'job.paused', ?, 'incident', ?, ?)"


class _Job(BaseModel):
    id: str
    name: str
    status: str
    agent_id: str = Field(alias="callAgentId")


class Disk:
    """One SQLite file, synchronous as ours, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._path = path

    async def open(self) -> None:
        """Make the tables."""
        await self._run(self._open)

    async def intend(self, jobs: Sequence[str], now: float) -> None:
        """Store that these are to be paused."""
        await self._run(self._write, (_INTEND, [(job, now) for job in jobs]))

    async def hold(self, jobs: Sequence[_Job], now: float) -> None:
        """Store that these are paused, with a line of the audit each."""
        told = [(now, job.id, job.name, json.dumps({"answered": job.status})) for job in jobs]
        await self._run(self._write, (_HOLD, [(job.id,) for job in jobs]), (_TELL, told))

    async def close(self) -> None:
        """Let go of the file."""
        await self._run(self._connection.close)
        self._thread.shutdown()

    async def _run(self, function: Callable[..., object], *args: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path)
        self._connection.executescript(_SCHEMA)

    def _write(self, *statements: tuple[str, list[tuple[object, ...]]]) -> None:
        with self._connection, closing(self._connection.cursor()) as cursor:
            for statement, rows in statements:
                cursor.executemany(statement, rows)


async def pause_all(base_url: str, jobs: Sequence[str], connections: int, folder: Path, log: TextIO) -> None:
    """Pause these jobs over so many connections; whole once every outcome is on disk."""
    logger = structlog.wrap_logger(
        structlog.WriteLogger(log),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
    )
    disk = Disk(folder / "least.db")
    await disk.open()
    time = asyncio.get_running_loop().time
    ready: asyncio.Queue[str | None] = asyncio.Queue()
    paused: list[_Job] = []
    writing: set[asyncio.Task[None]] = set()

    def write_out() -> None:
        task = asyncio.create_task(disk.hold(paused[:], time()))
        writing.add(task)
        task.add_done_callback(writing.discard)
        paused.clear()

    async def worker(session: aiohttp.ClientSession) -> None:
        while (job := await ready.get()) is not None:
            async with session.post(f"{base_url}/batch_dial_jobs/{job}/paused", json={"paused": True}) as answer:
                answered = _Job.model_validate_json(await answer.read())
            assert (answered.id, answered.status) == (job, "PAUSED")
            logger.info("job.paused", job=job, name=answered.name, reason="incident", detail="One-way audio on trunk 3")
            paused.append(answered)
            if len(paused) == BATCH:
                write_out()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections), headers=HEADERS) as session:
        workers = [asyncio.create_task(worker(session)) for _ in range(connections)]
        for start in range(0, len(jobs), BATCH):
            batch = jobs[start : start + BATCH]
            await disk.intend(batch, time())
            for job in batch:
                ready.put_nowait(job)
        for _ in workers:
            ready.put_nowait(None)
        await asyncio.gather(*workers)
    write_out()
    await asyncio.gather(*writing)
    await disk.close()
