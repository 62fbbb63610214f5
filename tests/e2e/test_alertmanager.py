"""The real Alertmanager sends a real alert and its resolution to a real receiver."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from controller.core.job import Status
from controller.runtime.report import Trigger
from tests.e2e.alertmanager import CONFIG, PROGRAM, arguments, needs_alertmanager
from tests.runtime.conftest import no_waits, stage
from tests.runtime.stage import OPEN, Stage, until
from tests.web.receiver import QUIET, Receiver

__all__ = ["no_waits", "stage"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.once,
    needs_alertmanager,
]


@asynccontextmanager
async def alertmanager(folder: Path, receiver: Receiver) -> AsyncIterator[str]:
    """The program's own address."""
    (folder / "alertmanager.yml").write_text(CONFIG.format(url=receiver.url, token=receiver.token))
    address, options = arguments(folder)
    with (folder / "alertmanager.log").open("wb") as told:
        assert PROGRAM is not None
        process = await asyncio.create_subprocess_exec(PROGRAM, *options, stdout=told, stderr=told)
    try:
        yield f"http://{address}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def send(url: str, ends: datetime) -> None:
    """Say so to the program, as Prometheus does; tried until it listens."""
    started = datetime.now(UTC) - timedelta(minutes=1)
    said = {
        "labels": {"alertname": "CarrierDown", "trunk": "3"},
        "annotations": {"summary": "one-way audio on trunk 3"},
        "startsAt": started.isoformat(),
        "endsAt": ends.isoformat(),
    }
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with session.post(f"{url}/api/v2/alerts", json=[said]) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "am").mkdir()
    return tmp_path / "am"


async def test_a_real_alert_pauses_a_job_and_its_end_resumes_it(stage: Stage, folder: Path) -> None:
    receiver = Receiver(stage, folder)
    await receiver.start()
    job = stage.add()
    async with alertmanager(folder, receiver) as url:
        await send(url, datetime.now(UTC) + timedelta(hours=1))
        await until(lambda: bool(stage.ledger.incidents), 30)
        await stage.at(OPEN, Trigger.INCIDENT)
        assert stage.status(job) is Status.PAUSED
        [opened] = stage.ledger.incidents.values()
        assert opened.incident.reason == "one-way audio on trunk 3"
        assert opened.incident.name.startswith("alertmanager/CarrierDown-")
        await send(url, datetime.now(UTC))
        await until(lambda: stage.ledger.incidents[opened.id].incident.until == OPEN + QUIET, 30)
    assert await stage.ledger.record([])
    assert [row.event for row in await stage.audit("incident.*")] == ["incident.opened", "incident.ending"]
    await stage.at(OPEN + QUIET)
    assert stage.status(job) is Status.ACTIVE
    await receiver.close()
