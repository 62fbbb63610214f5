"""What holds for every test: the pinned zone data, hypothesis without deadlines, no task left behind."""

import asyncio
import inspect
import os
import zoneinfo
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest

zoneinfo.reset_tzpath(to=[])  # the tzdata wheel, never the machine's own zone data
zoneinfo.ZoneInfo.clear_cache()

# Timing is the machine's, not a test's claim.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("patient"), max_examples=5_000)
hypothesis.settings.load_profile("patient")

_MEMORY = Path("/dev/shm")
_ROOM = 2 * 2**30
"""Bytes. The suite needs a tenth of that, but for the image's, which are a few hundred million bytes."""


def _is_fit_for_tests(folder: Path) -> bool:
    """Whether there is room, and programs may be started from there."""
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize > _ROOM and not found.f_flag & os.ST_NOEXEC


if "TMPDIR" not in os.environ and _is_fit_for_tests(_MEMORY):
    os.environ["TMPDIR"] = str(_MEMORY)  # a disk that others keep busy holds up a database for a second


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-zones", action="store_true", help="compare every time zone with the brute force")
    parser.addoption("--all-defects", action="store_true", help="let the simulator catch every seeded defect")


def pytest_xdist_auto_num_workers() -> int:
    """More workers than cores: many tests wait for processes and sockets."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def no_task_left_behind(request: pytest.FixtureRequest) -> None:
    """Watch async tests only, so that no other test pays for an event loop."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_watch_tasks")


@pytest.fixture
async def _watch_tasks() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    for _ in range(10):  # what was told to end may need a few turns of the loop
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        pytest.fail(f"the test left tasks behind: {sorted(task.get_name() for task in left)}", pytrace=False)
