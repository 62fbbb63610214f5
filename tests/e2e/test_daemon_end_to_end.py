import json
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.processes import KEY, Process, Stage

pytestmark = pytest.mark.e2e

BEFORE_NINE = "2026-11-25T08:57:00-05:00"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[[str, float], Stage]]:
    stages: list[Stage] = []

    def make(start: str = BEFORE_NINE, rate: float = 60.0) -> Stage:
        stages.append(Stage(tmp_path, start, rate))
        return stages[-1]

    yield make
    for each in stages:
        each.close()


def paused(daemon: Process) -> set[str]:
    return {line["job"] for line in daemon.events("job.paused")}


def test_jobs_open_and_close_on_time_and_no_forbidden_call_begins(stage: Callable[..., Stage]) -> None:
    scene = stage(BEFORE_NINE, 10.0)  # a second late is ten here: a loaded machine needs some
    scene.rules("22:00", "23:00")
    box, daemon = scene.sandbox(), scene.daemon()
    daemon.wait_for("job.paused", 2)
    # However long the start took, the opening is still ahead; the provider's own schedule begins at nine.
    opening = datetime.fromisoformat(daemon.events("job.paused")[-1]["timestamp"]).replace(second=0, microsecond=0)
    opening = max(opening + timedelta(minutes=2), datetime.fromisoformat(BEFORE_NINE) + timedelta(minutes=4))
    closing = opening + timedelta(minutes=2)
    local = ZoneInfo("America/New_York")
    scene.rules(f"{opening.astimezone(local):%H:%M}", f"{closing.astimezone(local):%H:%M}")
    for process in (box, daemon):
        process.popen.send_signal(signal.SIGHUP)
    resumed = datetime.fromisoformat(daemon.wait_for("job.resumed", 2)["timestamp"])
    closed = datetime.fromisoformat(daemon.wait_for("job.paused", 4)["timestamp"])
    assert opening <= resumed < opening + timedelta(minutes=1)
    assert closing - timedelta(minutes=1) <= closed < closing
    assert daemon.end(signal.SIGTERM) == 0
    assert daemon.events("daemon.stopped")
    assert box.end(signal.SIGTERM) == 0
    stopped = box.events("sandbox.stopped")[0]
    assert stopped["calls_begun"] > 0
    assert stopped["forbidden_total"] == 0
    assert KEY not in "".join(daemon.lines)


def test_claims_survive_kill_9_and_the_next_daemon_resumes_the_jobs(stage: Callable[..., Stage]) -> None:
    scene = stage(BEFORE_NINE, 1.0)
    scene.rules("22:00", "23:00")
    scene.sandbox(jobs=60)
    first = scene.daemon()
    first.wait_for("job.paused")
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = scene.daemon()
    second.wait_for("pass.finished")
    scene.rules("08:00", "23:00")
    second.wait_for("job.resumed", 60)
    assert second.end(signal.SIGINT) == 0
    rows = json.loads(scene.command("audit", "--event", "job.resumed", "--output", "json").stdout)
    assert {row["job"] for row in rows} == {f"j{n}" for n in range(60)}
    assert {row["reason"] for row in rows} == {"open"}


def test_it_survives_a_restart_of_the_other_side(stage: Callable[..., Stage]) -> None:
    scene = stage()
    scene.rules("10:00", "11:00")
    box, daemon = scene.sandbox(), scene.daemon()
    daemon.wait_for("job.paused", 2)
    assert box.end(signal.SIGTERM) == 0
    daemon.wait_for("workspace.unreachable")
    scene.sandbox()
    daemon.wait_for("workspace.reachable")
    assert daemon.end(signal.SIGTERM) == 0


