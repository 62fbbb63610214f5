"""One odd value in an answer spoils neither its job nor its page, and keeps nobody busy."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.job import Job, Status
from controller.core.schedule import UnreadableScheduleError, read_schedule
from controller.vogent.errors import ContractError
from controller.vogent.mending import LONGEST_BODY, mended
from controller.vogent.wire import QueuedDial, Unreadable, parse_job, parse_job_page, parse_queue_page
from tests.vogent.answers import JSON_VALUES, encode, raw_job


def page_with(row: bytes) -> bytes:
    """A page of three, that row in the middle."""
    return b'{"data": [' + b", ".join((encode(raw_job()), row, encode(raw_job(id="l")))) + b'], "cursor": "c"}'


def with_field(field: str, value: bytes) -> bytes:
    """A job's row with one more field, as it stands."""
    return encode(raw_job(id="k"))[:-1] + b', "' + field.encode() + b'": ' + value + b"}"


ODD_VALUES = {
    "half a pair": b'"cut \\ud83d"',
    "the other half": b'"\\uDE00 cut"',
    "half a pair in a key": b'{"\\ud83d": 1}',
    "not utf-8": b'"caf\xe9"',
    "many digits": b"9" * 5000,
    "many digits below zero": b"-" + b"9" * 100_000,
    "deep lists": b"[" * 300 + b"]" * 300,
    "deeper than any parser goes": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a": [' * 150 + b'"]}", {}' + b"]}" * 150,
}
odd = pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES.keys())


@odd
def test_an_odd_value_that_decides_nothing_changes_nothing(value: bytes) -> None:
    row = with_field("brandNew", value)
    expected = parse_job("main", encode(raw_job(id="k")))
    assert parse_job("main", row) == expected
    page = parse_job_page("main", page_with(row))
    assert [item.id for item in page.items] == ["j", "k", "l"]
    assert page.items[1] == expected
    assert page.cursor == "c"


@odd
def test_a_job_with_an_odd_schedule_is_read_and_its_schedule_is_not(value: bytes) -> None:
    job = parse_job("main", with_field("schedule", value))
    assert (job.id, job.status) == ("k", Status.PAUSED)
    assert job.schedule is not None
    with pytest.raises(UnreadableScheduleError) as caught:
        read_schedule(job.schedule)
    str(caught.value).encode()


def test_half_a_surrogate_pair_in_a_name_is_replaced_and_whole_ones_stay() -> None:
    name = r"\ud83d\ude00 \\ud83d \" cut \ud83d\ud83d\ude00\udE00\u00e9"
    row = b'{"id": "k", "name": "' + name.encode() + b'", "callAgentId": "a\\udfff", "status": "PAUSED\\ud800"}'
    job = parse_job_page("main", page_with(row)).items[1]
    assert isinstance(job, Job)
    assert job.name == '\U0001f600 \\ud83d " cut \ufffd\U0001f600\ufffd\u00e9'
    assert (job.agent_id, job.status, job.status_text) == ("a\ufffd", Status.UNKNOWN, "PAUSED\ufffd")
    assert job.name.isprintable()
    job.name.encode()


def test_an_id_with_half_a_surrogate_pair_is_not_taken_for_another_id() -> None:
    good, bad, last = parse_job_page("main", page_with(encode(raw_job(id="cut \ud83d")))).items
    assert (good.id, last.id) == ("j", "l")
    assert isinstance(bad, Unreadable)
    assert bad.problem.startswith("id: ")


def test_a_job_that_is_wrong_and_odd_too_does_not_spoil_its_page() -> None:
    page = parse_job_page("main", page_with(encode(raw_job(id="k", name=None, extra="\ud83d"))))
    assert page.items[1] == Unreadable("k", "name: Input should be a valid string")
    assert [item.id for item in page.items] == ["j", "k", "l"]


@pytest.mark.parametrize("digits", [999, 1000, 4299, 4300, 4301])
@pytest.mark.parametrize("field", ["status", "schedule"])
def test_a_number_of_any_length_is_no_known_value(digits: int, field: str) -> None:
    row = encode({**raw_job(id="k"), field: "HERE"}).replace(b'"HERE"', b"9" * digits)
    job = parse_job_page("main", page_with(row)).items[1]
    assert isinstance(job, Job)
    assert (job.status is Status.UNKNOWN) is (field == "status")


@pytest.mark.parametrize(
    "noise",
    [
        b"[",
        b"]",
        b"[]",
        b"{",
        b'"',
        b'\\"',
        b'"\\',
        b'"",',
        b"9",
        b"9" * 999 + b"-",
        b"\\ud83d",
        b'"\\ud83d"',
        b"\xff",
        b"[{",
    ],
)
def test_no_answer_of_an_allowed_length_keeps_the_wire_busy(noise: bytes) -> None:
    body = b'{"data": ["\\ud83d", ' + noise * (2**19 // len(noise))
    begun = time.process_time()
    with pytest.raises(ContractError):
        parse_job_page("main", body)
    assert time.process_time() - begun < 2
    assert len(mended(body)) < 8 * len(body)


def test_an_answer_that_is_too_long_is_not_mended() -> None:
    body = page_with(with_field("brandNew", b'"\\ud83d' + b" " * LONGEST_BODY + b'"'))
    with pytest.raises(ContractError, match="not a page of jobs: answer: Invalid JSON"):
        parse_job_page("main", body)


def test_a_queue_row_with_an_odd_text_does_not_spoil_its_page() -> None:
    rows = [{"id": "r1", "toNumber": "+12125550123", "inputs": {"x": "cut \ud83d"}}]
    assert parse_queue_page(encode({"data": rows, "cursor": None})).items == (QueuedDial("r1", "+12125550123"),)


@given(JSON_VALUES)
def test_mending_changes_nothing_that_is_not_odd(value: Any) -> None:
    for text in (encode(value), json.dumps(value, ensure_ascii=False).encode()):
        assert json.loads(mended(text)) == value


@given(st.text(alphabet=st.sampled_from('[]{}",:\\ud8D3fc9- e\u00e9')))
def test_no_text_crashes_the_wire(text: str) -> None:
    for body in (text.encode(), page_with(with_field("x", text.encode()))):
        try:
            parse_job_page("main", body)
        except ContractError as error:
            assert str(error).startswith("the answer is not a page of jobs")  # noqa: PT017 - both ends are fine
