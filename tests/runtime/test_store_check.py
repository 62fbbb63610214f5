"""Damage that nothing else notices: what is known is written into another store before it is too late."""

import asyncio
from pathlib import Path

from controller.build import open_ledger
from controller.core.job import JobKey
from controller.runtime.store_check import check_store
from controller.store.changes import Audit, PutClaim
from controller.store.reader import StoreReader
from controller.store.store import Store
from tests.core.build import claim
from tests.runtime.stage import HandClock, until


def garble(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:4096] + b"\xa5" * (file.stat().st_size - 4096))


def lies_aside(folder: Path) -> bool:
    return (folder / "a.db.corrupt-1").exists()


async def test_a_damaged_file_is_found_set_aside_and_written_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    store = await Store.open(url)
    await store.write([Audit(float(n), "job.paused", detail="x" * 500) for n in range(300)])
    await store.close()
    async with open_ledger(url) as opened:
        assert await opened.ledger.record([PutClaim(claim())])
        checking = asyncio.create_task(check_store(opened.damaged, opened.ledger, HandClock(), every=0.01))
        await asyncio.sleep(0.05)
        assert not lies_aside(tmp_path)
        garble(tmp_path / "a.db")
        await until(lambda: lies_aside(tmp_path) and opened.ledger.durable)
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)
    reader = await StoreReader.open(url)
    assert reader is not None
    assert [each.key for each in await reader.open_claims()] == [JobKey("main", "job-1")]
    await reader.close()
