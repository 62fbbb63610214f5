"""Seed files: the jobs that a sandbox begins with."""

from pathlib import Path
from typing import Any

import pytest

from controller.core.job import Status
from controller.sandbox import Sandbox, SeedError, SeedJob, load_jobs

JOBS = """
- name: US renewals 1
- id: eu-1
  name: EU renewals
  status: PAUSED
  agent: agent-2
  rows: 20
  max_concurrent_dials: 3
  schedule:
    timezone: Europe/Berlin
    days:
      - dayOfWeek: 1
        timeSlots: [{startTime: 09:00, endTime: 17:00}]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.yaml"


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(SeedError) as error:
        load_jobs(path)
    assert str(error.value) == "\n".join(error.value.problems)
    assert all(str(path) in problem for problem in error.value.problems)
    return [problem.removeprefix(str(path)) for problem in error.value.problems]


def test_a_seed_file_lists_jobs_and_fills_in_what_is_left_out(path: Path) -> None:
    path.write_text(JOBS)
    slots = [{"startTime": "09:00", "endTime": "17:00"}]
    schedule = {"timezone": "Europe/Berlin", "days": [{"dayOfWeek": 1, "timeSlots": slots}]}
    assert load_jobs(path) == [
        SeedJob("US renewals 1", Status.INIT, "agent-1", 100, 5, None, None),
        SeedJob("EU renewals", Status.PAUSED, "agent-2", 20, 3, schedule, "eu-1"),
    ]


def test_json_is_read_too(path: Path) -> None:
    path.write_text('[{"name": "a", "status": "ACTIVE"}]')
    assert load_jobs(path) == [SeedJob("a", Status.ACTIVE)]


def test_seeded_jobs_are_in_the_sandbox_under_their_ids(path: Path, sandbox: Sandbox) -> None:
    path.write_text(JOBS)
    sandbox.add_job("first", job_id="job-0002")
    assert sandbox.add_jobs(load_jobs(path)) == ["job-0003", "eu-1"]
    assert sandbox.status("eu-1") is Status.PAUSED
    with pytest.raises(ValueError, match="'eu-1' is taken"):
        sandbox.add_job("again", job_id="eu-1")
    with pytest.raises(ValueError, match="no status UNKNOWN"):
        sandbox.add_job("again", status=Status.UNKNOWN)


@pytest.mark.parametrize("text", ["", "name: a", "just text"])
def test_a_file_that_is_no_list_is_refused(path: Path, text: str) -> None:
    assert problems(path, text) == [": the file must hold a list of jobs, such as `- {name: US renewals 1, rows: 50}`"]


def test_all_wrong_fields_are_reported_at_once_with_their_places(path: Path) -> None:
    text = """
- {name: a, status: RUNNING, rows: -1}
- {rows: many}
- {name: c, max_concurrent_dials: 0, colour: red, id: "a/b"}
- just text
"""
    found = problems(path, text)
    assert [problem.split(": ")[1] for problem in found] == [
        "[0].status",
        "[0].rows",
        "[1].name",
        "[1].rows",
        "[2].max_concurrent_dials",
        "[2].id",
        "[2].colour",
        "[3]",
    ]
    assert "'INIT', 'ACTIVE', 'PAUSED', 'COMPLETE' or 'CANCELLED'" in found[0]


def test_equal_ids_and_schedules_that_cannot_be_read_are_refused(path: Path) -> None:
    text = """
- {name: a, id: x}
- {name: b, id: x, schedule: {days: [], timezone: Mars/Olympus}}
- {name: c, schedule: {days: [{dayOfWeek: 8, timeSlots: []}], timezone: UTC}}
- {name: d, schedule: {days: [{dayOfWeek: 1, timeSlots: [{startTime: "22:00", endTime: "02:00"}]}], timezone: UTC}}
- {name: e, schedule: {days: []}}
"""
    assert problems(path, text) == [
        ": [1].id: 'x' is the id of [0] too; ids must differ",
        ": [1].schedule: 'Mars/Olympus' is no IANA time zone such as America/New_York",
        ": [2].schedule: dayOfWeek 8 is none of 0 (Sunday) to 6 (Saturday)",
        ": [3].schedule: the slot 22:00-02:00 does not end after its start on the same day",
        ": [4].schedule: days, dayOfWeek, timeSlots, startTime, endTime and timezone are wanted: 'timezone'",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- name: [a", ":1:"),
        ("- {name: a, name: b}", ":1:13: "),
        ("\x00", ": this is no"),
        ("[" * 600, ": this is no"),
    ],
)
def test_a_text_that_is_no_yaml_is_refused_with_its_place(path: Path, text: str, place: str) -> None:
    (problem,) = problems(path, text)
    assert problem.startswith(place)
    assert "YAML or JSON" in problem


def test_a_text_that_is_not_utf8_is_refused(path: Path) -> None:
    path.write_bytes(b"- name: \xff\xfe")
    with pytest.raises(SeedError, match="no YAML or JSON text in UTF-8"):
        load_jobs(path)


def test_a_file_beyond_all_reason_is_not_even_parsed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.sandbox.seed.LARGEST_FILE", 10)
    assert problems(path, JOBS) == [f": the file has {len(JOBS)} bytes; at most 10 are read"]


def test_a_file_that_is_not_there_is_an_os_error(path: Path, clock: Any) -> None:
    assert clock.now()
    with pytest.raises(FileNotFoundError):
        load_jobs(path)


def test_json_says_any_character_as_json_does(tmp_path: Path) -> None:
    path = tmp_path / "jobs.json"
    path.write_text('[{"name": "\\ud83d\\udcde Spring"}]')
    assert [job.name for job in load_jobs(path)] == ["\N{TELEPHONE RECEIVER} Spring"]
