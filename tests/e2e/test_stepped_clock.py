"""A machine whose wall clock is set wrong by an hour, and right again: libfaketime tells the daemon another time than
all others. The provider's answers bear the true one.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Process, Stage, until
from tests.e2e.provider import in_status

pytestmark = [pytest.mark.e2e, pytest.mark.once]

NOON = "2026-11-25T12:00:00-05:00"
HOUR = 3600.0
HOURS = {
    "all": "09:00-17:00",
    "until": "09:00-12:30",
    "from": "11:30-17:00",
    "before": "09:00-11:30",
    "after": "12:45-17:00",
}
"""The hours of one job each, by its id; the first three are open at noon."""
RULES = """\
calendars:
{calendars}
campaigns:
{campaigns}
"""


def library() -> Path:
    """The variant for programs with threads."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("libfaketime is not installed: it is in the Debian package `faketime`")
    return found[0]


class FakeTime:
    """What a process is told of the wall clock; its monotonic clock goes on as it does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.env = {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(folder / "faketime"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # its name before version 0.9.9
        }
        self.off("+0")

    def off(self, by: str) -> None:
        """Set the clock, from one look at it to the next."""
        new = self._folder / "faketime.new"
        new.write_text(f"{by}\n")
        new.replace(self._folder / "faketime")

    def seconds_off(self) -> float:
        """By how much a Python that is started now believes another time."""
        asked = [sys.executable, "-c", "import time; print(time.time())"]
        return float(subprocess.run(asked, env=self.env, capture_output=True, check=True).stdout) - time.time()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, NOON, 1.0)
    made.resync = "1s"
    yield made
    made.close()


def open_by(scene: Stage, hours: dict[str, str]) -> None:
    """Write rules by which each job has these hours."""
    calendars = [
        f'  {name}: {{timezone: America/New_York, hours: {{mon-fri: ["{span}"]}}}}' for name, span in hours.items()
    ]
    campaigns = [f"  {name}: {{match: {{names: [{name}]}}, calendars: [{name}]}}" for name in hours]
    scene.rules_file(RULES.format(calendars="\n".join(calendars), campaigns="\n".join(campaigns)))


def resyncs(daemon: Process, since: int) -> int:
    return sum(line["trigger"] == "resync" for line in daemon.events("pass.finished", since))


@pytest.mark.parametrize(("by", "seconds", "closed"), [("+1h", HOUR, "until"), ("-1h", -HOUR, "from")])
def test_while_the_clock_is_an_hour_off_what_either_reading_closes_is_paused_and_nothing_resumed(
    scene: Stage, tmp_path: Path, by: str, seconds: float, closed: str
) -> None:
    clock = FakeTime(tmp_path)
    open_by(scene, HOURS)
    scene.sandbox({name: name for name in HOURS})
    daemon = scene.daemon(**clock.env)
    daemon.wait_for("job.paused", 2)
    daemon.wait_for("pass.finished")
    assert in_status(scene, "PAUSED") == {"before", "after"}

    clock.off(by)
    assert clock.seconds_off() == pytest.approx(seconds, abs=60)
    until(lambda: [line for line in daemon.events("clock.untrusted") if line["doubt"] == "date"], daemon)
    assert daemon.events("clock.untrusted")[-1]["seconds_off"] == pytest.approx(seconds, abs=60)
    until(lambda: in_status(scene, "PAUSED") == {"before", "after", closed}, daemon)

    since = len(daemon.said)
    open_by(scene, dict.fromkeys(HOURS, "09:00-17:00"))  # open by both readings
    daemon.popen.send_signal(signal.SIGHUP)
    daemon.wait_for("rules.reloaded", since=since)
    since = len(daemon.said)
    until(lambda: resyncs(daemon, since) >= 2, daemon)
    assert daemon.events("pass.finished")[-1]["clock_untrusted"] == 3
    assert in_status(scene, "PAUSED") == {"before", "after", closed}
    assert not daemon.events("job.resumed")

    clock.off("+0")
    daemon.wait_for("clock.trusted")
    until(lambda: in_status(scene, "ACTIVE") == HOURS.keys(), daemon)
    assert daemon.end(signal.SIGTERM) == 0
    assert not daemon.events("clock.untrusted", daemon.said.index(daemon.wait_for("clock.trusted")))
