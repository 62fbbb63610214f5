import csv
import io
import json

import pytest

from controller.cli.output import show
from controller.shown.printable import printable

FIELDS = ("name", "list", "number")


def shown(capsys: pytest.CaptureFixture[str], output: str, *records: dict[str, object]) -> str:
    show(output, records, FIELDS, lambda: "a table")
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
)
def test_a_cell_that_a_spreadsheet_would_run_gets_a_quote(capsys: pytest.CaptureFixture[str], text: str) -> None:
    rows = list(csv.reader(io.StringIO(shown(capsys, "csv", {"name": text}), newline="")))
    assert rows[1][0] == f"'{text}"


def test_other_cells_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    rows = csv.reader(io.StringIO(shown(capsys, "csv", {"name": 'a=1, "b"\nc', "list": ["=1", {}], "number": -1})))
    assert list(rows) == [list(FIELDS), ['a=1, "b"\nc', '["=1", {}]', "-1"]]


def test_a_carriage_return_begins_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "csv", {"name": "\r=1", "list": "a\r\nb\r=1"})
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [["'\n=1", "a\nb\n=1", ""]]


def test_what_a_record_lacks_is_an_empty_cell(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "csv", {"number": None}) == "name,list,number\n,,\n"


def test_json_is_one_array_and_json_lines_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    records: list[dict[str, object]] = [{"name": "é"}, {"name": "b\n"}]
    assert json.loads(shown(capsys, "json", *records)) == records
    assert shown(capsys, "jsonl", *records) == '{"name": "é"}\n{"name": "b\\n"}\n'
    assert shown(capsys, "json") == "[]\n"
    assert shown(capsys, "jsonl") == ""


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "table", {"name": "x"}) == "a table\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é", "plain é"),
        ("two\nlines", "two\nlines"),
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
        ("\u202eright", "\\u202eright"),
        ("\x9b2J", "\\x9b2J"),
    ],
)
def test_what_would_move_the_cursor_or_hide_text_is_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected
