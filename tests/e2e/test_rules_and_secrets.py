"""What the daemon takes in: rules at a signal and at a resync, its clock and its key."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import KEY, Process, Stage

pytestmark = pytest.mark.e2e

MORNING = "2026-11-25T09:30:00-05:00"
DEAF = {"WATCHFILES_FORCE_POLLING": "1", "WATCHFILES_POLL_DELAY_MS": "3600000"}
"""No file system event comes, as on a network disk."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[[float], Stage]]:
    stages: list[Stage] = []

    def make(rate: float) -> Stage:
        stages.append(Stage(tmp_path, MORNING, rate))
        stages[-1].rules("10:00", "17:00")
        stages[-1].sandbox()
        return stages[-1]

    yield make
    for each in stages:
        each.close()


def place(daemon: Process) -> str:
    return str(daemon.wait_for("rules.rejected")["problems"][0])


def test_a_hangup_reads_the_rules_again_where_no_event_tells_of_them(stage: Callable[[float], Stage]) -> None:
    scene = stage(1.0)
    scene.env |= DEAF
    daemon = scene.daemon()
    daemon.wait_for("job.paused", 2)
    scene.rules("25:00", "17:00")
    daemon.popen.send_signal(signal.SIGHUP)
    assert place(daemon).startswith("a.yaml:4:23: calendars.floor.hours.mon-fri[0]: ")
    daemon.popen.send_signal(signal.SIGHUP)
    scene.rules("08:00", "17:00")
    daemon.popen.send_signal(signal.SIGHUP)
    revision = daemon.wait_for("rules.reloaded")["revision"]
    daemon.wait_for("job.resumed", 2)
    assert daemon.end(signal.SIGTERM) == 0
    assert len(daemon.events("rules.rejected")) == 1
    assert revision not in (daemon.events("rules.rejected")[0]["revision_in_force"], None)


def test_a_resync_reads_the_rules_again_too(stage: Callable[[float], Stage]) -> None:
    scene = stage(60.0)
    scene.env |= DEAF
    daemon = scene.daemon()
    daemon.wait_for("job.paused", 2)
    scene.rules("08:00", "17:00")
    daemon.wait_for("rules.reloaded")
    daemon.wait_for("job.resumed", 2)
    assert daemon.end(signal.SIGTERM) == 0


def test_while_files_are_bad_the_last_good_rules_go_on_to_close(stage: Callable[[float], Stage]) -> None:
    scene = stage(10.0)
    scene.rules("08:00", "09:34")
    daemon = scene.daemon()
    daemon.wait_for("pass.finished")
    scene.rules("08:00", "9.34")
    assert "a.yaml:4:23: " in place(daemon)
    closed = daemon.wait_for("job.paused", 2)
    assert "2026-11-25T14:33:00" <= closed["timestamp"] < "2026-11-25T14:34:00"
    assert daemon.end(signal.SIGTERM) == 0


def test_a_shifted_clock_is_refused_for_a_workspace_that_is_not_on_loopback(stage: Callable[[float], Stage]) -> None:
    scene = stage(60.0)
    scene.config.write_text(
        scene.config.read_text().replace(f"http://127.0.0.1:{scene.port}", "https://127.0.0.1.example.com")
    )
    daemon = scene.daemon()
    assert daemon.popen.wait(60) == 2
    daemon.close()
    assert "workspace main is not on loopback: real jobs are decided by the real clock only" in "".join(daemon.lines)
    assert not (scene.folder / "var").exists()


@pytest.mark.once
def test_no_key_is_in_any_line_output_or_file(stage: Callable[[float], Stage]) -> None:
    scene = stage(60.0)
    said: list[str] = []
    for key in (KEY, "canary-key-refused", "canary key with blanks"):
        scene.env["E2E_KEY"] = key
        daemon = scene.daemon()
        daemon.wait_for("pass.finished" if key == KEY else "workspace.unreachable")
        if key == KEY:
            daemon.wait_for("job.paused", 2)
        for command in (("plan",), ("explain", "j1"), ("once",), ("audit", "--output", "json")):
            done = scene.command(*command)
            said += [done.stdout, done.stderr]
        assert daemon.end(signal.SIGTERM) == 0
    said += [line for process in scene.processes for line in process.lines]
    files = [path for path in scene.folder.rglob("*") if path.is_file()]
    said += [path.read_bytes().decode("latin-1") for path in files]
    assert {path.name for path in files} >= {"controller.db", "state.json"}
    assert [text for text in said if "canary" in text] == []
