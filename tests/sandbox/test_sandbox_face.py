"""The sandbox's own life: where it listens, how it starts and closes, and that it dials by itself."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from controller.clock import ShiftedClock
from controller.core.campaign import Campaign, RuleSet, Selector
from controller.core.job import Status
from controller.sandbox import Sandbox

KEY = "key"


async def until(condition: Callable[[], bool]) -> None:
    """Wait in real time, since the sandbox under test dials by a real clock."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for is a log line, which sets no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.org", "", "localhost.example.org"])  # noqa: S104 - what must be refused
async def test_only_loopback_is_listened_on(clock: Any, host: str) -> None:
    sandbox = Sandbox(clock, KEY)
    with pytest.raises(ValueError, match="loopback only"):
        await sandbox.start(host)
    await sandbox.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
async def test_it_answers_at_the_base_url_that_start_returns(clock: Any, host: str) -> None:
    sandbox = Sandbox(clock, KEY)
    with capture_logs() as logs:
        base_url = await sandbox.start(host)
    assert logs == [
        {"event": "sandbox.started", "log_level": "info", "url": base_url, "jobs": 0, "restored": False},
    ]
    assert await sandbox.start() == base_url == sandbox.base_url
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(f"{base_url}/batch_dial_jobs") as answer:
        assert await answer.json() == {"data": [], "cursor": None}
    await sandbox.close()


async def test_an_address_of_version_six_is_bracketed(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine may have no IPv6: where the socket is bound does not matter to how the URL is written."""

    async def start(_: Any) -> None:
        pass

    monkeypatch.setattr("aiohttp.web.TCPSite.start", start)
    monkeypatch.setattr("aiohttp.web.AppRunner.addresses", [("::1", 8080, 0, 0)])
    sandbox = Sandbox(clock, KEY)
    assert await sandbox.start("::1") == "http://[::1]:8080/api"
    await sandbox.close()


async def test_a_closed_sandbox_answers_no_more_and_does_not_start_again(clock: Any) -> None:
    async with Sandbox(clock, KEY) as sandbox:
        base_url = sandbox.base_url
    await sandbox.close()
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(base_url)
    with pytest.raises(RuntimeError, match="make another one"):
        await sandbox.start()
    with pytest.raises(RuntimeError, match="does not listen"):
        _ = sandbox.base_url


def test_an_empty_key_is_refused(clock: Any) -> None:
    with pytest.raises(ValueError, match="key must not be empty"):
        Sandbox(clock, "")


async def test_it_dials_by_itself_while_a_fast_clock_runs() -> None:
    start = datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp()
    clock = ShiftedClock(start, time.time(), rate=3600)
    async with Sandbox(clock, KEY) as sandbox:
        sandbox.add_job("a", status=Status.ACTIVE, rows=3, max_concurrent_dials=1)
        with capture_logs() as logs:
            await until(lambda: any(entry["event"] == "sandbox.job_changed" for entry in logs))
    assert logs[-1]["to"] == "COMPLETE"


async def test_a_forbidden_call_is_logged_as_it_begins(clock: Any, make_calendar: Any) -> None:
    sandbox = Sandbox(clock, KEY, workspace="west")
    never = Campaign("us", Selector(workspaces=("west",), names=("*",)), (make_calendar(hours={}),))
    sandbox.judge_by(RuleSet("r", {}, (never,), (), {}))
    job = sandbox.add_job("a", status=Status.ACTIVE, rows=1)
    with capture_logs() as logs:
        sandbox.step()
    assert logs == [
        {
            "event": "sandbox.forbidden_call",
            "log_level": "warning",
            "job": job,
            "at": "2026-11-24T15:00:00Z",
            "reason": "outside_hours",
            "detail": "calendar floor of campaign us",
        },
    ]


async def test_a_disk_that_is_full_for_a_while_does_not_end_the_dialing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so at each tick, and saves when it can again."""
    path = tmp_path / "state.json"
    clock = ShiftedClock(datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp(), time.time(), rate=600)
    full = True

    def write(*_: Any) -> None:
        if full:
            raise OSError(28, "No space left on device")
        written.set()

    written = asyncio.Event()
    async with Sandbox(clock, KEY, state_file=path) as sandbox:
        sandbox.add_job("a", status=Status.ACTIVE, rows=1)
        monkeypatch.setattr("controller.sandbox.workspace.write_state", write)
        with capture_logs() as logs:
            await until(lambda: any(entry["event"] == "sandbox.state_unwritable" for entry in logs))
        full = False
        await asyncio.wait_for(written.wait(), 20)
