"""What the unit denies to the daemon, against what the daemon does in its life, as the kernel is asked for it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import PATIENCE, Stage

UNIT = (Path(__file__).parents[2] / "deploy/systemd/campaign-controller.service").read_text()
NOT_THE_DAEMONS = {"execve", "fchown"}
"""The service manager starts it; SQLite gives its files to their folder's owner where it runs as root, as tests do."""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.once,
    pytest.mark.skipif(
        not (shutil.which("strace") and shutil.which("systemd-analyze")),
        reason="strace or systemd-analyze is missing: they are in Debian's packages `strace` and `systemd`",
    ),
]


def calls_of(group: str) -> set[str]:
    """The system calls of one of systemd's groups, such as @system-service."""
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", group],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    members = [line.strip() for line in done.stdout.splitlines()[1:] if not line.strip().startswith("#")]
    plain = {name for name in members if name and not name.startswith("@")}
    return plain.union(*(calls_of(name) for name in members if name.startswith("@")))


def allowed() -> set[str]:
    """What the unit's filters leave."""
    found: set[str] = set()
    for value in re.findall(r"^SystemCallFilter=(.+)$", UNIT, re.MULTILINE):
        named = set().union(*(calls_of(group) for group in value.lstrip("~").split()))
        found = found - named if value.startswith("~") else found | named
    return found


def daemon_of(strace: subprocess.Popen[bytes]) -> int:
    """The process that is traced."""
    [daemon] = Path(f"/proc/{strace.pid}/task/{strace.pid}/children").read_text().split()
    return int(daemon)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, "2026-11-25T19:00:00-05:00", 60.0)
    made.rules("09:00", "17:00")
    yield made
    made.close()


@pytest.fixture
def trace(stage: Stage, tmp_path: Path) -> str:
    """All system calls of a daemon that pauses jobs, is asked for its state, gets other rules and is told to end."""
    stage.sandbox()
    log = tmp_path / "log"
    command = ["strace", "-f", "-o", str(tmp_path / "trace"), sys.executable, "-m", "controller", "run"]
    with log.open("w") as out:
        strace = subprocess.Popen(
            [*command, "--config", str(stage.config)], env={**os.environ, **stage.env}, stdout=out
        )

    def wait_for(event: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while f'"{event}"' not in log.read_text():
            assert strace.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

    try:
        wait_for("job.paused")
        assert stage.command("status").returncode == 0
        stage.rules("09:00", "16:00")
        wait_for("rules.reloaded")
        os.kill(daemon_of(strace), signal.SIGTERM)
        assert strace.wait(PATIENCE) == 0
    finally:
        if strace.poll() is None:
            os.kill(daemon_of(strace), signal.SIGKILL)  # strace ends with it
            strace.wait(PATIENCE)
    return (tmp_path / "trace").read_text()


def test_the_unit_denies_nothing_that_the_daemon_does(trace: str) -> None:
    called = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", trace, re.MULTILINE))
    assert {"openat", "fdatasync", "flock", "inotify_add_watch", "connect"} <= called
    assert called - allowed() - NOT_THE_DAEMONS == set()
    # The resolver asks by AF_NETLINK which addresses the machine has, and does without where it may not.
    [families] = re.findall(r"^RestrictAddressFamilies=(.+)$", UNIT, re.MULTILINE)
    assert set(re.findall(r"\bsocket\((AF_\w+)", trace)) - {"AF_NETLINK"} <= set(families.split())
    assert not re.search(r"PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC|pkey_mprotect\(.*PROT_EXEC", trace)
