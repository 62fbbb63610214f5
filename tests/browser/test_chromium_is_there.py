"""What is said and done where there is no Chromium."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

SCRIPT = Path(__file__).with_name("install_chromium.sh")
TEST = Path(__file__).with_name("test_timeline_drawn.py")
MISSING = "Chromium is missing and could not be installed: what tests the page in it {}; it is in the Debian package"


def without_chromium(folder: Path, **more: str) -> dict[str, str]:
    """An environment whose programs are few, and none of them installs packages."""
    for name in ("id", "timeout"):
        program = shutil.which(name)
        assert program is not None
        (folder / name).symlink_to(program)
    return {
        **{name: value for name, value in os.environ.items() if name != "BROWSER_TESTS"},
        "PATH": str(folder),
        **more,
    }


@pytest.mark.parametrize(("more", "happens"), [({}, "is skipped"), ({"BROWSER_TESTS": "required"}, "fails")])
def test_where_it_may_not_be_installed_it_is_said_what_is_missing(
    tmp_path: Path, more: dict[str, str], happens: str
) -> None:
    env = without_chromium(tmp_path, **more)
    done = subprocess.run(["/bin/sh", str(SCRIPT)], env=env, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.startswith(MISSING.format(happens))
    assert done.stderr == ""


@pytest.mark.parametrize(("more", "code"), [({}, 0), ({"BROWSER_TESTS": "required"}, 1)])
def test_without_it_the_tests_of_the_page_are_skipped_or_fail_where_they_must_run(
    tmp_path: Path, more: dict[str, str], code: int
) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-rsf", "-p", "no:cacheprovider", str(TEST)]
    env = without_chromium(tmp_path, **more)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, done.stdout
    assert "Chromium is not installed: it is in the Debian package `chromium`" in done.stdout
