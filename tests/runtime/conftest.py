"""The stage, retries without their waits, and patience with the machine's disk."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from structlog.testing import capture_logs

from tests.runtime.stage import KEY, KEY_VARIABLE, Stage, opened_stage


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries as often as ever, but at once, after a 429 too; the key is where the settings say."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr("controller.vogent.throttle.HELD_AT_MOST", 0.0)
    with stamina.set_testing(testing=True, attempts=1000, cap=True):
        yield
    stamina.instrumentation.set_on_retry_hooks(None)


@pytest.fixture(autouse=True)
def patient_with_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """That other processes keep the disk busy is nothing that a test claims; those about a slow store set their own."""
    monkeypatch.setattr("controller.runtime.write_queue.WRITE_SECONDS", 60.0)
    monkeypatch.setattr("controller.runtime.write_queue.QUEUE_SECONDS", 60.0)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(tmp_path) as opened:
        yield opened


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """The log lines of the test, as they come."""
    with capture_logs() as captured:
        yield captured
