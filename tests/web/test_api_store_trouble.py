"""A store that cannot be read: what needs it says so, and what memory can answer is answered."""

import asyncio
from pathlib import Path

import pytest

from controller.store.changes import Audit
from controller.store.errors import StoreError, StoreReason
from controller.store.reader import StoreReader
from controller.store.records import AuditFilter, AuditRow
from controller.store.store import Store
from controller.web.history import PATIENCE, History
from tests.runtime.stage import until
from tests.web.daemon_stage import DaemonStage

FROM_MEMORY = ("status", "jobs", "campaigns", "preview", "incidents", "holds", "claims", "findings", "rules")
FROM_THE_STORE = ("audit", "incidents?closed=true", "claims?closed=true")


async def rows(reader: StoreReader) -> list[AuditRow]:
    return await reader.audit_rows(AuditFilter())


async def impatient(url: str) -> History:
    """A history that has opened its store, and waits for no answer from then on."""
    history = History(url)
    await history.ask(rows)
    history._patience = 0.05
    return history


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'c.db'}"


async def test_what_memory_knows_is_answered_without_the_store(served: DaemonStage) -> None:
    database = served.folder / "var" / "controller.db"
    database.rename(database.with_suffix(".away"))
    for path in FROM_MEMORY:
        assert (await served.get(f"/api/v1/{path}")).status == 200, path
    owls = await served.job("owls")
    assert owls["reason"] == "outside_hours"
    assert owls["history"] == {
        "audit": [],
        "claims": [],
        "problem": "the store cannot be read now (missing); what needs no history is answered all the same",
    }


@pytest.mark.parametrize("path", FROM_THE_STORE)
async def test_what_only_the_store_knows_is_a_problem_while_it_cannot_be_read(served: DaemonStage, path: str) -> None:
    database = served.folder / "var" / "controller.db"
    away = database.rename(database.with_suffix(".away"))
    answer = await served.get(f"/api/v1/{path}")
    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "5"
    assert str(served.folder) not in answer.text
    away.rename(database)
    assert (await served.get(f"/api/v1/{path}")).status == 200


async def test_a_file_that_took_the_place_of_another_is_read(url: str, tmp_path: Path) -> None:
    history = History(url)
    with pytest.raises(StoreError) as missing:
        await history.ask(rows)
    assert missing.value.reason is StoreReason.MISSING
    for event in ("first.file", "second.file"):
        store = await Store.open(url)
        await store.write([Audit(1.0, event)])
        before = history.file
        assert [row.event for row in await history.ask(rows)] == [event]
        assert history.file != before
        await store.close()
        (tmp_path / "c.db").rename(tmp_path / f"{event}.db")
    await history.close()


async def test_a_damaged_file_is_a_problem_of_one_question_only(url: str, tmp_path: Path) -> None:
    history = History(url)
    (tmp_path / "c.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError) as damaged:
        await history.ask(rows)
    assert damaged.value.reason is StoreReason.CORRUPT
    (tmp_path / "c.db").unlink()
    store = await Store.open(url)
    assert await history.ask(rows) == []
    await store.close()
    await history.close()


async def test_a_store_that_hangs_keeps_nobody_waiting_and_is_not_asked_again(url: str) -> None:
    store = await Store.open(url)
    history = await impatient(url)
    gate = asyncio.Event()
    asked: list[StoreReader] = []

    async def hanging(reader: StoreReader) -> list[AuditRow]:
        asked.append(reader)
        await gate.wait()
        return await rows(reader)

    for _ in range(2):
        with pytest.raises(StoreError) as slow:
            await history.ask(hanging)
        assert slow.value.reason is StoreReason.SLOW
    assert len(asked) == 1, "the second one finds the first still there"
    gate.set()
    await until(lambda: not history._asked)
    history._patience = PATIENCE
    assert await history.ask(rows) == []
    await history.close()
    await store.close()


async def test_who_asked_and_went_leaves_nothing_behind(url: str) -> None:
    store = await Store.open(url)
    history = History(url)
    begun, gate = asyncio.Event(), asyncio.Event()

    async def hanging(_reader: StoreReader) -> None:
        begun.set()
        await gate.wait()

    asking = asyncio.create_task(history.ask(hanging))
    await begun.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await history.ask(rows) == []
    gate.set()
    await history.close()
    await store.close()
