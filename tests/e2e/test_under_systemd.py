"""The daemon under a real systemd: what its messages do to the watchdog there. A user's instance runs in a mount
namespace of its own, so that this machine knows nothing of it.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.store.lock import lock_path
from tests.e2e.processes import Process, Stage, until
from tests.e2e.store_file import store_path

pytestmark = [pytest.mark.e2e, pytest.mark.once]

MANAGER = Path("/lib/systemd/systemd")
WATCHDOG = 8.0
UNIT = """\
[Unit]
StartLimitIntervalSec=0
[Service]
Type=notify
NotifyAccess=main
WatchdogSec={watchdog}s
TimeoutStartSec=60s
TimeoutStopSec=2s
Restart=always
RestartSec=200ms
StandardOutput=append:{log}
StandardError=append:{log}
ExecStart={python} -m controller run --config {config}
{environment}
"""
START = """\
mount --make-rprivate / && mount -t tmpfs none /run && mkdir -m 700 -p /run/systemd/system /run/own &&
exec {manager} --user --unit=campaign-controller.service
"""


class Systemd:
    """An instance with the daemon as its only unit of ours."""

    def __init__(self, scene: Stage) -> None:
        self._log = scene.folder / "log"
        self._log.touch()
        self._lock = lock_path(store_path(scene))
        units = scene.folder / "units"
        units.mkdir()
        root = Path(__file__).parents[2]
        environment = "\n".join(f'Environment="{name}={value}"' for name, value in scene.env.items())
        unit = UNIT.format(
            watchdog=WATCHDOG, log=self._log, python=sys.executable, config=scene.config, environment=environment
        )
        (units / "campaign-controller.service").write_text(f'{unit}Environment="PYTHONPATH={root}"\n')
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", START.format(manager=MANAGER)],
            env={**os.environ, "XDG_RUNTIME_DIR": "/run/own", "SYSTEMD_UNIT_PATH": f"{units}:/usr/lib/systemd/user"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def count(self, event: str) -> int:
        return self._log.read_text().count(f'"event":"{event}"') + self._log.read_text().count(f'"event": "{event}"')

    def pid(self) -> int:
        """Of the daemon that runs now."""
        return int(self._lock.read_bytes().split()[0])

    def close(self) -> None:
        self.process.terminate()  # it ends the daemon first
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.kill(self.pid(), signal.SIGKILL)
            self.process.kill()
            self.process.wait(20)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, "2026-11-25T19:00:00-05:00", 1.0)
    made.rules("09:00", "17:00")
    made.resync = "1s"
    yield made
    made.close()


@pytest.fixture
def box(scene: Stage) -> Process:
    return scene.sandbox()


@pytest.fixture
def systemd(scene: Stage, box: Process) -> Iterator[Systemd]:
    assert box.popen.poll() is None
    if os.geteuid() != 0 or not MANAGER.exists() or shutil.which("unshare") is None:
        pytest.skip("only root gives a process mounts of its own, and this needs Debian's package `systemd`")
    made = Systemd(scene)
    time.sleep(1)
    if made.process.poll() is not None:
        pytest.skip("systemd does not run here: it needs a control group that it may write")
    yield made
    made.close()


def test_an_outage_longer_than_the_watchdog_ends_nothing_and_a_daemon_that_stands_still_is_started_anew(
    scene: Stage, box: Process, systemd: Systemd
) -> None:
    until(lambda: systemd.count("job.paused") == 2)
    first = systemd.pid()
    assert box.end(signal.SIGTERM) == 0
    until(lambda: systemd.count("pass.failed"))
    time.sleep(2.5 * WATCHDOG)  # what is to be seen is that nothing happens
    assert systemd.pid() == first
    assert systemd.count("daemon.started") == 1
    scene.sandbox()
    until(lambda: systemd.count("workspace.reachable"))

    os.kill(first, signal.SIGSTOP)
    until(lambda: systemd.count("daemon.started") == 2)
    assert systemd.pid() != first
