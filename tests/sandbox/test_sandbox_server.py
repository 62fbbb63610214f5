"""The reference's endpoints, over real HTTP on loopback."""

import json
from itertools import chain
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from controller.core.job import Status
from controller.sandbox import Sandbox

MONDAYS = {
    "days": [{"dayOfWeek": 1, "timeSlots": [{"startTime": "09:00", "endTime": "17:00"}]}],
    "timezone": "America/New_York",
}
NEW = {
    "callAgentId": "agent-7",
    "maxConcurrentDials": 2,
    "name": "US renewals 9",
    "rows": [{"toNumber": "+12125550123"}],
}


async def read(http: aiohttp.ClientSession, path: str, **params: Any) -> Any:
    async with http.get(path, params=params) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def send(http: aiohttp.ClientSession, method: str, path: str, body: Any) -> tuple[int, Any]:
    async with http.request(method, path, json=body) as answer:
        return answer.status, await answer.json()


async def pages(http: aiohttp.ClientSession, path: str, **params: Any) -> list[list[str]]:
    """The ids on each page, following the cursor to its end."""
    found = []
    while True:
        page = await read(http, path, **params)
        found.append([one["id"] for one in page["data"]])
        if page["cursor"] is None:
            return found
        params["cursor"] = page["cursor"]


async def test_a_job_is_created_in_init_and_leaves_out_what_it_does_not_have(http: aiohttp.ClientSession) -> None:
    status, job = await send(http, "POST", "batch_dial_jobs", NEW)
    assert status == 200
    assert job == {
        "id": "job-0001",
        "name": "US renewals 9",
        "status": "INIT",
        "callAgentId": "agent-7",
        "maxConcurrentDials": 2,
        "createdAt": "2026-11-24T15:00:00Z",
    }
    assert await read(http, "batch_dial_jobs/job-0001") == job


async def test_a_job_is_created_with_schedule_numbers_and_inputs(http: aiohttp.ClientSession) -> None:
    rows = [{"toNumber": "+12125550123", "inputs": {"name": "Ada"}}, {"toNumber": "+12125550124"}]
    body = {**NEW, "rows": rows, "schedule": {**MONDAYS, "disableSchedule": False}, "fromPhoneNumberIds": ["n1"]}
    _, job = await send(http, "POST", "batch_dial_jobs", body)
    assert (job["schedule"], job["fromPhoneNumberIds"]) == (MONDAYS, ["n1"])
    queue = (await read(http, f"batch_dial_jobs/{job['id']}/queue"))["data"]
    assert [(row["toNumber"], row.get("inputs")) for row in queue] == [
        ("+12125550123", {"name": "Ada"}),
        ("+12125550124", None),
    ]


async def test_a_list_is_read_in_pages_of_fifty_unless_a_limit_is_given(
    http: aiohttp.ClientSession, served: Sandbox
) -> None:
    ids = [served.add_job(f"job {number}") for number in range(120)]
    for params, sizes in [({}, [50, 50, 20]), ({"limit": 40}, [40, 40, 40]), ({"limit": 9999}, [100, 20])]:
        found = await pages(http, "batch_dial_jobs", **params)
        assert [len(page) for page in found] == sizes
        assert list(chain.from_iterable(found)) == ids


async def test_the_filters_of_the_list_are_combined(http: aiohttp.ClientSession, served: Sandbox) -> None:
    served.add_job("a", status=Status.ACTIVE, agent="agent-1")
    paused = served.add_job("b", status=Status.PAUSED, agent="agent-1")
    served.add_job("c", status=Status.PAUSED, agent="agent-2")
    assert await pages(http, "batch_dial_jobs", status="PAUSED", callAgentId="agent-1", userId="user-1") == [[paused]]
    assert await pages(http, "batch_dial_jobs", userId="somebody-else") == [[]]


async def test_false_starts_a_job_and_true_pauses_it_again_and_again(
    http: aiohttp.ClientSession, served: Sandbox
) -> None:
    path = f"batch_dial_jobs/{served.add_job('a')}/paused"
    answers = [await send(http, "POST", path, {"paused": paused}) for paused in (True, False, False, True, True, False)]
    assert [(status, job["status"]) for status, job in answers] == [
        (200, "INIT"),
        (200, "ACTIVE"),
        (200, "ACTIVE"),
        (200, "PAUSED"),
        (200, "PAUSED"),
        (200, "ACTIVE"),
    ]


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.CANCELLED])
async def test_a_finished_job_takes_no_change(http: aiohttp.ClientSession, served: Sandbox, status: Status) -> None:
    job = served.add_job("a", status=status)
    for paused in (True, False):
        code, body = await send(http, "POST", f"batch_dial_jobs/{job}/paused", {"paused": paused})
        assert code == 400
        assert status.value in body["error"]
    assert (await send(http, "PUT", f"batch_dial_jobs/{job}", {"maxConcurrentDials": 3}))[0] == 400
    assert (await read(http, f"batch_dial_jobs/{job}"))["status"] == status.value


