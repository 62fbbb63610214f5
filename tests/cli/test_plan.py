import csv
import io
import json
import sqlite3
from collections.abc import Callable

import pytest

from controller.cli.failures import tell_unread
from controller.runtime.report import PassReport, Trigger
from tests.cli.stage import FIT, ServedSandbox, Stage

FIELDS = [
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
]


@pytest.fixture
def box(stage: Stage) -> ServedSandbox:
    """One job of each kind at Tuesday noon."""
    box = stage.sandbox()
    box.add("Renewals east", "ACTIVE", job_id="east")
    box.add("Renewals south", "PAUSED", job_id="south")
    box.add("Night owls", "ACTIVE", job_id="owls", schedule=None)
    box.add("Start me", "INIT", job_id="start")
    box.add("Renewals later", "INIT", job_id="later")
    box.add("Renewals done", "COMPLETE", job_id="done")
    box.add("Nobody's", "ACTIVE", job_id="nobody")
    return box


@pytest.mark.usefixtures("box")
def test_each_live_job_is_shown_with_what_a_pass_would_do_and_why(stage: Stage) -> None:
    found = stage.records("plan")
    assert {each["job"]: (each["action"], each["because"], each["reason"]) for each in found} == {
        "owls": ("pause", "running", "outside_hours"),
        "start": ("start", "may_start", "open"),
        "east": ("none", "already", "open"),
        "south": ("none", "paused_by_others", "open"),
        "later": ("none", "not_started", "open"),
        "nobody": ("none", "unmatched", "unmatched"),
    }
    assert all(list(each) == FIELDS for each in found)
    assert [each["action"] for each in found[:2]] == ["pause", "start"]
    east = next(each for each in found if each["job"] == "east")
    assert (east["until"], east["campaigns"], east["claim"]) == ("2026-11-24T21:59:00Z", ["renewals"], None)


def test_nothing_is_written_anywhere(stage: Stage, box: ServedSandbox) -> None:
    before = {job: box.status(job) for job in ("east", "south", "owls", "start", "later")}
    assert stage.run("plan").exit_code == 0
    assert {job: box.status(job) for job in before} == before
    assert not (stage.folder / "var").exists()


@pytest.mark.usefixtures("box")
def test_it_counts_what_would_be_done_and_what_is_left(stage: Stage) -> None:
    last = stage.run("plan").stdout.splitlines()[-1]
    assert last.startswith("1 to pause, 1 to start. Left as they are: ")
    assert "1 paused by someone in Vogent, not by us" in last


def test_at_another_instant_it_decides_as_of_then(stage: Stage, box: ServedSandbox) -> None:
    thanksgiving = stage.records("plan", "--at", "2026-11-26T12:00:00-05:00")
    east = next(each for each in thanksgiving if each["job"] == "east")
    assert (east["action"], east["reason"], east["detail"]) == ("pause", "holiday", "floor: Thanksgiving Day")
    assert next(each for each in thanksgiving if each["job"] == "start")["action"] == "none"
    assert box.status("east") == "ACTIVE"


def test_claims_in_the_store_count_and_the_store_stays_as_it_was(stage_at: Callable[..., Stage]) -> None:
    stage = stage_at("2026-11-24T08:00:00-05:00")
    job = stage.sandbox().add("Renewals east")
    assert stage.run("once").exit_code == 0
    store = stage.folder / "var" / "controller.db"
    before = dump(store)
    planned = stage.records("plan", "--at", "2026-11-24T10:00:00-05:00")
    assert [(each["job"], each["action"], each["because"]) for each in planned] == [(job, "resume", "ours")]
    assert planned[0]["claim"]["reason"] == "outside_hours"
    assert dump(store) == before


def dump(store: object) -> list[str]:
    connection = sqlite3.connect(str(store))
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.usefixtures("box")
def test_it_works_beside_a_daemon(stage: Stage) -> None:
    daemon = stage.daemon()
    assert {each["job"] for each in stage.records("plan")} >= {"east", "south"}
    daemon.close()
    stage._open.remove(daemon)