def test_a_typo_changes_nothing_and_its_correction_comes_into_force(stage: Callable[..., Stage]) -> None:
    scene = stage()
    scene.rules("10:00", "11:00")
    scene.sandbox()
    daemon = scene.daemon()
    daemon.wait_for("job.paused", 2)
    scene.rules("25:00", "11:00")
    rejected = daemon.wait_for("rules.rejected")
    assert "a.yaml:4:23: calendars.floor.hours.mon-fri[0]: there is no 25:00" in rejected["problems"][0]
    scene.rules("08:00", "11:00")
    daemon.popen.send_signal(signal.SIGHUP)
    daemon.wait_for("rules.reloaded")
    daemon.wait_for("job.resumed", 2)
    assert daemon.end(signal.SIGTERM) == 0


def test_it_starts_on_the_last_good_rules_where_the_files_are_broken(stage: Callable[..., Stage]) -> None:
    scene = stage()
    scene.rules("10:00", "11:00")
    scene.sandbox()
    first = scene.daemon()
    first.wait_for("job.paused", 2)
    revision = first.wait_for("rules.loaded")["revision"]
    assert first.end(signal.SIGTERM) == 0
    scene.rules("25:00", "11:00")
    second = scene.daemon()
    assert second.wait_for("rules.rejected")["revision_in_force"] == revision
    assert second.wait_for("rules.loaded")["revision"] == revision
    assert second.end(signal.SIGTERM) == 0


def test_without_any_good_rules_the_start_fails_with_2(stage: Callable[..., Stage]) -> None:
    scene = stage()
    scene.rules("25:00", "11:00")
    scene.config.write_text("")
    (scene.folder / "rules" / "a.yaml").rename(scene.folder / "broken.yaml")
    scene.rules("10:00", "11:00")
    scene.sandbox()
    (scene.folder / "broken.yaml").rename(scene.folder / "rules" / "a.yaml")
    daemon = scene.daemon()
    assert daemon.popen.wait(60) == 2


def test_a_second_daemon_on_one_store_is_refused(stage: Callable[..., Stage]) -> None:
    scene = stage()
    scene.rules("10:00", "11:00")
    scene.sandbox()
    scene.daemon().wait_for("job.paused", 2)
    second = scene.daemon()
    assert second.popen.wait(60) == 1
    second.close()
    assert "only one process may write a store" in "".join(second.lines)


@pytest.mark.once
def test_people_look_and_change_ownership_beside_the_daemon(stage: Callable[..., Stage]) -> None:
    scene = stage(BEFORE_NINE, 1.0)
    scene.rules("10:00", "11:00")
    scene.sandbox()
    daemon = scene.daemon()
    daemon.wait_for("job.paused", 2)
    plan = json.loads(scene.command("plan", "--output", "json").stdout)
    assert [(row["action"], row["because"], row["reason"]) for row in plan] == [
        ("none", "already", "outside_hours")
    ] * 2
    explained = json.loads(scene.command("explain", "Renewals 1", "--output", "json").stdout)[0]
    assert explained["until"] == "2026-11-25T15:00:00Z"
    assert explained["claim"]["author"] == "controller"
    assert [row["row"] for row in explained["verdicts"] if row["applies"]] == [7]
    released = scene.command("release", "--claim", "Renewals 1", "--reason", "legal", "--author", "ann")
    assert released.returncode == 0, released.stderr
    again = json.loads(scene.command("explain", "main/j1", "--output", "json").stdout)[0]
    assert (again["claim"], again["because"]) == (None, "paused_by_others")
    adopted = scene.command("adopt", "--campaign", "renewals", "--reason", "ours", "--author", "bob", "--yes")
    assert adopted.returncode == 0, adopted.stderr
    assert json.loads(scene.command("explain", "j1", "--output", "json").stdout)[0]["claim"]["author"] == "bob"
    assert scene.command("once").returncode == 1
    assert scene.command("explain", "nobody").returncode == 1
    for output in ("table", "csv", "jsonl"):
        assert scene.command("audit", "--output", output).returncode == 0
    assert daemon.end(signal.SIGTERM) == 0
    assert scene.command("once", "--output", "json").returncode == 0
