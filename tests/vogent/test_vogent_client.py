"""What the client sends, and what it makes of good answers and of refusals."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from controller.core.job import Status
from controller.vogent import client as client_module
from controller.vogent.api import JobsApi
from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.errors import (
    ApiError,
    ContractError,
    ErrorReason,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from controller.vogent.wire import Unreadable

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]

READS: list[Callable[[JobsApi], Awaitable[Any]]] = [
    lambda api: api.list_jobs(None),
    lambda api: api.get_job("job-1"),
    lambda api: api.queue("job-1"),
]
PAUSE: Callable[[JobsApi], Awaitable[Any]] = lambda api: api.pause("job-1")  # noqa: E731 - one of a table's rows
UNREPEATED: list[Callable[[JobsApi], Awaitable[Any]]] = [
    lambda api: api.unpause("job-1"),
    lambda api: api.put_schedule("job-1", {"days": [], "timezone": "UTC"}),
]
LIST, GET, QUEUE = READS
ALL = [*READS, PAUSE, *UNREPEATED]


async def test_every_request_carries_the_key_our_name_and_asks_for_no_compression(
    serve: Serve,
    connect: Connect,
    canary: str,
    job_json: JobJson,
) -> None:
    server = await serve(lambda _: job_json())
    await (await connect(server.url)).get_job("job-1")
    headers = server.seen[0].headers
    assert headers["Authorization"] == f"Bearer {canary}"
    assert headers["User-Agent"].startswith("campaign-controller/")
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(("method", "paused"), [("pause", True), ("unpause", False)])
async def test_pause_and_unpause_post_the_state_and_give_the_job_that_comes_back(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    method: str,
    paused: bool,
) -> None:
    server = await serve(lambda _: job_json(status="PAUSED"))
    job = await getattr(await connect(server.url), method)("job-1")
    (seen,) = server.seen
    assert (seen.method, seen.raw_path) == ("POST", "/api/batch_dial_jobs/job-1/paused")
    assert json.loads(seen.body) == {"paused": paused}
    assert (job.key, job.status) == (("main", "job-1"), Status.PAUSED)


async def test_a_schedule_is_put_as_it_was_given(serve: Serve, connect: Connect, job_json: JobJson) -> None:
    server = await serve(lambda _: job_json(schedule={"timezone": "UTC", "days": []}))
    schedule = {"days": [], "timezone": "UTC", "disableSchedule": False}
    job = await (await connect(server.url)).put_schedule("job-1", schedule)
    (seen,) = server.seen
    assert (seen.method, seen.raw_path) == ("PUT", "/api/batch_dial_jobs/job-1")
    assert json.loads(seen.body) == {"schedule": schedule}
    assert job.schedule == '{"days":[],"timezone":"UTC"}'


@pytest.mark.parametrize("job_id", ["a/b", "a b", "ä", "a?b#c", "100%", "%2e%2e", "a;b", "…"])
async def test_an_id_stays_one_segment_of_the_path(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    job_id: str,
) -> None:
    server = await serve(lambda _: job_json(job_id, status="PAUSED"))
    api = await connect(server.url)
    assert (await api.get_job(job_id)).id == job_id
    await api.pause(job_id)
    read, write = (seen.raw_path.split("/") for seen in server.seen)
    assert read[:3] == write[:3] == ["", "api", "batch_dial_jobs"]
    assert (len(read), len(write), write[4]) == (4, 5, "paused")
    assert read[3] == write[3]


@pytest.mark.parametrize("job_id", ["", ".", "..", "../batch_dial_jobs", "a/../b", "a\\..\\b", "./a", "\ud800"])
async def test_an_id_that_could_reach_another_endpoint_is_never_sent(
    serve: Serve,
    connect: Connect,
    job_id: str,
) -> None:
    server = await serve(lambda _: {})
    api = await connect(server.url)
    with pytest.raises(NotFound, match="cannot be a job's id"):
        await api.get_job(job_id)
    for write in (api.pause, api.unpause, api.queue):
        with pytest.raises(Rejected, match="cannot be a job's id"):
            await write(job_id)
    assert server.seen == []


async def test_a_list_follows_the_cursor_verbatim_to_its_null(
    serve: Serve, connect: Connect, job_json: JobJson
) -> None:
    cursors = ["a+b/c==", "ünï&limit=1 %20", None]
    pages = iter(enumerate(cursors))

    def answer(_: web.Request) -> dict[str, Any]:
        number, cursor = next(pages)
        return {"data": [job_json(f"job-{number}", status="PAUSED")], "cursor": cursor}

    server = await serve(answer)
    listing = await (await connect(server.url)).list_jobs(Status.PAUSED)
    assert [job.id for job in listing.jobs] == ["job-0", "job-1", "job-2"]
    assert [seen.query for seen in server.seen] == [
        {"limit": "100", "status": "PAUSED"},
        {"limit": "100", "status": "PAUSED", "cursor": cursors[0]},
        {"limit": "100", "status": "PAUSED", "cursor": cursors[1]},
    ]


async def test_a_list_without_a_status_asks_for_none(serve: Serve, connect: Connect, job_json: JobJson) -> None:
    server = await serve(lambda _: {"data": [job_json(status="ODD")], "cursor": None})
    listing = await (await connect(server.url)).list_jobs(None)
    assert [job.status for job in listing.jobs] == [Status.UNKNOWN]
    assert server.seen[0].query == {"limit": "100"}


async def test_a_list_by_the_unknown_status_is_refused(connect: Connect) -> None:
    with pytest.raises(ValueError, match="no status UNKNOWN"):
        await (await connect("http://127.0.0.1:1/api")).list_jobs(Status.UNKNOWN)


async def test_a_status_filter_that_the_server_ignores_is_applied_here(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    statuses = ["INIT", "ACTIVE", "PAUSED", "COMPLETE", "CANCELLED", None, "NEW"]
    rows = [job_json(f"job-{number}", status=status) for number, status in enumerate(statuses)]
    server = await serve(lambda _: {"data": rows, "cursor": None})
    api = await connect(server.url)
    assert [job.id for job in (await api.list_jobs(Status.ACTIVE)).jobs] == ["job-1"]
    assert len((await api.list_jobs(None)).jobs) == len(statuses)


async def test_a_job_that_moves_between_pages_is_given_once_as_last_read(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    pages = {
        None: {
            "data": [job_json("a"), job_json("b", name="old"), job_json("c", name=None), job_json("d")],
            "cursor": "2",
        },
        "2": {
            "data": [
                job_json("a", status="PAUSED"),
                job_json("b", name="new"),
                job_json("c"),
                job_json("d", name=None),
                {"id": 7},
            ],
            "cursor": None,
        },
    }
    server = await serve(lambda request: pages[request.query.get("cursor")])
    listing = await (await connect(server.url)).list_jobs(Status.ACTIVE)
    assert [(job.id, job.name) for job in listing.jobs] == [("b", "new"), ("c", "Renewals c")]
    assert [row.id for row in listing.unreadable] == ["d", None]
    assert listing.unreadable[0] == Unreadable("d", "name: Input should be a valid string")


@pytest.mark.parametrize("cursors", [["x", "x"], ["x", "y", "x"], ["", ""]])
@pytest.mark.parametrize("read", [LIST, QUEUE])
async def test_a_cursor_that_comes_again_stops_the_list_loudly(
    serve: Serve,
    connect: Connect,
    read: Callable[[JobsApi], Awaitable[Any]],
    cursors: list[str],
) -> None:
    left = iter(cursors)
    server = await serve(lambda _: {"data": [], "cursor": next(left)})
    with pytest.raises(ContractError, match="leads back"):
        await read(await connect(server.url))
    assert len(server.seen) == len(cursors)


async def test_a_list_that_never_ends_is_given_up(
    serve: Serve,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert client_module.MOST_PAGES == 10_000
    monkeypatch.setattr(client_module, "MOST_PAGES", 5)
    server = await serve(lambda request: {"data": [], "cursor": request.query.get("cursor", "") + "x"})
    with pytest.raises(ContractError, match="does not end after 5 pages"):
        await (await connect(server.url)).list_jobs(None)
    assert len(server.seen) == 5


async def test_a_queue_gives_every_row_once(serve: Serve, connect: Connect) -> None:
    rows = {"1": ["r2", "r3"], None: ["r1", "r2"]}

    def answer(request: web.Request) -> dict[str, Any]:
        cursor = request.query.get("cursor")
        data = [{"id": row, "toNumber": "+12125550123"} for row in rows[cursor]]
        return {"data": data, "cursor": None if cursor else "1"}

    server = await serve(answer)
    queue = await (await connect(server.url)).queue("job-1")
    assert [row.id for row in queue] == ["r1", "r2", "r3"]
    assert server.seen[0].raw_path == "/api/batch_dial_jobs/job-1/queue"


async def test_an_answer_about_another_job_is_a_contract_error(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    server = await serve(lambda _: job_json("job-2"))
    api = await connect(server.url)
    with pytest.raises(ContractError, match="main: read job 'job-1': the answer is another job") as read:
        await api.get_job("job-1")
    assert not read.value.outcome_unknown
    for write in (PAUSE, *UNREPEATED):
        server.seen.clear()
        with pytest.raises(ContractError, match="another job") as caught:
            await write(api)
        assert caught.value.outcome_unknown
        assert len(server.seen) == 1, "an answer that cannot be read is not asked for again"


@pytest.mark.parametrize("call", ALL)
@pytest.mark.parametrize("status", [401, 403])
async def test_401_and_403_are_unauthorized_and_sent_once(
    serve: Serve,
    connect: Connect,
    call: Callable[[JobsApi], Awaitable[Any]],
    status: int,
) -> None:
    server = await serve(lambda _: web.json_response({"secret": "body"}, status=status))
    with pytest.raises(Unauthorized) as caught:
        await call(await connect(server.url))
    assert (caught.value.reason, caught.value.status) == (ErrorReason.UNAUTHORIZED, status)
    assert not caught.value.outcome_unknown
    assert len(server.seen) == 1
    assert "body" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_400_404_and_422_mean_not_found_for_the_reading_of_one_job_only(
    serve: Serve,
    connect: Connect,
    status: int,
) -> None:
    server = await serve(lambda _: web.Response(status=status))
    api = await connect(server.url)
    with pytest.raises(NotFound) as caught:
        await GET(api)
    assert (caught.value.reason, caught.value.status) == (ErrorReason.NOT_FOUND, status)
    for call in (LIST, QUEUE, PAUSE, *UNREPEATED):
        with pytest.raises(Rejected) as caught_rejected:
            await call(api)
        assert (caught_rejected.value.reason, caught_rejected.value.status) == (ErrorReason.REJECTED, status)
        assert not caught_rejected.value.outcome_unknown
    assert len(server.seen) == 6, "a refusal is not sent again"


@pytest.mark.parametrize("call", ALL)
@pytest.mark.parametrize("status", [402, 405, 408, 409, 410, 418, 451, 499])
async def test_every_other_4xx_is_rejected_and_sent_once(
    serve: Serve,
    connect: Connect,
    call: Callable[[JobsApi], Awaitable[Any]],
    status: int,
) -> None:
    server = await serve(lambda _: web.Response(status=status))
    with pytest.raises(Rejected, match=str(status)):
        await call(await connect(server.url))
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize("call", [*READS, PAUSE])
async def test_reads_and_pauses_that_meet_a_5xx_are_sent_three_times(
    serve: Serve,
    connect: Connect,
    call: Callable[[JobsApi], Awaitable[Any]],
    status: int,
) -> None:
    server = await serve(lambda _: web.Response(status=status))
    with pytest.raises(Unavailable) as caught:
        await call(await connect(server.url))
    assert (caught.value.reason, caught.value.status) == (ErrorReason.SERVER_ERROR, status)
    assert caught.value.outcome_unknown is (call is PAUSE)
    assert len(server.seen) == 3


@pytest.mark.parametrize("call", UNREPEATED)
@pytest.mark.parametrize(("status", "kind", "unknown"), [(503, Unavailable, True), (429, Throttled, False)])
async def test_an_unpause_and_a_schedule_are_never_sent_twice(
    serve: Serve,
    connect: Connect,
    call: Callable[[JobsApi], Awaitable[Any]],
    status: int,
    kind: type[ApiError],
    unknown: bool,
) -> None:
    server = await serve(lambda _: web.Response(status=status))
    with pytest.raises(kind) as caught:
        await call(await connect(server.url))
    assert caught.value.outcome_unknown is unknown
    assert len(server.seen) == 1


@pytest.mark.parametrize("call", [*READS, PAUSE])
async def test_a_read_or_pause_succeeds_once_an_attempt_does(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    call: Callable[[JobsApi], Awaitable[Any]],
) -> None:
    statuses = iter([503, 429])

    def answer(request: web.Request) -> Any:
        failure = next(statuses, None)
        if failure:
            return web.Response(status=failure)
        return job_json() if request.path.endswith(("job-1", "paused")) else {"data": [], "cursor": None}

    server = await serve(answer)
    await call(await connect(server.url))
    assert len(server.seen) == 3


async def test_a_cancelled_request_is_cancelled_and_not_sent_again(serve: Serve, connect: Connect) -> None:
    arrived = asyncio.Event()

    async def never(_: web.Request) -> None:
        arrived.set()
        await asyncio.Event().wait()

    server = await serve(never)
    budget = Budget(1)
    task = asyncio.ensure_future((await connect(server.url, budget=budget)).pause("job-1"))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(server.seen), budget.in_flight, budget.waiting) == (1, 0, 0)


async def test_no_more_requests_than_the_budget_are_on_the_way_and_pauses_lead(
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
) -> None:
    order, gate = [], asyncio.Event()

    async def answer(request: web.Request) -> dict[str, Any]:
        order.append(request.method)
        await gate.wait()
        return job_json()

    server = await serve(answer)
    api = await connect(server.url, limit=2)
    reads = [asyncio.ensure_future(api.get_job("job-1")) for _ in range(6)]
    while len(order) < 2:  # noqa: ASYNC110 - the server's own list tells
        await asyncio.sleep(0)
    pause = asyncio.ensure_future(api.pause("job-1"))
    await asyncio.sleep(0)
    assert order == ["GET", "GET"]
    gate.set()
    await asyncio.gather(pause, *reads)
    assert "POST" in order[2:4], "the two places that free go to the pause and to one read of those that came before it"
    assert order.count("GET") == 6


async def test_a_connection_is_used_again(serve: Serve, connect: Connect, job_json: JobJson) -> None:
    server = await serve(lambda _: job_json())
    api = await connect(server.url)
    for _ in range(3):
        await api.get_job("job-1")
    assert len({seen.peer for seen in server.seen}) == 1


async def test_cookies_that_a_server_sets_are_not_sent_back(serve: Serve, connect: Connect, job_json: JobJson) -> None:
    server = await serve(lambda _: web.json_response(job_json(), headers={"Set-Cookie": "a=b"}))
    # By name, since an ordinary jar keeps no cookies of a bare address anyway.
    api = await connect(server.url.replace("127.0.0.1", "localhost"))
    await api.get_job("job-1")
    await api.get_job("job-1")
    assert "Cookie" not in server.seen[1].headers


async def test_a_closed_client_says_so(serve: Serve, connect: Connect) -> None:
    server = await serve(lambda _: {})
    api = await connect(server.url)
    await api.close()
    with pytest.raises(Unavailable, match="the client is closed") as caught:
        await api.pause("job-1")
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.vogent.ai/api",
        "ftp://h/api",
        "https://",
        "https://u:pa55@h/api",
        "https://h/?a=b",
        "https://h/#x",
        "http://h:99999/",
        "http://[/",
    ],
)
async def test_a_base_url_that_cannot_be_one_is_refused_without_being_repeated(connect: Connect, base_url: str) -> None:
    with pytest.raises(ValueError, match="a base URL is https://") as caught:
        await connect(base_url)
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize("base", ["/api", "/api/"])
async def test_a_base_url_may_end_in_a_slash(serve: Serve, connect: Connect, job_json: JobJson, base: str) -> None:
    server = await serve(lambda _: job_json())
    await (await connect(server.url.removesuffix("/api") + base)).get_job("job-1")
    assert server.seen[0].raw_path == "/api/batch_dial_jobs/job-1"
