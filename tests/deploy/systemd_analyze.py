"""systemd's own checker, where the machine has it, and the unit as text."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy/systemd"
UNIT = (SYSTEMD / "campaign-controller.service").read_text()

needs_systemd_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is missing: it is in Debian's package `systemd`",
)


def settings_of(unit: str, key: str) -> list[str]:
    """Each value that the unit gives a key, in its order."""
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{key}=")]


def found_in(unit: str, folder: Path) -> str:
    """What systemd finds wrong in a unit; its exit code is 0 for a key that it does not know."""
    file = folder / "campaign-controller.service"
    file.write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    return said or ("" if done.returncode == 0 else f"exit {done.returncode}")
