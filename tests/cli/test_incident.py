"""`incident`: by the store's lock where no daemon runs, through the daemon where one does."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.stage import NOON, ServedSandbox, Stage

OPEN_ALL = ("incident", "open", "--all", "--reason", "wires are down", "--author", "ann")


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(params=["by the lock", "through the daemon"])
def box(request: pytest.FixtureRequest, stage_at: Callable[..., Stage]) -> tuple[Stage, ServedSandbox]:
    stage = stage_at(NOON)
    box = stage.sandbox()
    box.add("Renewals 1", job_id="r1")
    box.add("Somebody else's", job_id="x1")
    if request.param == "through the daemon":
        stage.daemon()
    return stage, box


def test_an_incident_for_everything_stops_every_job_and_its_close_lets_them_dial(
    stage_at: Callable[..., Stage],
) -> None:
    stage = stage_at(NOON)
    box = stage.sandbox()
    box.add("Renewals 1", job_id="r1")
    box.add("Somebody else's", job_id="x1")
    stage.daemon()
    eventually(lambda: len(stage.records("status")[0]["jobs"]) == 2)
    begun = time.monotonic()
    done = stage.run(*OPEN_ALL)
    assert (done.exit_code, done.stdout) == (0, "incident-1: open\n")
    eventually(lambda: "PAUSED" in (box.status("r1"), box.status("x1")))
    assert time.monotonic() - begun < 2.0, "the first pause goes out within two seconds of the command"
    eventually(lambda: [box.status("r1"), box.status("x1")] == ["PAUSED", "PAUSED"])
    refused = stage.run("incident", "close", "incident-1", "--reason", "mended", typed="n\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "What it paused may dial then." in refused.stderr
    closed = stage.run("incident", "close", "incident-1", "--reason", "mended", "--author", "ben", typed="y\n")
    assert (closed.exit_code, closed.stdout) == (0, "incident-1: closed\n")
    eventually(lambda: [box.status("r1"), box.status("x1")] == ["ACTIVE", "ACTIVE"])
    rows = [row for row in stage.records("audit", "--event", "incident.*") if row["facts"].get("via")]
    assert [(row["event"], row["actor"], row["facts"]["why"]) for row in rows] == [
        ("incident.opened", "ann", "wires are down"),
        ("incident.closed", "ben", "mended"),
    ]


def test_what_was_opened_is_listed_explained_planned_and_previewed(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    until = "2026-11-24T18:00:00Z"
    done = stage.run(
        "incident", "open", "--campaign", "renewals", "--name", "storm", "--until", until, "--reason", "wires are down"
    )
    assert (done.exit_code, done.stdout) == (0, f"storm: open until {until}\n")
    [listed] = [each for each in stage.records("incident", "list") if each["source"] != "rules"]
    assert (listed["incident"], listed["until"], listed["match"]) == ("storm", until, {"campaigns": ["renewals"]})
    [explained] = stage.records("explain", "r1")
    assert (explained["reason"], explained["until"]) == ("incident", until)
    assert explained["detail"].startswith("storm: wires are down (opened by ")
    assert {each["job"]: each["reason"] for each in stage.records("plan")}["r1"] == "incident"
    [preview] = stage.records("preview", "--campaign", "renewals")
    assert preview["intervals"][0]["reason"] == "incident"
    assert "storm" in stage.run("incident", "list").stdout


def test_an_end_is_moved_and_taken_away(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    stage.run(*OPEN_ALL, "--until", "2026-11-24T18:00:00Z")
    moved = stage.run("incident", "extend", "incident-1", "--until", "2026-11-24T19:00:00Z", "--reason", "worse")
    assert (moved.exit_code, moved.stdout) == (0, "incident-1: open until 2026-11-24T19:00:00Z\n")
    gone = stage.run("incident", "extend", "incident-1", "--open-end", "--reason", "who knows")
    assert (gone.exit_code, gone.stdout) == (0, "incident-1: open\n")
    closed = stage.run("incident", "close", "incident-1", "--yes", "--reason", "mended")
    assert closed.exit_code == 0
    assert [each for each in stage.records("incident", "list") if each["source"] != "rules"] == []
    [over] = [each for each in stage.records("incident", "list", "--closed") if each["source"] != "rules"]
    assert over["closed_why"] == "mended"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("open", "--all", "--campaign", "renewals", "--reason", "r"), 2, "give one of both"),
        (("open", "--all"), 2, "Missing option '--reason'"),
        (("open", "--all", "--reason", " "), 2, "--reason must not be empty"),
        (("open", "--campaign", "nobody", "--reason", "r"), 1, "there is no campaign nobody; the rules define"),
        (("open", "--all", "--reason", "r", "--until", "2026-11-24T10:00:00-05:00"), 1, "is not after now"),
        (("open", "--all", "--reason", "r", "--until", "tomorrow"), 2, "is not an instant"),
        (("open", "--all", "--reason", "r", "--name", "flood"), 1, "an incident named 'flood' is open already"),
        (("close", "nobody", "--reason", "r", "--yes"), 1, "no incident named 'nobody' is open; open are: none"),
        (("close", "flood", "--reason", "r", "--yes"), 1, "flood stands in the rules files: change it there"),
        (("extend", "nobody", "--reason", "r"), 2, "give either --until or --open-end"),
    ],
)
def test_what_cannot_be_says_why(
    box: tuple[Stage, ServedSandbox], command: tuple[str, ...], code: int, said: str
) -> None:
    stage, _ = box
    done = stage.run("incident", *command)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_neither_a_stop_nor_its_end_waits_for_somebodys_typo_in_the_rules(stage_at: Callable[..., Stage]) -> None:
    stage = stage_at(NOON)
    stage.sandbox()
    stage.write("calendars: [")
    done = stage.run(*OPEN_ALL)
    assert (done.exit_code, done.stdout) == (0, "incident-1: open\n")
    assert "warning: the rules files are wrong" in done.stderr
    closed = stage.run("incident", "close", "incident-1", "--reason", "mended", "--yes")
    assert (closed.exit_code, closed.stdout) == (0, "incident-1: closed\n")


def test_what_was_opened_without_a_daemon_is_what_the_daemon_starts_with(box: tuple[Stage, ServedSandbox]) -> None:
    stage, served = box
    stage.run(*OPEN_ALL)
    if not stage.has_daemon:
        assert served.status("r1") == "ACTIVE"
        stage.daemon()
    eventually(lambda: [served.status("r1"), served.status("x1")] == ["PAUSED", "PAUSED"])
    listed: list[dict[str, Any]] = stage.records("incident", "list")
    assert "incident-1" in [each["incident"] for each in listed]
