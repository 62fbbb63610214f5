"""A daemon whose stdout nobody reads: what somebody must know comes on stderr."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import CONFIG, KEY

pytestmark = pytest.mark.e2e


def test_a_daemon_that_cannot_go_on_says_so_on_stderr_where_stdout_is_not_read(tmp_path: Path) -> None:
    config = tmp_path / "controller.yaml"
    config.write_text(CONFIG.format(url="http://127.0.0.1:1/api", limits="", resync="30s"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("campaigns: {renewals: {match: {names: [x]}, calendars: [none]}}")
    reader, unread = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "controller", "run", "--config", str(config)]
    env = {**os.environ, "E2E_KEY": KEY}
    try:
        done = subprocess.run(
            command, stdout=unread, stderr=subprocess.PIPE, text=True, env=env, timeout=60, check=False
        )
    finally:
        os.close(unread)
    assert done.returncode == 2
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [line["event"] for line in told if line["level"] == "critical"] == ["daemon.failed"]
    assert {line["level"] for line in told} <= {"error", "critical"}
