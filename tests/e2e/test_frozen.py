"""A daemon that stands still over a close, as a machine that is suspended makes it, and goes on after it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.processes import Process, Stage, until
from tests.e2e.provider import moves, statuses, unread_requests
from tests.e2e.store_file import claimed

pytestmark = [pytest.mark.e2e, pytest.mark.once]

MORNING = "2026-11-25T09:30:00-05:00"
RATE = 20.0
FREEZE = 10.0
"""Seconds of the machine; more than three minutes of the clock."""
MINUTE = 60.0
CLOSE_EARLY = MINUTE


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, MORNING, RATE)
    made.resync = "1h"  # nothing but the transition itself can close in time
    yield made
    made.close()


def open_until_soon(scene: Stage, daemon: Process) -> float:
    """Bring rules into force by which all is open, for some minutes; gives the instant when pauses are due."""
    closing = (scene.clock.now() + 3 * MINUTE + CLOSE_EARLY) // MINUTE * MINUTE + MINUTE
    local = datetime.fromtimestamp(closing, ZoneInfo("America/New_York"))
    since = len(daemon.said)
    scene.rules("08:00", f"{local:%H:%M}")
    daemon.popen.send_signal(signal.SIGHUP)
    daemon.wait_for("rules.reloaded", since=since)
    return closing - CLOSE_EARLY


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """The process stands still."""
    process.popen.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.popen.send_signal(signal.SIGCONT)


def hold_two_requests(scene: Stage, box: Process) -> None:
    """Stop the provider while two requests lie before it unread, and all others of the daemon wait for an answer."""
    while unread_requests(scene) < 2:
        box.popen.send_signal(signal.SIGCONT)
        time.sleep(0.01)
        box.popen.send_signal(signal.SIGSTOP)
        time.sleep(0.05)


def test_who_was_frozen_over_a_close_pauses_as_soon_as_it_goes_on(scene: Stage) -> None:
    scene.rules("08:00", "17:00")
    box, daemon = scene.sandbox(10), scene.daemon()
    daemon.wait_for("pass.finished")
    due = open_until_soon(scene, daemon)
    until(lambda: scene.clock.now() > due - MINUTE / 2)
    passes = len(daemon.events("pass.finished"))
    frozen = time.monotonic()
    with stopped(daemon):
        until(lambda: time.monotonic() > frozen + FREEZE)
        assert scene.clock.now() > due + CLOSE_EARLY
        assert not moves(box, "PAUSED")
    woken = time.monotonic()
    until(lambda: len(moves(box, "PAUSED")) == 10, daemon)
    assert time.monotonic() - woken < 10  # the next resync is minutes away
    assert daemon.wait_for("pass.finished", passes + 1)["trigger"] in ("clock", "transition")
    assert not daemon.events("clock.untrusted")
    assert {line["reason"] for line in daemon.events("job.paused")} == {"outside_hours"}
    assert daemon.end(signal.SIGTERM) == 0
    assert claimed(scene) == {f"j{n}": "held" for n in range(10)}


def test_a_resume_that_was_about_to_leave_at_the_freeze_does_not_after_the_close(scene: Stage) -> None:
    jobs = 200
    scene.limits = "max_concurrency: 2,"
    scene.rules("22:00", "23:00")
    box, daemon = scene.sandbox(jobs), scene.daemon()
    until(lambda: len(daemon.events("job.paused")) == jobs, daemon)
    due = open_until_soon(scene, daemon)
    until(lambda: len(moves(box, "ACTIVE")) > 10, box, daemon)
    hold_two_requests(scene, box)
    daemon.popen.send_signal(signal.SIGSTOP)
    box.popen.send_signal(signal.SIGCONT)
    with stopped(daemon):
        until(lambda: scene.clock.now() > due and not unread_requests(scene))
        before, since = moves(box, "ACTIVE"), len(box.said)
        assert 10 < len(before) < jobs
    until(lambda: set(statuses(scene).values()) == {"PAUSED"}, daemon)
    assert moves(box, "ACTIVE", since) == []
    assert set(moves(box, "PAUSED", since)) == set(before)
    assert daemon.end(signal.SIGTERM) == 0
    assert claimed(scene) == {f"j{n}": "held" for n in range(jobs)}