def test_an_unreachable_workspace_is_said_and_fails(stage: Stage) -> None:
    done = stage.run("plan")
    assert done.exit_code == 1
    assert "Error: the jobs of workspace main could not be read: connection" in done.stderr
    assert "127.0.0.1:9" not in done.stdout


@pytest.mark.usefixtures("box")
def test_other_workspaces_are_shown_where_one_is_unreachable(stage: Stage) -> None:
    dead = '\n  dead: {base_url: "http://127.0.0.1:9/api", api_key: {env: STAGE_KEY}}\nrules:'
    stage.config.write_text(stage.config.read_text().replace("\nrules:", dead))
    done = stage.run("plan", "--output", "json")
    assert done.exit_code == 1
    assert len(json.loads(done.stdout)) == 6
    assert "workspace dead could not be read" in done.stderr


@pytest.mark.parametrize(("key", "problem"), [("wrong", "unauthorized"), (None, "key_unreadable"), (" ", "key")])
@pytest.mark.usefixtures("box")
def test_a_key_that_is_no_good_is_told_without_showing_it(stage: Stage, key: str | None, problem: str) -> None:
    stage.env["STAGE_KEY"] = key
    done = stage.run("plan")
    assert done.exit_code == 1
    assert problem in done.stderr
    assert "wrong" not in done.output


def test_names_are_shown_as_they_are(stage: Stage, box: ServedSandbox) -> None:
    box.add("Renewals [/bold] :smile: \x1b[2J", "ACTIVE")
    shown = stage.run("plan").stdout
    assert "Renewals [/bold] :smile:" in shown
    assert "\\x1b[2J" in shown
    assert "\x1b" not in shown


def test_the_csv_is_not_run_by_a_spreadsheet(stage: Stage, box: ServedSandbox) -> None:
    job = box.add('=HYPERLINK("http://x")', "ACTIVE")
    rows = list(csv.DictReader(io.StringIO(stage.run("plan", "--output", "csv").stdout)))
    assert list(rows[0]) == FIELDS
    assert next(row["name"] for row in rows if row["job"] == job) == '\'=HYPERLINK("http://x")'
    assert json.loads(next(row["campaigns"] for row in rows if row["job"] == "east")) == ["renewals"]


@pytest.mark.parametrize("columns", [80, 100, 110, 160])
@pytest.mark.usefixtures("box")
def test_words_stay_whole_at_any_width(stage: Stage, columns: int) -> None:
    stage.env["COLUMNS"] = str(columns)
    shown = stage.run("plan").stdout
    table = shown[: shown.rindex("1 to pause")]
    assert max(map(len, table.splitlines())) <= columns
    for whole in ("Night owls", "main/owls", "pause", "Outside", "ACTIVE", "2026-11-24", "EST"):
        assert whole in table
    blocks = [line.split() for line in table.splitlines()]
    assert (["status", "ACTIVE"] in blocks) == (columns < 110)


def test_what_never_changes_has_no_until(stage: Stage) -> None:
    stage.sandbox().add("Renewals east", schedule=None)
    stage.write(
        "calendars: {c: {timezone: UTC, hours: {mon-sun: ['00:00-24:00']}}}\n"
        "campaigns: {renewals: {match: {names: ['Renewals *']}, calendars: [c]}}\n"
    )
    assert stage.records("plan")[0]["until"] is None
    assert stage.run("plan").exit_code == 0


def test_jobs_that_cannot_be_read_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    reports = [PassReport("p", name, Trigger.REQUEST, 0.0, unreadable=count) for name, count in (("a", 0), ("b", 2))]
    assert tell_unread(reports)
    assert not tell_unread(reports[:1])
    assert capsys.readouterr().err == "Error: 2 job(s) of workspace b are unreadable\n"


def test_a_job_whose_schedule_agrees_has_no_drift(stage: Stage) -> None:
    stage.sandbox().add("Renewals east", schedule=FIT)
    assert stage.records("explain", "Renewals east")[0]["findings"] == []
