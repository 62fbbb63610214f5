"""A disk that hangs: nobody who closes the store waits for ever, and what may yet be written meets no other writer."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from structlog.testing import capture_logs

from controller.core.job import JobKey
from controller.store import sqlite as sqlite_module
from controller.store import store as store_module
from controller.store.changes import Audit, PutClaim
from controller.store.errors import StoreError, StoreLocked
from controller.store.keeper import StoreKeeper
from controller.store.store import Store

ROW = Audit(1.0, "job.paused")


class Disk:
    """While `hangs`, whoever begins to write waits in the database's own thread."""

    def __init__(self) -> None:
        self.hangs = False
        self.gate = threading.Event()
        self._prepare = sqlite_module._prepare

    def prepare(self, engine: Engine, pragmas: tuple[str, ...]) -> None:
        self._prepare(engine, pragmas)

        @event.listens_for(engine, "connect")
        def connect(connection: Any, _record: object) -> None:
            connection.create_function("hang", 0, self.gate.wait)

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            if self.hangs:
                connection.exec_driver_sql("SELECT hang()")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk()
    monkeypatch.setattr(sqlite_module, "_prepare", made.prepare)
    monkeypatch.setattr(store_module, "CLOSE_SECONDS", 0.05)
    yield made
    made.gate.set()


@pytest.mark.filterwarnings("ignore:.*was deleted before being closed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_store_whose_write_hangs_closes_in_time_and_keeps_its_lock(disk: Disk, url: str) -> None:
    keeper, _kept = await StoreKeeper.open(url)
    disk.hangs = True
    writing = asyncio.create_task(keeper.write([ROW]))
    await asyncio.sleep(0.05)
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            await keeper.close()
            await asyncio.gather(writing, return_exceptions=True)
    assert [line["event"] for line in logs] == ["store.abandoned"]
    with pytest.raises(StoreLocked):
        await Store.open(url)
    keeper._lock.release()


PROGRAM = """
import asyncio, sys
from pathlib import Path
from controller.build import open_ledger
from controller.runtime import write_queue
from controller.store import sqlite, store
from tests.store.test_hung_store import ROW, Disk

write_queue.WRITE_SECONDS = write_queue.CLOSE_SECONDS = store.CLOSE_SECONDS = 0.05

async def main():
    disk = Disk()
    sqlite._prepare = disk.prepare
    async with open_ledger(sys.argv[1]) as (ledger, _rules, _damaged):
        assert await ledger.record([ROW])
        disk.hangs = True
        assert not await ledger.record([ROW])

asyncio.run(main())
print("ended")
"""


def test_a_process_whose_store_hangs_comes_to_its_end(url: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url], cwd=root, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["ended"], done.stderr
    assert done.returncode == 0
    for event_name in ("store.unwritable", "store.unwritten", "store.abandoned"):
        assert event_name in done.stdout


async def test_a_path_that_hangs_does_not_hold_the_event_loop(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, real = threading.Event(), store_module.identity

    def hanging(path: Path) -> tuple[int, int] | None:
        gate.wait()
        return real(path)

    monkeypatch.setattr(store_module, "identity", hanging)
    writing = asyncio.create_task(store.write([ROW]))
    await asyncio.sleep(0.02)  # reached: others have their turn
    assert not writing.done()
    gate.set()
    await writing


async def test_the_open_claim_of_a_job_can_be_asked_for(url: str, make_claim: Any) -> None:
    keeper, _kept = await StoreKeeper.open(url)
    claims = [make_claim("c1", state="released"), make_claim("c2"), make_claim("c3", job_id="other")]
    await keeper.write([PutClaim(claim) for claim in claims])
    found = await keeper.open_claim(claims[1].key)
    assert found == claims[1]
    assert await keeper.open_claim(JobKey("main", "nobody")) is None
    await keeper.close()
    with pytest.raises(StoreError, match="was closed"):
        await keeper.open_claim(claims[1].key)
