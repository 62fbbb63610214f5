"""How the daemon ends: drained by a signal, at once by a second one, and at any instant by kill -9."""

import json
import random
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.processes import KEY, Process, Stage

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
    box = scene.sandbox(jobs)
    scene.config.write_text(scene.config.read_text().replace("api_key:", f"{limits} api_key:"))
    return box


def until(condition: Callable[[], bool], *logs: Process) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "".join(line for log in logs for line in log.lines)
        time.sleep(0.005)


def statuses(scene: Stage) -> dict[str, str]:
    """What the provider says of each job."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{scene.port}/api/batch_dial_jobs?limit=1000", headers={"Authorization": f"Bearer {KEY}"}
    )
    found: dict[str, str] = {}
    cursor = ""
    while True:
        page_of = urllib.request.Request(request.full_url + cursor, headers=dict(request.header_items()))  # noqa: S310
        with urllib.request.urlopen(page_of, timeout=10) as answer:  # noqa: S310 - loopback
            page = json.load(answer)
        found |= {job["id"]: job["status"] for job in page["data"]}
        if not page.get("cursor"):
            return found
        cursor = f"&cursor={page['cursor']}"


def claimed(scene: Stage) -> dict[str, str]:
    """The state of each open claim, as the file has it, by the job's id."""
    with closing(sqlite3.connect(scene.folder / "var" / "controller.db")) as store:
        return dict(store.execute("SELECT job_id, state FROM claims WHERE state IN ('intended', 'held', 'resuming')"))


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


def test_kill_9_at_any_instant_of_a_sweep_loses_no_claim(scene: Stage) -> None:
    chance = random.Random(2)  # noqa: S311 - a choice of instants, no secret
    box = served(scene, limits="max_concurrency: 20,")
    for closed in (True, False):
        (shut if closed else opened)(scene)
        for _ in range(3):
            _kill_amid(scene, box, chance)
            paused = {job for job, status in statuses(scene).items() if status == "PAUSED"}
            assert paused <= claimed(scene).keys(), "a pause of ours lost its claim"
        last = scene.daemon()
        wanted = {"PAUSED"} if closed else {"ACTIVE"}
        until(lambda wanted=wanted: set(statuses(scene).values()) == wanted, last)  # type: ignore[misc]
        assert last.end(signal.SIGTERM) == 0
        assert len(claimed(scene)) == (JOBS if closed else 0)


def _kill_amid(scene: Stage, box: Process, chance: random.Random) -> None:
    """Let a daemon change a few jobs, or none, and kill it."""
    seen = len(box.lines)
    daemon = scene.daemon()
    more = chance.choice((0, 1, 10, 50, 90))
    daemon.wait_for("daemon.started")
    if more:
        until(lambda: len(box.lines) >= seen + more or bool(daemon.events("pass.finished")), box, daemon)
    time.sleep(chance.random() * 0.05)
    assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
