"""Reading the answers that are as they should be, quickly: at a close ten thousand come.

Only what decides is read, the rest is skipped. Where anything about an answer is odd this gives None, and `wire` reads
all of it with care and says what is wrong; where this gives jobs, `wire` would have given the same.
"""

import json
import sys
from functools import lru_cache, partial
from typing import NoReturn

import msgspec

from controller.core.job import Job, Status
from controller.vogent.mending import REPLACEMENT
from controller.vogent.schedule_text import compact

_DIGITS = 9
"""More digits than a number in a schedule has."""


class _Job(msgspec.Struct, frozen=True, gc=False):
    id: str
    name: str
    agent_id: str = msgspec.field(name="callAgentId")
    status: msgspec.Raw
    schedule: msgspec.Raw = msgspec.Raw(b"null")


class _Page(msgspec.Struct, frozen=True, gc=False):
    data: list[_Job]
    cursor: str | None


_JOB = msgspec.json.Decoder(_Job)
_PAGE = msgspec.json.Decoder(_Page)
_STATUSES = {f'"{status}"'.encode(): (status, status.value) for status in Status if status is not Status.UNKNOWN}


def plain_job(workspace: str, body: bytes | bytearray) -> Job | None:
    """The job that the answer is."""
    try:
        return _job(workspace, _JOB.decode(body))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def plain_page(workspace: str, body: bytes | bytearray) -> tuple[tuple[Job, ...], str | None] | None:
    """The jobs of a page in their order, and its cursor."""
    try:
        page = _PAGE.decode(body)
        return tuple([_job(workspace, row) for row in page.data]), page.cursor
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _job(workspace: str, row: _Job) -> Job:
    """Raises ValueError for what is odd."""
    if not row.id or REPLACEMENT in row.id:
        raise ValueError("an id that the API cannot have given")
    known = _STATUSES.get(bytes(row.status))
    if known is None:
        raise ValueError("a status that the reference does not list, or not written as usual")
    status, status_text = known
    schedule = _canonical(bytes(row.schedule))
    # Thousands of jobs share a few agents: interned, the record stays at a few hundred bytes.
    return Job(workspace, row.id, row.name, status, sys.intern(row.agent_id), schedule, status_text)


@lru_cache(maxsize=1024)
def _canonical(text: bytes) -> str | None:
    """As `canonical_schedule`. Thousands of jobs share a few schedules, and are read again and again."""
    schedule = _DECODE(text.decode())
    return None if schedule is None else sys.intern(compact(schedule))


def _integer(text: str) -> int:
    return int(text) if len(text) <= _DIGITS else _odd(text)


def _odd(_text: str) -> NoReturn:
    raise ValueError("a number that no schedule has")


_DECODE = partial(json.loads, parse_int=_integer, parse_float=_odd, parse_constant=_odd)
