"""How the daemon ends: drained by a signal, and at once by a second one."""

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Process, Stage, until
from tests.e2e.provider import statuses
from tests.e2e.store_file import claimed

pytestmark = pytest.mark.e2e

JOBS = 300
MORNING = "2026-11-25T09:30:00-05:00"
"""A Wednesday in New York; the clock runs as fast as the machine's, and the rules are what changes."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, MORNING, 1.0)
    yield made
    made.close()


def shut(scene: Stage) -> None:
    scene.rules("10:00", "11:00")


def opened(scene: Stage) -> None:
    scene.rules("08:00", "11:00")


def served(scene: Stage, jobs: int = JOBS, *, limits: str = "") -> Process:
    """A sandbox with so many jobs that dial, and a configuration with these limits for it."""
    shut(scene)
    scene.limits = limits
    return scene.sandbox(jobs)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_amid_pauses_lets_all_of_them_be_sent_and_kept(scene: Stage, number: signal.Signals) -> None:
    box = served(scene, limits="max_concurrency: 2,")
    daemon = scene.daemon()
    until(lambda: len(box.events("sandbox.job_changed")) > 20, box, daemon)
    begun = time.monotonic()
    assert daemon.end(number) == 0
    assert time.monotonic() - begun < 20
    assert daemon.events("daemon.stopped")
    assert not daemon.events("daemon.drain_cut")
    assert set(statuses(scene).values()) == {"PAUSED"}
    assert claimed(scene) == {f"j{n}": "held" for n in range(JOBS)}


def test_a_signal_amid_resumes_withdraws_the_rest_and_the_next_daemon_goes_on(scene: Stage) -> None:
    box = served(scene, limits="max_concurrency: 2,")
    assert scene.command("once").returncode == 0
    opened(scene)
    daemon = scene.daemon()
    until(lambda: len(box.events("sandbox.job_changed")) > JOBS + 20, box, daemon)
    assert daemon.end(signal.SIGTERM) == 0
    left = {job for job, status in statuses(scene).items() if status == "PAUSED"}
    assert left
    assert claimed(scene) == dict.fromkeys(left, "held")
    following = scene.daemon()
    until(lambda: "PAUSED" not in statuses(scene).values(), following)
    assert following.end(signal.SIGTERM) == 0
    assert claimed(scene) == {}


def test_a_stuck_provider_does_not_keep_the_daemon_from_ending(scene: Stage) -> None:
    box = served(scene, 20, limits="request_timeout: 1s,")
    daemon = scene.daemon()
    daemon.wait_for("pass.finished")
    box.popen.send_signal(signal.SIGSTOP)
    try:
        opened(scene)
        daemon.wait_for("rules.reloaded")
        begun = time.monotonic()
        assert daemon.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 20
    finally:
        box.popen.send_signal(signal.SIGCONT)
    assert claimed(scene).keys() == {f"j{n}" for n in range(20)}


def probed(url: str, path: str) -> tuple[int, str]:
    """What the daemon answers to a probe: the code, and the body."""
    try:
        with urllib.request.urlopen(f"{url}{path}", timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_while_it_drains_it_is_alive_and_not_ready(scene: Stage) -> None:
    box = served(scene, 20, limits="request_timeout: 3s,")
    scene.config.write_text(scene.config.read_text().replace("listen: off", "listen: 127.0.0.1:0"))
    daemon = scene.daemon()
    url = daemon.wait_for("web.started")["url"]
    until(lambda: probed(url, "/readyz")[0] == 200, daemon)
    box.popen.send_signal(signal.SIGSTOP)
    try:
        opened(scene)
        daemon.wait_for("request.retried")  # a pass is under way, and waits for an answer
        daemon.popen.send_signal(signal.SIGTERM)
        daemon.wait_for("daemon.stopping")
        code, body = probed(url, "/readyz")
        assert (code, json.loads(body)["detail"]) == (503, "it ends, and drains the passes in flight")
        assert probed(url, "/healthz")[0] == 200
    finally:
        box.popen.send_signal(signal.SIGCONT)
    assert daemon.popen.wait(60) == 0


def test_a_second_signal_ends_it_at_once(scene: Stage) -> None:
    box = served(scene, 20, limits="request_timeout: 3s,")
    daemon = scene.daemon()
    daemon.wait_for("pass.finished")
    box.popen.send_signal(signal.SIGSTOP)
    try:
        opened(scene)
        daemon.wait_for("request.retried")  # a pass is under way, and waits for an answer
        daemon.popen.send_signal(signal.SIGTERM)
        daemon.wait_for("daemon.stopping")
        begun = time.monotonic()
        assert daemon.end(signal.SIGINT) == 128 + signal.SIGINT
        assert time.monotonic() - begun < 2
    finally:
        box.popen.send_signal(signal.SIGCONT)
    assert not daemon.events("daemon.stopped")
