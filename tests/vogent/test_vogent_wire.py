"""What the wire makes of answers, good and bad."""

import json
from typing import Any

import pytest
from hypothesis import given

from controller.core.job import Job, Status
from controller.vogent.errors import ContractError
from controller.vogent.wire import (
    Unreadable,
    parse_job,
    parse_job_page,
    parse_queue_page,
)
from tests.vogent.answers import JSON_VALUES, encode, raw_job

SCHEDULE = {"timezone": "America/New_York", "days": [{"dayOfWeek": 1, "timeSlots": []}]}
CANONICAL = '{"days":[{"dayOfWeek":1,"timeSlots":[]}],"timezone":"America/New_York"}'


def test_a_job_becomes_a_lean_record_whatever_else_the_answer_holds() -> None:
    body = encode(raw_job(schedule=SCHEDULE, maxConcurrentDials=3, brandNew={"x": [1]}))
    assert parse_job("main", body) == Job("main", "j", "N", Status.PAUSED, "a", CANONICAL, "PAUSED")


@pytest.mark.parametrize("status", ["INIT", "ACTIVE", "PAUSED", "COMPLETE", "CANCELLED"])
def test_every_status_of_the_reference_is_known(status: str) -> None:
    job = parse_job("main", encode(raw_job(status=status)))
    assert (job.status, job.status_text) == (Status(status), status)
    assert job.status is not Status.UNKNOWN


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (None, "null"),
        (7, "7"),
        (True, "true"),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ("", ""),
        ("active", "active"),
        ("ACTIVE ", "ACTIVE "),
        ("UNKNOWN", "UNKNOWN"),
        ("ARCHIVED", "ARCHIVED"),
        ("x" * 41, "x" * 40),
        (["PAUSED"] * 100, ('["PAUSED"' + ',"PAUSED"' * 9)[:40]),
    ],
)
def test_any_other_status_is_unknown_and_says_what_came(status: Any, text: str) -> None:
    job = parse_job("main", encode(raw_job(status=status)))
    assert (job.status, job.status_text) == (Status.UNKNOWN, text)


def test_a_missing_status_is_unknown_too() -> None:
    row = raw_job()
    del row["status"]
    job = parse_job("main", encode(row))
    assert (job.status, job.status_text) == (Status.UNKNOWN, "absent")


@pytest.mark.parametrize("changes", [{}, {"schedule": None}])
def test_a_schedule_that_is_null_or_absent_is_none(changes: dict[str, Any]) -> None:
    assert parse_job("main", encode(raw_job(**changes))).schedule is None


def test_equal_schedules_share_one_string_however_their_keys_are_ordered() -> None:
    turned = dict(reversed(SCHEDULE.items()))
    one = parse_job("main", encode(raw_job(schedule=SCHEDULE)))
    other = parse_job("main", encode(raw_job(id="k", schedule=turned)))
    assert one.schedule is other.schedule


@pytest.mark.parametrize("schedule", [7, "always", [], {}, {"days": "all"}, {"days": [{"dayOfWeek": 9}]}])
def test_a_schedule_is_kept_and_never_interpreted(schedule: Any) -> None:
    text = parse_job("main", encode(raw_job(schedule=schedule))).schedule
    assert text is not None
    assert json.loads(text) == schedule


@given(JSON_VALUES)
def test_no_answer_crashes_the_wire(value: Any) -> None:
    for body in (encode(value), encode({"data": [value], "cursor": None}), encode(raw_job(status=value))):
        for parse in (
            lambda body: parse_job("main", body),
            lambda body: parse_job_page("main", body),
            parse_queue_page,
        ):
            try:
                parse(body)
            except ContractError as error:
                assert str(error).startswith("the answer is not a ")  # noqa: PT017 - both ends are fine, a crash is not


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>Sign in</html>",
        b"\xff\xfe",
        b'{"id": "j", "name": "N", "callAgentId": "a"',
        encode(raw_job(id=None)),
        encode(raw_job(id="")),
        encode(raw_job(id=7)),
        encode(raw_job(name=None)),
        encode(raw_job(callAgentId=None)),
        encode({"name": "N", "callAgentId": "a"}),
        encode({"id": "j", "callAgentId": "a"}),
        encode({"data": [], "cursor": None}),
        b"[" * 5_000_000,
        encode(raw_job(id="cut \ud83d")),
        encode(raw_job())[:-1] + b', "schedule": ' + b"[" * 100_000 + b"]" * 99_990,
    ],
)
def test_an_answer_that_is_no_job_is_a_contract_error(body: bytes) -> None:
    with pytest.raises(ContractError, match=r"^the answer is not a job: ") as caught:
        parse_job("main", body)
    assert len(str(caught.value)) < 300


def test_a_contract_error_names_the_place_and_never_the_content() -> None:
    with pytest.raises(ContractError) as caught:
        parse_job("main", encode({"id": ["secret-1"], "name": {"secret-2": 1}, "callAgentId": "a"}))
    assert str(caught.value) == (
        "the answer is not a job: id: Input should be a valid string; name: Input should be a valid string"
    )
    assert caught.value.__context__ is None


def test_a_message_names_a_few_problems_and_counts_the_rest() -> None:
    with pytest.raises(ContractError, match=r"data\.0\.id: .*; and 5 more$"):
        parse_queue_page(encode({"data": [{}, {}, {}, {}], "cursor": None}))


def test_a_page_gives_its_jobs_in_order_and_the_cursor_as_it_came() -> None:
    page = parse_job_page("main", encode({"data": [raw_job(), raw_job(id="k")], "cursor": "a+b/c=="}))
    assert [row.id for row in page.items] == ["j", "k"]
    assert page.cursor == "a+b/c=="


def test_one_unreadable_job_does_not_spoil_its_page() -> None:
    rows = [raw_job(), raw_job(id="k", name=None), 7, raw_job(id=""), raw_job(id="l", status=None)]
    page = parse_job_page("main", encode({"data": rows, "cursor": None}))
    good, bad, number, empty, odd = page.items
    assert isinstance(good, Job)
    assert bad == Unreadable("k", "name: Input should be a valid string")
    assert number == Unreadable(None, "not an object")
    assert empty == Unreadable(None, "id: String should have at least 1 character")
    assert isinstance(odd, Job)
    assert odd.status is Status.UNKNOWN


@pytest.mark.parametrize(
    "page",
    [
        {"data": []},
        {"cursor": None},
        {"data": None, "cursor": None},
        {"data": {}, "cursor": None},
        {"data": [], "cursor": 7},
        [raw_job()],
    ],
)
def test_a_page_without_its_data_or_its_cursor_is_a_contract_error(page: Any) -> None:
    with pytest.raises(ContractError, match="not a page of jobs"):
        parse_job_page("main", encode(page))


def test_a_queue_page_gives_ids_and_numbers() -> None:
    rows = [{"id": "r1", "toNumber": "+12125550123", "inputs": {"x": "y"}}]
    page = parse_queue_page(encode({"data": rows, "cursor": None}))
    assert [(row.id, row.to_number) for row in page.items] == [("r1", "+12125550123")]
