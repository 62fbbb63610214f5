"""A reader of the logs that stops reading, as a stuck shipper does, or a terminal in which text is selected."""

import array
import fcntl
import signal
import termios
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.processes import Process, Stage, until
from tests.e2e.provider import in_status

pytestmark = [pytest.mark.e2e, pytest.mark.once]

MORNING = "2026-11-25T09:30:00-05:00"
MINUTE = 60.0
JOBS = 40
RULES = """\
calendars:
  floor: {{timezone: America/New_York, hours: {{mon-fri: ["08:00-{closing}", "{opening}-17:00"]}}}}
campaigns:
  renewals: {{match: {{names: ["Renewals *"]}}, calendars: [floor]}}
"""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, MORNING, 30.0)
    yield made
    made.close()


def stall(scene: Stage, box: Process, daemon: Process) -> int:
    """Read nothing more of the daemon's stdout, and have it say so much that nothing more fits into the pipe; gives
    how many bytes do.
    """
    daemon.stop_reading()
    before, unread = -1, 0
    while before < unread or unread < 32_768:
        scene.rules("16:00", "17:00")
        until(lambda: len(in_status(scene, "PAUSED")) == JOBS, box)
        scene.rules("08:00", "17:00")
        until(lambda: len(in_status(scene, "ACTIVE")) == JOBS, box)
        before, unread = unread, _unread(daemon)
    return unread


def _unread(daemon: Process) -> int:
    assert daemon.popen.stdout is not None
    count = array.array("i", [0])
    fcntl.ioctl(daemon.popen.stdout, termios.FIONREAD, count)
    return count[0]


def local(instant: float) -> str:
    return f"{datetime.fromtimestamp(instant, ZoneInfo('America/New_York')):%H:%M}"


def instants(lines: list[dict]) -> list[float]:
    return [datetime.fromisoformat(line["timestamp"]).timestamp() for line in lines]


def changed(box: Process, to: str) -> list[dict]:
    return [line for line in box.events("sandbox.job_changed") if line["to"] == to]


def test_a_reader_who_stops_for_minutes_delays_no_pass_and_misses_no_line(scene: Stage) -> None:
    scene.rules("08:00", "17:00")
    box, daemon = scene.sandbox(JOBS), scene.daemon()
    daemon.wait_for("pass.finished")
    full = stall(scene, box, daemon)
    stalled = scene.clock.now()
    due = (stalled + MINUTE) // MINUTE * MINUTE + MINUTE
    closing, opening = due + MINUTE, due + 2 * MINUTE
    scene.rules_file(RULES.format(closing=local(closing), opening=local(opening)))
    before = len(changed(box, "ACTIVE"))
    until(lambda: len(changed(box, "ACTIVE")) == before + JOBS, box)
    assert _unread(daemon) == full
    pauses, resumes = instants(changed(box, "PAUSED")[-JOBS:]), instants(changed(box, "ACTIVE")[-JOBS:])
    assert due <= min(pauses)
    assert max(pauses) < closing
    assert opening <= min(resumes)
    assert max(resumes) < opening + MINUTE
    read_on = scene.clock.now()
    daemon.read_on()
    until(lambda: len(daemon.events("job.resumed")) == len(changed(box, "ACTIVE")), daemon)
    assert len(daemon.events("job.paused")) == len(changed(box, "PAUSED"))
    assert not daemon.events("logs.dropped")
    passes = [at for at in instants(daemon.events("pass.finished")) if stalled < at < read_on]
    assert max(later - at for at, later in pairwise([stalled, *passes, read_on])) < 2 * MINUTE
    assert daemon.end(signal.SIGTERM) == 0


def test_a_reader_who_never_reads_again_does_not_keep_the_daemon_from_ending(scene: Stage) -> None:
    scene.rules("08:00", "17:00")
    box, daemon = scene.sandbox(JOBS), scene.daemon()
    daemon.wait_for("pass.finished")
    stall(scene, box, daemon)
    daemon.popen.send_signal(signal.SIGTERM)
    assert daemon.popen.wait(60) == 0
