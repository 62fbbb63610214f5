"""What the server refuses, over real HTTP on loopback: each with its status and a reason as JSON."""

from typing import Any

import aiohttp
import pytest

from controller.sandbox import Sandbox


async def send(http: aiohttp.ClientSession, method: str, path: str, body: Any) -> tuple[int, Any]:
    async with http.request(method, path, json=body) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "1.5"},
        {"limit": ""},
        {"status": "active"},
        {"status": "UNKNOWN"},
        {"cursor": "never given"},
        {"cursor": "WyJxdWV1ZSBvZiB4IiwgMV0"},  # a cursor of another list
        {"cursor": "WyJqb2JzIiwgLTFd"},  # a negative position
        {"cursor": "MQ"},
        {"cursor": "é"},
    ],
)
async def test_a_parameter_that_cannot_be_read_is_refused_with_400(
    http: aiohttp.ClientSession, params: dict[str, str]
) -> None:
    async with http.get("batch_dial_jobs", params=params) as answer:
        assert answer.status == 400
        assert next(iter(params)) in (await answer.json())["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "batch_dial_jobs/nope"),
        ("PUT", "batch_dial_jobs/nope"),
        ("POST", "batch_dial_jobs/nope/paused"),
        ("GET", "batch_dial_jobs/nope/queue"),
        ("GET", "nothing_of_the_kind"),
    ],
)
async def test_what_is_unknown_is_404(http: aiohttp.ClientSession, method: str, path: str) -> None:
    status, body = await send(http, method, path, {"paused": True})
    assert status == 404
    assert body["error"]


async def test_a_method_that_a_path_does_not_have_is_405_and_says_which_it_has(http: aiohttp.ClientSession) -> None:
    async with http.delete("batch_dial_jobs") as answer:
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(",")) == {"GET", "POST"}
        assert await answer.json() == {"error": "Method Not Allowed"}


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer wrong", "Basic key-of-the-sandbox", "key-of-the-sandbox", "Bearer kéy"],
)
@pytest.mark.parametrize("path", ["/batch_dial_jobs", "/_sandbox/stats", "/nothing"])
async def test_no_path_answers_without_the_key(served: Sandbox, header: str | None, path: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with aiohttp.ClientSession() as http, http.get(served.base_url + path, headers=headers) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "key-of" not in await answer.text()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b'{"paused": NaN}'),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 100_000),
        ("text/plain", b'{"paused": true}'),
    ],
)
async def test_a_body_that_is_no_json_is_refused_with_400(
    http: aiohttp.ClientSession, served: Sandbox, content_type: str, body: bytes
) -> None:
    path = f"batch_dial_jobs/{served.add_job('a')}/paused"
    async with http.post(path, data=body, headers={"Content-Type": content_type}) as answer:
        assert answer.status == 400
        assert "JSON" in (await answer.json())["error"] or "json" in (await answer.json())["error"]


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("POST", "/paused", {}, "paused"),
        ("POST", "/paused", {"paused": "true"}, "paused"),
        ("POST", "/paused", {"paused": 1}, "paused"),
        ("POST", "/paused", [], "the body"),
        ("PUT", "", {"maxConcurrentDials": "5"}, "maxConcurrentDials"),
        ("PUT", "", {"maxConcurrentDials": True}, "maxConcurrentDials"),
        ("PUT", "", {"schedule": None}, "schedule"),
        ("PUT", "", {"schedule": {"days": []}}, "schedule.timezone"),
        (
            "PUT",
            "",
            {"schedule": {"timezone": "UTC", "days": [{"dayOfWeek": 7, "timeSlots": []}]}},
            "schedule.days.0.dayOfWeek",
        ),
    ],
)
async def test_a_body_against_the_schema_is_refused_with_422_and_the_place(
    http: aiohttp.ClientSession, served: Sandbox, method: str, path: str, body: Any, place: str
) -> None:
    status, answer = await send(http, method, f"batch_dial_jobs/{served.add_job('a')}{path}", body)
    assert status == 422
    assert [problem.partition(": ")[0] for problem in answer["problems"]] == [place]
