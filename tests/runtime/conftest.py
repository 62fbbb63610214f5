"""The stage, and retries without their waits."""

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


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(tmp_path) as opened:
        yield opened


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """The log lines of the test, as they come."""
    with capture_logs() as captured:
        yield captured
