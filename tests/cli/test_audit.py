import csv
import io
import json

import pytest

from tests.cli.stage import ServedSandbox, Stage

FIELDS = [
    "id",
    "at",
    "event",
    "actor",
    "workspace",
    "job",
    "name",
    "campaigns",
    "action",
    "reason",
    "detail",
    "result",
    "pass_id",
    "revision",
    "facts",
]


@pytest.fixture
def box(stage: Stage) -> ServedSandbox:
    """Two jobs that a pass paused, and one that it started."""
    box = stage.sandbox()
    for number in (1, 2):
        box.add(f"Night {number}", job_id=f"n{number}")
    box.add("Start me", "INIT", job_id="s1")
    assert stage.run("once").exit_code == 0
    return box


@pytest.mark.usefixtures("box")
def test_rows_are_as_documented_and_oldest_first(stage: Stage) -> None:
    rows = stage.records("audit")
    assert all(list(row) == FIELDS for row in rows)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    paused = next(row for row in rows if row["event"] == "job.paused")
    assert paused["at"].startswith("2026-11-24T17:0")
    assert paused["at"].endswith("Z")
    assert (paused["actor"], paused["campaigns"], paused["reason"]) == ("controller", ["night"], "outside_hours")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("--event", "job.paused"), {"n1", "n2"}),
        (("--event", "job.*"), {"n1", "n2", "s1"}),
        (("--job", "n1"), {"n1"}),
        (("--event", "job.*", "--workspace", "main"), {"n1", "n2", "s1"}),
        (("--workspace", "other"), set()),
        (("--event", "job.*", "--since", "2026-11-24T17:00Z"), {"n1", "n2", "s1"}),
        (("--until", "2026-11-24T17:00Z"), set()),
        (("--event", "job.*", "--limit", "1"), {"s1"}),
    ],
)
@pytest.mark.usefixtures("box")
def test_filters_are_anded(stage: Stage, asked: tuple[str, ...], expected: set[str]) -> None:
    assert {row["job"] for row in stage.records("audit", *asked)} == expected


@pytest.mark.usefixtures("box")
def test_lines_and_csv_hold_the_same_rows(stage: Stage) -> None:
    rows = stage.records("audit")
    lines = stage.run("audit", "--output", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows
    cells = list(csv.DictReader(io.StringIO(stage.run("audit", "--output", "csv").stdout)))
    assert list(cells[0]) == FIELDS
    assert [cell["event"] for cell in cells] == [row["event"] for row in rows]
    assert [json.loads(cell["facts"]) for cell in cells] == [row["facts"] for row in rows]


@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.usefixtures("box")
def test_the_table_is_readable(stage: Stage, columns: int) -> None:
    stage.env["COLUMNS"] = str(columns)
    shown = stage.run("audit", "--event", "job.paused").stdout
    assert max(map(len, shown.splitlines())) <= columns
    for whole in ("2026-11-24T17:0", "job.paused", "controller", "Night 1", "main/n1", "outside_hours"):
        assert whole in shown


def test_without_a_store_nothing_happened_and_nothing_is_made(stage: Stage) -> None:
    done = stage.run("audit", "--output", "json")
    assert (done.exit_code, done.stdout) == (0, "[]\n")
    assert "There is no store yet at sqlite:///" in done.stderr
    assert not (stage.folder / "var").exists()


@pytest.mark.usefixtures("box")
def test_nothing_that_fits_is_said(stage: Stage) -> None:
    done = stage.run("audit", "--job", "nobody")
    assert done.exit_code == 0
    assert "No line of the audit fits." in done.stderr


@pytest.mark.usefixtures("box")
def test_it_reads_beside_a_daemon(stage: Stage) -> None:
    stage.daemon()
    assert stage.records("audit", "--event", "rules.loaded")


def test_a_limit_below_one_is_bad_usage(stage: Stage) -> None:
    assert stage.run("audit", "--limit", "0").exit_code == 2
