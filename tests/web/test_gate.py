"""Who comes through the listener, with which token, by which name, and from which page."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.web.door import BODY, READ, WRITE, opened_door, problem_of

WRONG = "wrong-token-0123456789"


@pytest.mark.parametrize(
    ("read", "write", "token", "looking", "changing"),
    [
        (False, False, None, 200, 403),
        (False, False, WRITE, 200, 403),
        (False, True, None, 200, 401),
        (False, True, WRITE, 200, 200),
        (False, True, READ, 200, 401),
        (True, False, None, 401, 403),
        (True, False, READ, 200, 403),
        (True, False, WRONG, 401, 403),
        (True, True, None, 401, 401),
        (True, True, READ, 200, 403),
        (True, True, WRITE, 200, 200),
        (True, True, WRONG, 401, 401),
    ],
)
async def test_who_may_look_and_who_may_change(
    tmp_path: Path, read: bool, write: bool, token: str | None, looking: int, changing: int
) -> None:
    async with opened_door(tmp_path, read=read, write=write) as door:
        assert await door.look(token) == looking
        assert await door.change(token) == changing
        assert len(door.changes) == (changing == 200)
        assert await door.look(None, "/healthz") == 200


async def test_without_a_write_token_it_says_that_changes_go_through_the_socket(tmp_path: Path) -> None:
    async with opened_door(tmp_path, write=False) as door:
        told = await problem_of(await door.ask("POST", "/change", json=BODY))
        assert "over its Unix socket" in told["detail"]


async def test_who_brings_no_token_is_told_how(tmp_path: Path) -> None:
    async with opened_door(tmp_path, read=True) as door:
        for headers in ({}, {"Authorization": f"Basic {READ}"}, {"Authorization": "Bearer "}):
            answer = await door.ask("GET", "/look", headers=headers)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
            assert "Authorization: Bearer TOKEN" in (await problem_of(answer))["detail"]
        assert (await door.ask("GET", "/look", headers={"Authorization": f"bearer  {READ} "})).status == 200


async def test_a_token_is_rotated_by_writing_another_one(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        assert await door.change(WRITE) == 200
        (tmp_path / "write").write_text("another-token-0123456789\n")
        assert await door.change(WRITE) == 401
        assert await door.change("another-token-0123456789") == 200
        assert door.seen == {WRITE, "another-token-0123456789"}  # what the logs keep out


@pytest.mark.parametrize("content", [None, "", "short-token-012", "two tokens-0123456789"])
async def test_a_token_that_is_no_good_lets_nobody_in_and_is_told_once(tmp_path: Path, content: str | None) -> None:
    async with opened_door(tmp_path, read=True) as door:
        (tmp_path / "read").unlink()
        if content is not None:
            (tmp_path / "read").write_text(content)
        with capture_logs() as logs:
            told = [await door.look(token) for token in (READ, content or "x", READ)]
        assert told == [401, 401, 401]  # the write token could be asked, and is another one
        assert [line["event"] for line in logs] == ["web.token_unusable"]
        assert logs[0]["token"] == "read token"
        assert content is None or not content or content not in str(logs)
        assert await door.look(WRITE) == 200
        (tmp_path / "read").write_text(READ)
        assert await door.look(READ) == 200


async def test_where_no_token_can_be_compared_with_it_says_so(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        (tmp_path / "write").unlink()
        answer = await door.ask("POST", "/change", WRITE, json=BODY)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "30"
        assert str(tmp_path) not in str(await problem_of(answer))
        assert door.told == []  # nobody did anything wrong


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST.:8642", 200),
        ("127.0.0.1:1", 200),
        ("127.8.8.8", 200),
        ("[::1]:8642", 200),
        ("dialer.example", 200),
        ("Dialer.Example:443", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("dialer.example.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("0.0.0.0:8642", 421),
        ("[::]:8642", 421),
        ("10.1.2.3", 421),
        ("evil.example:8642@localhost", 400),
        ("localhost/evil.example", 400),
        ("localhost:port", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
async def test_it_is_called_by_its_own_names_only(tmp_path: Path, host: str, status: int) -> None:
    async with opened_door(tmp_path, names=["dialer.example"]) as door:
        assert await door.look(Host=host) == status
        assert await door.change(WRITE, Host=host) == status
        assert await door.look(None, "/no-such-path", Host=host) == (404 if status == 200 else status)


@pytest.mark.parametrize(("host", "status"), [("10.1.2.3:8642", 200), ("[fd00::5]:8642", 200), ("evil.example", 421)])
async def test_a_probe_comes_by_any_address_and_by_no_other_name(tmp_path: Path, host: str, status: int) -> None:
    async with opened_door(tmp_path) as door:
        assert await door.look(None, "/healthz", Host=host) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost:8642", "Host": "localhost:8642"}, 200),
        ({"Origin": "http://localhost:3000", "Host": "localhost:8642"}, 403),
        ({"Origin": "https://dialer.example", "Host": "localhost:8642"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
    ],
)
async def test_no_page_of_another_origin_changes_anything(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with opened_door(tmp_path, names=["dialer.example"]) as door:
        assert await door.change(WRITE, **headers) == status
        assert len(door.changes) == (status == 200)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_a_change_is_json_as_it_is(tmp_path: Path, headers: dict[str, str]) -> None:
    async with opened_door(tmp_path) as door:
        answer = await door.ask("POST", "/change", WRITE, data=b'{"author": "a", "reason": "r"}', headers=headers)
        assert answer.status == 415
        assert "Content-Type: application/json" in (await problem_of(answer))["detail"]
        assert door.changes == []


async def test_nobody_is_allowed_to_ask_across_origins(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        answers = [
            await door.ask("OPTIONS", "/change", headers=asked),
            await door.ask("GET", "/look", headers={"Origin": "https://evil.example"}),
        ]
        assert [answer.status for answer in answers] == [405, 200]
        for answer in answers:
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]


async def test_every_answer_bears_the_headers_that_keep_browsers_from_harm(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        for method, path in (("GET", "/look"), ("GET", "/nothing"), ("PUT", "/look"), ("POST", "/change")):
            headers = (await door.ask(method, path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store"
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert headers["Server"] == "campaign-controller"


async def test_a_path_or_method_that_there_is_not_is_a_problem_too(tmp_path: Path) -> None:
    async with opened_door(tmp_path, read=True) as door:
        nothing = await door.ask("GET", "/nothing")
        assert (nothing.status, (await problem_of(nothing))["title"]) == (404, "Not Found")
        wrong = await door.ask("DELETE", "/look")
        assert (wrong.status, wrong.headers["Allow"]) == (405, "GET,HEAD")
        assert (await problem_of(wrong))["detail"] == "this path does not know that method; it knows GET, HEAD"
        asked = await door.ask("GET", "/look?x=1", READ)
        assert (asked.status, (await problem_of(asked))["errors"][0]["where"]) == (422, "x")
