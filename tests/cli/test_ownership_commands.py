from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.stage import ServedSandbox, Stage

ADOPT = ("adopt", "--reason", "ours now", "--author", "ann")
RELEASE = ("release", "--claim", "--reason", "legal asked", "--author", "ben")


@pytest.fixture(params=["by the lock", "through the daemon"])
def box(request: pytest.FixtureRequest, stage_at: Callable[..., Stage]) -> tuple[Stage, ServedSandbox]:
    """Before hours, so that what is adopted stays paused."""
    stage = stage_at("2026-11-24T06:00:00-05:00")
    box = stage.sandbox()
    for number in (1, 2):
        box.add(f"Renewals {number}", "PAUSED", job_id=f"r{number}")
    box.add("Night owls", "PAUSED", job_id="owls")
    if request.param == "through the daemon":
        stage.daemon()
    return stage, box


def claims(stage: Stage) -> dict[str, Any]:
    return {each["job"]: each["claim"] and each["claim"]["author"] for each in stage.records("plan")}


def test_a_job_is_adopted_after_confirmation(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    done = stage.run(*ADOPT, "r1", typed="y\n")
    assert done.exit_code == 0
    assert done.stdout == "Renewals 1 (main/r1): adopted\n"
    assert "Renewals 1 (main/r1), PAUSED" in done.stderr
    assert "Adopt these 1 pause(s)?" in done.stderr
    assert claims(stage) == {"r1": "ann", "r2": None, "owls": None}
    row = stage.records("audit", "--event", "claim.adopted")[0]
    assert (row["actor"], row["job"], row["detail"]) == ("ann", "r1", "ours now")


@pytest.mark.parametrize("typed", ["n\n", "", "\n"])
def test_without_a_yes_nothing_is_adopted(box: tuple[Stage, ServedSandbox], typed: str) -> None:
    stage, _ = box
    done = stage.run(*ADOPT, "r1", typed=typed)
    assert (done.exit_code, done.stdout) == (1, "")
    assert claims(stage)["r1"] is None


def test_a_campaign_is_adopted_whole_and_only_once(box: tuple[Stage, ServedSandbox]) -> None:
    stage, served = box
    served.add("Renewals waiting", "INIT")
    assert stage.run(*ADOPT, "r1", "--yes").exit_code == 0
    found = stage.records(*ADOPT, "--campaign", "renewals", "--yes")
    assert [(each["job"], each["problem"]) for each in found if each["job"] in ("r1", "r2")] == [("r2", None)]
    again = stage.run(*ADOPT, "--campaign", "renewals", "--yes")
    if not again.stdout:
        assert "nothing to adopt" in again.stderr


def test_what_is_not_paused_matched_or_free_is_refused_with_1(box: tuple[Stage, ServedSandbox]) -> None:
    stage, served = box
    served.add("Start me", "INIT", job_id="init")
    served.add("Nobody's", "PAUSED", job_id="nobody")
    assert stage.run(*ADOPT, "r1", "--yes").exit_code == 0
    done = stage.run(*ADOPT, "init", "nobody", "r1", "r2", "--yes")
    assert done.exit_code == 1
    told = [line.replace("since outside_hours", "since adopted") for line in done.stdout.splitlines()]  # after a pass
    assert told == [
        "Start me (main/init): it is INIT; only the pause of a PAUSED job can be adopted",
        "Nobody's (main/nobody): no campaign matches it, so nothing would ever resume it",
        "Renewals 1 (main/r1): it is ours already, since adopted",
        "Renewals 2 (main/r2): adopted",
    ]


def test_a_claim_is_released_and_the_job_stays_paused(box: tuple[Stage, ServedSandbox]) -> None:
    stage, served = box
    assert stage.run(*ADOPT, "r1", "--yes").exit_code == 0
    done = stage.run(*RELEASE, "main/r1")
    assert (done.exit_code, done.stdout) == (0, "Renewals 1 (main/r1): released\n")
    assert claims(stage)["r1"] is None
    assert served.status("r1") == "PAUSED"
    row = stage.records("audit", "--event", "claim.released")[0]
    assert (row["actor"], row["detail"], row["result"]) == ("ben", "legal asked", "released")


def test_what_is_not_ours_cannot_be_released(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    done = stage.run(*RELEASE, "r1", "--output", "json")
    assert done.exit_code == 1
    assert "no claim of ours is open on it" in done.stdout


def test_an_unknown_job_changes_nothing(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    for command in (*ADOPT, "--yes"), RELEASE:
        done = stage.run(*command, "r1", "nobody")
        assert done.exit_code == 1
        assert "no job has the id or the name 'nobody'" in done.stderr
    assert claims(stage)["r1"] is None


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("adopt", "--reason", "r"), "give either JOBs or --campaign"),
        (("adopt", "j", "--campaign", "renewals", "--reason", "r"), "give either JOBs or --campaign"),
        (("adopt", "j"), "Missing option '--reason'"),
        (("adopt", "--campaign", "nobody", "--reason", "r"), "the rules define night, renewals, starts"),
        (("release", "--claim", "--reason", "r"), "Missing argument 'JOBS...'"),
        (("adopt", "j", "--reason", ""), "--reason must not be empty"),
        (("release", "--claim", "j", "--reason", "  "), "--reason must not be empty"),
        (("adopt", "j", "--reason", "r", "--author", ""), "--author must not be empty"),
    ],
)
def test_half_a_request_is_bad_usage(stage: Stage, command: tuple[str, ...], said: str) -> None:
    done = stage.run(*command)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_lock_without_a_daemon_behind_it_is_said(stage: Stage) -> None:
    stage.sandbox().add("Renewals 1", "PAUSED", job_id="r1")
    stage.daemon()
    (stage.folder / "control.sock").unlink()
    done = stage.run(*ADOPT, "r1", "--yes")
    assert done.exit_code == 1
    assert "the daemon does not answer there" in done.stderr
