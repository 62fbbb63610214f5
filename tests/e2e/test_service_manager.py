"""The daemon under a service manager: what it tells, when, and what it does not tell."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.manager import Manager
from tests.e2e.processes import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.once]

EVENING = "2026-11-25T19:00:00-05:00"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, EVENING, 60.0)
    made.rules("09:00", "17:00")
    yield made
    made.close()


@pytest.fixture
def manager(tmp_path: Path, stage: Stage) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    stage.env |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1500000"}
    yield made
    made.close()


def test_it_is_ready_after_the_first_verified_pass_and_tells_its_state_to_the_end(
    stage: Stage, manager: Manager
) -> None:
    stage.sandbox()
    daemon = stage.daemon()
    ready = manager.wait_for("READY=1")
    daemon.wait_for("job.paused", 2)  # the lines come by another way, and may be a moment later
    assert manager.messages[ready] == [
        "READY=1",
        "STATUS=2 paused by us; next change 2026-11-26T14:00:00Z",
        "WATCHDOG=1",
    ]
    beat = manager.wait_for("WATCHDOG=1", ready + 1)
    daemon.popen.send_signal(signal.SIGHUP)
    reloading = manager.wait_for("RELOADING=1", beat)
    assert int(manager.said("MONOTONIC_USEC=", reloading)[0].partition("=")[2]) <= time.monotonic_ns() // 1000
    reloaded = manager.wait_for("READY=1", reloading)
    assert daemon.end(signal.SIGTERM) == 0
    stopping = manager.wait_for("STOPPING=1", reloaded)
    assert not manager.said("WATCHDOG=1", stopping)


def test_it_is_not_ready_while_the_jobs_cannot_be_read_and_asks_for_more_time(stage: Stage, manager: Manager) -> None:
    box = stage.sandbox()
    assert box.end(signal.SIGTERM) == 0
    daemon = stage.daemon()
    daemon.wait_for("pass.failed", 2)
    manager.wait_for("EXTEND_TIMEOUT_USEC=120000000")
    assert manager.said("STATUS=")[0] == (
        "STATUS=DEGRADED: main cannot be read: connection; no jobs; next change 2026-11-26T14:00:00Z"
    )
    assert not manager.said("READY=1")
    assert not manager.said("WATCHDOG=1")
    stage.sandbox()
    manager.wait_for("READY=1")
    assert daemon.end(signal.SIGTERM) == 0


def test_it_gives_no_sign_of_life_while_passes_fail(stage: Stage, manager: Manager) -> None:
    box = stage.sandbox()
    daemon = stage.daemon()
    manager.wait_for("WATCHDOG=1", manager.wait_for("READY=1") + 1)
    assert box.end(signal.SIGTERM) == 0
    failing = manager.wait_for("STATUS=DEGRADED: main cannot be read: connection; 2 paused by us")
    daemon.wait_for("pass.failed", len(daemon.events("pass.failed")) + 4)
    assert not manager.said("WATCHDOG=1", failing)
    stage.sandbox()
    manager.wait_for("WATCHDOG=1", failing)
    assert daemon.end(signal.SIGTERM) == 0


def test_rules_that_are_wrong_are_in_its_state_until_they_are_mended(stage: Stage, manager: Manager) -> None:
    stage.sandbox()
    daemon = stage.daemon()
    ready = manager.wait_for("READY=1")
    stage.rules("25:00", "17:00")
    daemon.popen.send_signal(signal.SIGHUP)
    wrong = manager.wait_for("STATUS=DEGRADED: the rules files are wrong: the last good ones are in force; ", ready)
    stage.rules("09:00", "17:00")
    daemon.popen.send_signal(signal.SIGHUP)
    manager.wait_for("STATUS=2 paused by us", wrong)
    assert daemon.end(signal.SIGTERM) == 0
