"""What was parsed once is not parsed again while it is the same, and says the same."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from controller.core.job import Job, Status
from controller.vogent.client import VogentClient
from controller.vogent.errors import ContractError
from controller.vogent.known_pages import KnownPages
from controller.vogent.wire import Body, Page, Unreadable, parse_job_page
from tests.vogent.answers import encode, raw_job

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]
JobPage = Page[Job | Unreadable]

ROWS = st.lists(
    st.sampled_from([raw_job(), raw_job(name="M"), raw_job(id="k", status="NEW"), raw_job(name=7), "nonsense"]),
    max_size=3,
)
PAGES = st.builds(lambda rows, cursor: {"data": rows, "cursor": cursor}, ROWS, st.sampled_from([None, "1"]))
BODIES = st.one_of(
    PAGES.map(encode),
    PAGES.map(lambda page: bytearray(encode(page) + b" ")),
    st.sampled_from([b"", b"[]", b"{", encode({"data": [raw_job(name="\ud83d")], "cursor": None})]),
)


def parsed(body: Body) -> JobPage:
    return parse_job_page("main", body)


def said(parse: Callable[[Body], JobPage], body: Body) -> JobPage | str:
    """The page, or what is wrong with it."""
    try:
        return parse(body)
    except ContractError as error:
        return str(error)


@given(st.lists(st.lists(BODIES, max_size=4), max_size=5))
def test_a_page_says_the_same_whether_it_was_read_before_or_not(readings: list[list[Body]]) -> None:
    known: Mapping[bytes, JobPage] = {}
    for bodies in readings:
        pages = KnownPages(parsed, known)
        assert [said(pages.page, body) for body in bodies] == [said(parsed, body) for body in bodies]
        known = pages.read


def test_what_the_last_reading_did_not_show_is_forgotten() -> None:
    numbers = count()
    first = KnownPages(lambda _: next(numbers), {})
    assert [first.page(b"a"), first.page(b"b")] == [0, 1]
    second = KnownPages(lambda _: next(numbers), first.read)
    assert second.page(b"b") == 1
    third = KnownPages(lambda _: next(numbers), second.read)
    assert [third.page(b"a"), third.page(b"b")] == [2, 1]


async def test_jobs_of_a_page_that_did_not_change_are_the_very_same_objects(
    serve: Serve, connect: Connect, job_json: JobJson
) -> None:
    changing = count()

    def answer(request: web.Request) -> dict[str, Any]:
        if request.query.get("cursor") is None:
            return {"data": [job_json("a"), job_json("b", name=None)], "cursor": "2"}
        return {"data": [job_json("c", name=f"c {next(changing)}")], "cursor": None}

    api = await connect((await serve(answer)).url)
    first, second = [await api.list_jobs(Status.ACTIVE) for _ in range(2)]
    assert [one is other for one, other in zip(first.jobs, second.jobs, strict=True)] == [True, False]
    assert [job.name for job in second.jobs] == ["Renewals a", "c 1"]
    assert first.unreadable == second.unreadable != ()


async def test_a_list_that_breaks_off_forgets_no_page_of_the_one_before(
    serve: Serve, connect: Connect, job_json: JobJson
) -> None:
    broken = iter([False, False, True, False, False])

    def answer(request: web.Request) -> dict[str, Any]:
        cursor = request.query.get("cursor")
        return {"data": [job_json(f"job-{cursor}")], "cursor": "2" if cursor is None or next(broken) else None}

    api = await connect((await serve(answer)).url)
    first = await api.list_jobs(Status.ACTIVE)
    again = await api.list_jobs(Status.ACTIVE)
    failed = False
    try:
        await api.list_jobs(Status.ACTIVE)
    except ContractError:
        failed = True
    last = await api.list_jobs(Status.ACTIVE)
    assert failed
    assert [*map(id, first.jobs)] == [*map(id, again.jobs)] == [*map(id, last.jobs)]
