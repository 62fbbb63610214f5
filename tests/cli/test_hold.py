"""`hold` and `release`: by the store's lock where no daemon runs, through the daemon where one does."""

from collections.abc import Callable

import pytest

from tests.cli.stage import NOON, ServedSandbox, Stage
from tests.cli.test_incident import eventually

HOLD = ("hold", "--reason", "a complaint", "--author", "ann")


@pytest.fixture(params=["by the lock", "through the daemon"])
def box(request: pytest.FixtureRequest, stage_at: Callable[..., Stage]) -> tuple[Stage, ServedSandbox]:
    stage = stage_at(NOON)
    box = stage.sandbox()
    for number in (1, 2):
        box.add(f"Renewals {number}", job_id=f"r{number}")
    if request.param == "through the daemon":
        stage.daemon()
        eventually(lambda: len(stage.records("status")[0]["jobs"]) == 2)
    return stage, box


def test_a_held_job_is_explained_by_the_hold_and_released_after_confirmation(
    box: tuple[Stage, ServedSandbox],
) -> None:
    stage, _ = box
    done = stage.run(*HOLD, "Renewals 1")
    assert (done.exit_code, done.stdout) == (0, "Renewals 1 (main/r1): held\n")
    [explained] = stage.records("explain", "r1")
    assert (explained["reason"], explained["detail"]) == ("hold", "ann: a complaint")
    refused = stage.run("release", "r1", "--reason", "settled", typed="\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Remove every hold from 1 job(s)? They may dial then." in refused.stderr
    released = stage.run("release", "r1", "--reason", "settled", typed="y\n")
    assert (released.exit_code, released.stdout) == (0, "Renewals 1 (main/r1): released\n")
    assert stage.records("explain", "r1")[0]["reason"] == "open"
    assert [row["event"] for row in stage.records("audit", "--event", "hold.*")] == ["hold.placed", "hold.released"]


def test_a_hold_pauses_the_job_at_once_and_its_end_resumes_it(stage_at: Callable[..., Stage]) -> None:
    stage = stage_at(NOON)
    served = stage.sandbox()
    served.add("Renewals 1", job_id="r1")
    stage.daemon()
    eventually(lambda: len(stage.records("status")[0]["jobs"]) == 1)
    assert stage.run(*HOLD, "r1").exit_code == 0
    eventually(lambda: served.status("r1") == "PAUSED")
    assert stage.run("release", "r1", "--reason", "settled", "--yes").exit_code == 0
    eventually(lambda: served.status("r1") == "ACTIVE")


def test_the_end_of_a_hold_is_told(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    done = stage.run(*HOLD, "r1", "--until", "2026-11-24T18:00:00Z")
    assert done.stdout == "Renewals 1 (main/r1): held until 2026-11-24T18:00:00Z\n"
    assert stage.records("explain", "r1")[0]["until"] == "2026-11-24T18:00:00Z"


def test_a_job_without_a_hold_cannot_be_released(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    done = stage.run("release", "r2", "--reason", "r", "--yes")
    assert (done.exit_code, done.stdout) == (1, "Renewals 2 (main/r2): no hold is on it\n")


def test_a_stop_does_not_wait_for_the_api_where_the_job_is_written_out(stage_at: Callable[..., Stage]) -> None:
    stage = stage_at(NOON)
    stage.configure("http://127.0.0.1:9/api")
    done = stage.run(*HOLD, "main/r1")
    assert (done.exit_code, done.stdout) == (0, "r1 (main/r1): held\n")
    assert "taken as written" in done.stderr
    by_name = stage.run(*HOLD, "Renewals 1")
    assert by_name.exit_code == 1
    assert "With workspace/id no job needs to be looked up." in by_name.stderr


def test_what_is_half_said_is_bad_usage(box: tuple[Stage, ServedSandbox]) -> None:
    stage, _ = box
    for command, said in (
        (("hold", "r1"), "Missing option '--reason'"),
        (("hold", "--reason", "r"), "Missing argument 'JOBS...'"),
        (("release", "r1"), "Missing option '--reason'"),
    ):
        done = stage.run(*command)
        assert done.exit_code == 2
        assert said in done.stderr
