from collections.abc import Callable

import pytest

from tests.cli.stage import ServedSandbox, Stage

WIDE_OPEN = {
    "timezone": "America/New_York",
    "days": [{"dayOfWeek": day, "timeSlots": [{"startTime": "00:00", "endTime": "24:00"}]} for day in range(7)],
}


@pytest.fixture
def box(stage: Stage) -> ServedSandbox:
    box = stage.sandbox()
    box.add("Renewals east", job_id="east")
    return box


@pytest.mark.parametrize("text", ["east", "main/east", "Renewals east"])
@pytest.mark.usefixtures("box")
def test_a_job_is_found_by_id_by_workspace_and_id_and_by_its_unique_name(stage: Stage, text: str) -> None:
    found = stage.records("explain", text)
    assert [(each["workspace"], each["job"]) for each in found] == [("main", "east")]


@pytest.mark.parametrize("text", ["nobody", "main/nobody", "other/east", "renewals east", "", "../paused"])
@pytest.mark.usefixtures("box")
def test_an_unknown_job_fails(stage: Stage, text: str) -> None:
    done = stage.run("explain", text)
    assert done.exit_code == 1
    assert f"Error: no job has the id or the name {text!r}" in done.stderr
    assert done.stdout == ""


def test_a_name_with_a_slash_is_a_name(stage: Stage, box: ServedSandbox) -> None:
    job = box.add("Renewals 1/2")
    assert stage.records("explain", "Renewals 1/2")[0]["job"] == job


def test_an_ambiguous_name_fails_and_the_jobs_are_named(stage: Stage, box: ServedSandbox) -> None:
    box.add("Renewals east", job_id="east-2")
    done = stage.run("explain", "Renewals east")
    assert done.exit_code == 1
    assert "'Renewals east' means several jobs: give one of main/east, main/east-2" in done.stderr


def test_an_unreachable_workspace_fails(stage: Stage) -> None:
    done = stage.run("explain", "east")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.usefixtures("box")
def test_every_row_of_the_precedence_has_its_verdict(stage: Stage) -> None:
    record = stage.records("explain", "east")[0]
    assert list(record) == [
        "workspace",
        "job",
        "name",
        "status",
        "desired",
        "action",
        "because",
        "reason",
        "detail",
        "until",
        "campaigns",
        "claim",
        "verdicts",
        "findings",
        "revision",
    ]
    assert [each["row"] for each in record["verdicts"]] == [1, 2, 3, 4, 5, 6, 7, 9, 10]
    assert [each["reason"] for each in record["verdicts"] if each["applies"]] == ["open"]
    assert (record["desired"], record["because"], record["until"]) == ("dial", "already", "2026-11-24T21:59:00Z")


@pytest.mark.parametrize(
    ("at", "rows", "reason"),
    [
        ("2026-11-26T12:00:00-05:00", [6, 7], "holiday"),
        ("2026-12-01T10:30:00-05:00", [2], "incident"),
        ("2026-12-01T09:58:59-05:00", [], "open"),
        ("2026-12-01T09:59:00-05:00", [2], "incident"),
        ("2026-12-24T13:00:00-05:00", [5, 7], "special_date"),
        ("2026-11-24T16:59:30-05:00", [7], "outside_hours"),
    ],
)
@pytest.mark.usefixtures("box")
def test_the_first_row_that_applies_wins(stage: Stage, at: str, rows: list[int], reason: str) -> None:
    record = stage.records("explain", "east", "--at", at)[0]
    applying = [each["row"] for each in record["verdicts"] if each["applies"] and each["row"] != 10]
    assert applying[:1] == rows[:1]
    assert record["reason"] == reason


@pytest.mark.usefixtures("box")
def test_the_page_marks_the_winner_and_gives_the_next_transition_in_both_forms(stage: Stage) -> None:
    page = stage.run("explain", "east", "--at", "2026-11-26T12:00:00-05:00").stdout
    marked = [line for line in page.splitlines() if "> pause" in line]
    assert len(marked) == 1
    assert "Thanksgiving Day" in marked[0]
    assert "Fri 2026-11-27 09:00 EST (in 21 h 0 min)" in page
    assert "Holiday (floor: Thanksgiving Day" in page
    assert "nobody: it is not paused" in page


def test_an_unmatched_job_has_no_transition_and_no_campaign(stage: Stage, box: ServedSandbox) -> None:
    box.add("Nobody's", job_id="nobody")
    page = stage.run("explain", "nobody").stdout
    assert "none matches" in page
    assert "no change within 400 days" in page


def test_a_pause_by_a_person_is_said_to_be_theirs(stage: Stage, box: ServedSandbox) -> None:
    box.add("Renewals west", "PAUSED", job_id="west")
    page = stage.run("explain", "west").stdout
    assert "paused by someone in Vogent, not by us" in page
    assert "somebody in Vogent: we have no claim on it" in page


def test_our_claim_has_its_author_and_its_reason(stage_at: Callable[..., Stage]) -> None:
    stage = stage_at("2026-11-24T08:00:00-05:00")
    stage.sandbox().add("Renewals east", job_id="east")
    assert stage.run("once").exit_code == 0
    claim = stage.records("explain", "east")[0]["claim"]
    assert (claim["author"], claim["state"], claim["reason"]) == ("controller", "held", "outside_hours")
    assert "us, claim held by controller since 2026-11-24T13:0" in stage.run("explain", "east").stdout


def test_drift_is_a_finding(stage: Stage, box: ServedSandbox) -> None:
    box.add("Renewals wide", job_id="wide", schedule=WIDE_OPEN)
    box.add("Renewals none", job_id="none", schedule=None)
    assert [each["finding"] for each in stage.records("explain", "wide")[0]["findings"]] == ["schedule_wider"]
    assert [each["finding"] for each in stage.records("explain", "none")[0]["findings"]] == ["schedule_missing"]
    assert "schedule_wider: " in stage.run("explain", "wide").stdout


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-24T16:58:30-05:00", "(in 30 s)"),
        ("2026-11-24T16:50:00-05:00", "(in 9 min)"),
        ("2026-11-24T12:00:00-05:00", "(in 4 h 59 min)"),
        ("2026-11-20T17:30:00-05:00", "(in 2 d 15 h)"),
    ],
)
@pytest.mark.usefixtures("box")
def test_when_is_told_in_fitting_units(stage: Stage, at: str, said: str) -> None:
    assert said in stage.run("explain", "east", "--at", at).stdout


@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.usefixtures("box")
def test_the_page_fits(stage: Stage, columns: int) -> None:
    stage.env["COLUMNS"] = str(columns)
    page = stage.run("explain", "east").stdout
    assert max(map(len, page.splitlines())) <= columns
    assert "the calendars are open" in page or "open" in page


@pytest.mark.usefixtures("box")
def test_one_workspace_is_enough_when_it_is_named(stage: Stage) -> None:
    dead = '\n  dead: {base_url: "http://127.0.0.1:9/api", api_key: {env: STAGE_KEY}}\nrules:'
    stage.config.write_text(stage.config.read_text().replace("\nrules:", dead))
    assert stage.run("explain", "main/east").exit_code == 0
    assert stage.run("explain", "east").exit_code == 1
