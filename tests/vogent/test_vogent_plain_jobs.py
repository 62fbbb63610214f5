"""The quick reading of answers: of what is as it should be, and never otherwise than the careful one."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.core.job import Status
from controller.vogent.errors import ContractError
from controller.vogent.plain_jobs import plain_job, plain_page
from controller.vogent.wire import parse_job_page_with_care, parse_job_with_care
from tests.vogent.answers import JSON_VALUES, encode, raw_job

SCHEDULE = {"timezone": "America/New_York", "days": [{"dayOfWeek": 1, "timeSlots": [{"startTime": "09:00"}]}]}
USUAL = raw_job(
    name="Verlängerung \u4e00", schedule=SCHEDULE, createdAt="2026-11-20T10:00:00Z", retries=[1, 2.5, {"a": None}]
)

CHARACTERS = [bytes([each]) for each in b'"\\{}[],:09-.eNt\x00\xff\xc3']
PIECES = st.sampled_from(
    [
        *CHARACTERS,
        *(b"\xef\xbb\xbf", b"null", b"true", b"1e999", b"9" * 20, b"9" * 1001, b"[" * 300, b"\\ud800", b"\\u0041"),
        b'"id":"k",',
        b'"status":"ACTIVE",',
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An answer into which a few odd pieces got, in the place of others."""
    body = json.dumps(USUAL, ensure_ascii=draw(st.booleans())).encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        body = body[:start] + draw(PIECES) + body[start + draw(st.integers(0, 8)) :]
    return body


def careful(body: bytes) -> Any:
    try:
        return parse_job_with_care("main", body)
    except ContractError:
        return None


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("status", [status for status in Status if status is not Status.UNKNOWN])
def test_an_answer_as_it_should_be_is_read_quickly(status: Status, ascii_only: bool) -> None:
    body = json.dumps(USUAL | {"status": status.value}, ensure_ascii=ascii_only).encode()
    job = plain_job("main", body)
    assert job is not None
    assert job == parse_job_with_care("main", body)
    page = f'{{"data": [{body.decode()}], "cursor": "c"}}'.encode()
    assert plain_page("main", page) == ((job,), "c")


def test_jobs_share_their_schedules_and_agents() -> None:
    one, other = plain_job("main", encode(USUAL)), plain_job("main", encode(USUAL | {"id": "k"}))
    assert one is not None
    assert other is not None
    assert one.schedule is other.schedule
    assert one.agent_id is other.agent_id


@given(changes=st.dictionaries(st.sampled_from([*USUAL, "x"]), JSON_VALUES), ascii_only=st.booleans())
@example(changes={"schedule": {"a": 10**18}}, ascii_only=True)
@example(changes={"schedule": {"a": -0.0}}, ascii_only=True)
@example(changes={"schedule": [-0, 1e300, 1.0]}, ascii_only=True)
@example(changes={"schedule": "\ud800"}, ascii_only=True)
@example(changes={"id": ""}, ascii_only=True)
@example(changes={"id": "\ufffd"}, ascii_only=False)
@example(changes={"status": "UNKNOWN"}, ascii_only=True)
def test_whatever_the_fields_hold_it_reads_as_the_careful_one_or_leaves_it(
    changes: dict[str, Any], ascii_only: bool
) -> None:
    body = json.dumps(USUAL | changes, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    job = plain_job("main", body)
    assert job is None or job == careful(body)


@given(damaged())
@example(b'{"id":"a","name":"n","callAgentId":"x","status":"PAUSED","id":"b"}')
@example(b'{"id":"a","name":"n","callAgentId":"x","status":"PAUSED","schedule":"\xff"}')
@example(b'{"id":"a","name":"n","callAgentId":"x","status":"PAUSED","\xff":"\xff"}')
@example(b'{"id":"a","name":"n","callAgentId":"x","status":"PAUSED","y":' + b"[" * 900 + b"]" * 900 + b"}")
@example(b'{"id":"a","name":"n","callAgentId":"x","status":"PAUSED","schedule":' + b"9" * 5000 + b"}")
@example(b'{"id":"a","name":"n","callAgentId":"x","status":"PAUSED"} x')
@example(b'["a","n","x","PAUSED"]')
def test_whatever_befell_an_answer_it_reads_as_the_careful_one_or_leaves_it(body: bytes) -> None:
    job = plain_job("main", body)
    assert job is None or job == careful(body)


@given(st.lists(st.dictionaries(st.sampled_from([*USUAL]), JSON_VALUES, max_size=1), max_size=3), JSON_VALUES)
def test_a_page_is_read_as_the_careful_one_reads_it_or_left(rows: list[dict[str, Any]], cursor: Any) -> None:
    body = encode({"data": [USUAL | row for row in rows], "cursor": cursor})
    page = plain_page("main", body)
    if page is not None:
        assert page == (parse_job_page_with_care("main", body).items, cursor)
