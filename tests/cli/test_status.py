"""`status`: as the running daemon sees it."""

import json
from collections.abc import Callable

import pytest

from controller.cli import status as status_command
from tests.cli.stage import NOON, ServedSandbox, Stage
from tests.cli.test_incident import OPEN_ALL, eventually


@pytest.fixture
def running(stage_at: Callable[..., Stage]) -> tuple[Stage, ServedSandbox]:
    stage = stage_at(NOON)
    served = stage.sandbox()
    served.add("Renewals 1", job_id="r1")
    served.add("Night owls", job_id="n1")
    served.add("Theirs", "PAUSED", job_id="t1")
    stage.daemon()
    eventually(lambda: served.status("n1") == "PAUSED")
    return stage, served


def test_everything_is_told_with_its_reason_until_when_and_who(running: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = running
    stage.run("hold", "r1", "--reason", "a complaint", "--author", "ann")
    eventually(lambda: stage.records("status")[0]["by_status"] == {"PAUSED": 3})
    [told] = stage.records("status")
    assert (told["ready"], told["alive"], told["durable"], told["degraded"]) == (True, True, True, [])
    jobs = {each["job"]: each for each in told["jobs"]}
    assert jobs["r1"]["why"] == "On hold (ann: a complaint)"
    assert jobs["r1"]["paused_by"].startswith("us, claim ")
    assert (jobs["n1"]["reason"], jobs["n1"]["until"]) == ("outside_hours", "2026-11-25T01:00:00Z")
    assert jobs["t1"]["paused_by"].startswith("somebody in Vogent")
    assert {each["job"] for each in told["claims"]} == {"r1", "n1"}
    [hold] = told["holds"]
    assert (hold["job"], hold["author"], hold["until"]) == ("r1", "ann", None)
    assert [each["incident"] for each in told["incidents"]] == ["carrier", "flood"]
    assert told["by_status"] == {"PAUSED": 3}


def test_people_see_jobs_incidents_and_holds(running: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = running
    stage.run(*OPEN_ALL)
    stage.run("hold", "r1", "--reason", "a complaint", "--author", "ann")
    shown = stage.run("status").stdout
    for text in ("paused by us", "Night owls", "incident-1", "ann (operator)", "every job", "a complaint", "Findings"):
        assert text in shown or text == "Findings"
    assert "Jobs (3)" in shown


def test_jobs_of_many_pages_are_all_there(
    running: tuple[Stage, ServedSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _ = running
    for most in (1, 2, 3):
        monkeypatch.setattr(status_command, "_PAGE", most)
        [told] = stage.records("status")
        assert [each["job"] for each in told["jobs"]] == ["n1", "r1", "t1"]


def test_without_a_daemon_it_fails_and_says_so(stage_at: Callable[..., Stage]) -> None:
    stage = stage_at(NOON)
    stage.sandbox()
    done = stage.run("status")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "the daemon does not answer there" in done.stderr


def test_watching_shows_it_again_and_again_until_it_is_interrupted(
    running: tuple[Stage, ServedSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _ = running
    naps = iter([0.0, 0.0])

    def nap(_seconds: float) -> None:
        if next(naps, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr(status_command.time, "sleep", nap)
    done = stage.run("status", "--watch", "--output", "jsonl")
    assert done.exit_code == 0
    assert [len(json.loads(line)["jobs"]) for line in done.stdout.splitlines()] == [3, 3, 3]
    naps = iter([0.0, 0.0])
    assert "Night owls" in stage.run("status", "--watch").stdout
    assert stage.run("status", "--watch", "--output", "csv").exit_code == 2
