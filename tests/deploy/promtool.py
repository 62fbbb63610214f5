"""Prometheus' own checker, where the machine has it."""

import shutil
import subprocess

import pytest

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is missing: it is in Debian's package `prometheus`",
)


def promtool(*args: object, text: str | None = None) -> None:
    """Let it check something; what it finds fails the test in its own words."""
    done = subprocess.run(
        ["promtool", *map(str, args)], input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
