import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.stage import RULES, Stage

JOBS = """\
- {id: r1, name: Renewals 1, status: ACTIVE, rows: 50}
- {name: Night owls}
"""


@contextlib.contextmanager
def served(*args: str, **env: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "controller", "sandbox", "--port", "0", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def line(process: "subprocess.Popen[str]", event: str) -> dict[str, object]:
    """The next line of that event."""
    assert process.stdout is not None
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], 1)
        text = process.stdout.readline() if ready else ""
        if text and (found := json.loads(text))["event"] == event:
            return dict(found)
    raise AssertionError(f"{event} did not come")


def status_of(url: object, key: str) -> int:
    request = urllib.request.Request(f"{url}/batch_dial_jobs/r1", headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_it_serves_the_jobs_it_was_given_keeps_them_and_ends_on_a_signal(tmp_path: Path) -> None:
    (tmp_path / "jobs.yaml").write_text(JOBS)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(RULES)
    state = tmp_path / "state.json"
    args = ("--jobs", str(tmp_path / "jobs.yaml"), "--state-file", str(state), "--rules", str(tmp_path / "rules"))
    with served(*args, SANDBOX_API_KEY="canary-key-11") as process:
        started = line(process, "sandbox.started")
        assert (started["jobs"], started["restored"]) == (2, False)
        assert status_of(started["url"], "canary-key-11") == 200
        assert status_of(started["url"], "sandbox-key") == 401
        (tmp_path / "rules" / "a.yaml").write_text(RULES.replace("floor", "flor", 1))
        process.send_signal(signal.SIGHUP)
        assert "a.yaml:" in str(line(process, "sandbox.rules_rejected")["problems"])
        process.send_signal(signal.SIGTERM)
        assert line(process, "sandbox.stopped")["forbidden_calls"] is not None
        assert process.wait(30) == 0
    (tmp_path / "rules" / "a.yaml").write_text(RULES)
    with served(*args) as process:
        started = line(process, "sandbox.started")
        assert (started["jobs"], started["restored"]) == (2, True)
        assert status_of(started["url"], "sandbox-key") == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ("- {name: a, rows: -1}\n", "[0].rows"),
        ("{}\n", "must hold a list of jobs"),
        ("- [\n", "YAML"),
    ],
)
def test_jobs_that_are_wrong_are_exit_2(stage: Stage, tmp_path: Path, jobs: str, said: str) -> None:
    (tmp_path / "jobs.yaml").write_text(jobs)
    done = stage.run("sandbox", "--jobs", str(tmp_path / "jobs.yaml"))
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_state_file_that_is_none_is_exit_2(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    done = stage.run("sandbox", "--state-file", str(tmp_path / "state.json"))
    assert done.exit_code == 2
    assert "state.json" in done.stderr


def test_rules_that_are_wrong_are_exit_2_with_their_places(stage: Stage) -> None:
    stage.write("calendars: {c: {timezone: Nowhere}}\n")
    done = stage.run("sandbox", "--port", "0", "--rules", str(stage.folder / "rules"))
    assert done.exit_code == 2
    assert "a.yaml:1:" in done.stderr


@pytest.mark.parametrize("host", ["255.255.255.255", "192.0.2.1", "example.com"])
def test_it_listens_on_loopback_only(stage: Stage, host: str) -> None:
    done = stage.run("sandbox", "--host", host)
    assert done.exit_code == 2
    assert "the sandbox listens on loopback only" in done.stderr


def test_an_empty_key_is_exit_2(stage: Stage) -> None:
    stage.env["SANDBOX_API_KEY"] = ""
    assert stage.run("sandbox", "--port", "0").exit_code == 2


def test_missing_jobs_and_a_taken_port_are_exit_1(stage: Stage, tmp_path: Path) -> None:
    assert stage.run("sandbox", "--jobs", str(tmp_path / "none.yaml")).exit_code == 1
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = stage.run("sandbox", "--port", str(taken.getsockname()[1]))
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