async def test_a_put_shows_at_once_but_the_running_job_follows_it_only_once_paused(
    http: aiohttp.ClientSession, served: Sandbox, clock: Any
) -> None:
    job = served.add_job("a", status=Status.ACTIVE, rows=1000, max_concurrent_dials=5)
    path = f"batch_dial_jobs/{job}"
    _, shown = await send(http, "PUT", path, {"maxConcurrentDials": 1, "fromPhoneNumberIds": ["n2"]})
    assert (shown["maxConcurrentDials"], shown["fromPhoneNumberIds"]) == (1, ["n2"])
    clock.at += 600
    assert served.stats().total.calls_in_progress == 5
    for paused in (True, False):
        await send(http, "POST", f"{path}/paused", {"paused": paused})
    clock.at += 600
    assert served.stats().total.calls_in_progress == 1


async def test_a_put_schedule_replaces_the_whole_and_can_be_disabled(
    http: aiohttp.ClientSession, served: Sandbox, clock: Any
) -> None:
    path = f"batch_dial_jobs/{served.add_job('a', status=Status.PAUSED)}"
    assert (await send(http, "PUT", path, {"schedule": MONDAYS}))[1]["schedule"] == MONDAYS
    assert (await send(http, "PUT", path, {"maxConcurrentDials": 4}))[1]["schedule"] == MONDAYS
    await send(http, "POST", f"{path}/paused", {"paused": False})
    clock.at += 60
    assert served.stats().total.calls_begun == 0  # a Tuesday
    await send(http, "POST", f"{path}/paused", {"paused": True})
    _, job = await send(http, "PUT", path, {"schedule": {**MONDAYS, "disableSchedule": True}})
    assert "schedule" not in job
    await send(http, "POST", f"{path}/paused", {"paused": False})
    assert served.stats().total.calls_begun == 4


async def test_rows_in_progress_are_not_in_the_queue(http: aiohttp.ClientSession, served: Sandbox) -> None:
    job = served.add_job("a", status=Status.ACTIVE, rows=130, max_concurrent_dials=10)
    found = await pages(http, f"batch_dial_jobs/{job}/queue")
    assert [len(page) for page in found] == [50, 50, 20]
    first = (await read(http, f"batch_dial_jobs/{job}/queue", limit=1))["data"][0]
    assert first == {
        "id": f"{job}-row-10",
        "toNumber": "+12005550110",
        "batchDialJobId": job,
        "createdAt": "2026-11-24T15:00:00Z",
    }


async def test_unknown_fields_are_ignored(http: aiohttp.ClientSession) -> None:
    assert (await send(http, "POST", "batch_dial_jobs", {**NEW, "novelty": 1}))[0] == 200


async def test_stats_and_recent_calls_are_served(http: aiohttp.ClientSession, served: Sandbox) -> None:
    job = served.add_job("a", status=Status.ACTIVE, rows=9, max_concurrent_dials=2)
    counts = {
        "calls_begun": 2,
        "calls_in_progress": 2,
        "calls_finished": 0,
        "forbidden_calls": {},
        "forbidden_total": 0,
    }
    assert await read(http, "_sandbox/stats") == {**counts, "jobs": {job: counts}}
    calls = (await read(http, "_sandbox/calls"))["data"]
    assert [(call["job"], call["begun"], call["forbidden"]) for call in calls] == [
        (job, "2026-11-24T15:00:00Z", None)
    ] * 2
    assert {call["to_number"] for call in calls} == {"+12005550100", "+12005550101"}


async def test_a_failure_of_the_sandbox_itself_is_a_500_without_its_text(
    http: aiohttp.ClientSession, served: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served._workspace, "stats", lambda: json.loads("secret"))
    with capture_logs() as logs:
        async with http.get("_sandbox/stats") as answer:
            assert answer.status == 500
            assert "secret" not in await answer.text()
    assert [entry["event"] for entry in logs] == ["sandbox.request_failed"]


async def test_changes_of_status_are_logged_with_who_made_them(
    http: aiohttp.ClientSession, served: Sandbox, clock: Any
) -> None:
    job = served.add_job("a", rows=1)
    with capture_logs() as logs:
        await send(http, "POST", f"batch_dial_jobs/{job}/paused", {"paused": False})
        clock.at += 600
        served.step()
    assert [(one["event"], one["job"], one["from"], one["to"], one["by"]) for one in logs] == [
        ("sandbox.job_changed", job, "INIT", "ACTIVE", "request"),
        ("sandbox.job_changed", job, "ACTIVE", "COMPLETE", "dialer"),
    ]
