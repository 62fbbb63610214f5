import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from controller.clock import ShiftedClock, SystemClock
from controller.core.job import Status
from controller.doctor.asking import Answer, Dates, ask_workspaces
from controller.doctor.check import Verdict
from controller.sandbox.sandbox import Sandbox
from controller.settings import Settings

KEY = "canary-key-3b1e"
ENV = "{env: DOCTOR_KEY}"
NOON = 1_795_000_000.0

SettingsWith = Callable[..., Settings]
Serve = Callable[[web.Response], Awaitable[str]]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTOR_KEY", KEY)


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(ShiftedClock.from_now(NOON, 1.0), KEY) as made:
        yield made


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that gives one answer to everything, and give its URL."""
    async with AsyncExitStack() as stack:

        async def start(answer: web.Response) -> str:
            async def handle(_: web.Request) -> web.Response:
                return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

            app = web.Application()
            app.router.add_get("/{path:.*}", handle)
            server = TestServer(app, host="127.0.0.1")
            await server.start_server()
            stack.push_async_callback(server.close)
            return f"http://127.0.0.1:{server.port}/api"

        yield start


def told(answer: Answer) -> dict[str, tuple[Verdict, str]]:
    return {check.name: (check.verdict, check.seen) for check in answer.checks}


async def ask(settings: Settings, off: float = 0.0) -> Mapping[str, Answer]:
    return await ask_workspaces(settings, ShiftedClock(NOON + off, time.time(), 1.0), set())


async def test_a_key_an_address_and_a_clock_that_are_right_and_the_jobs_that_they_give(
    settings_with: SettingsWith, box: Sandbox
) -> None:
    for number, status in enumerate(Status):
        if status is not Status.UNKNOWN:
            box.add_job(f"Renewals {number}", status=status)
    answers = await ask(settings_with(main=(box.base_url, ENV)))
    assert told(answers["main"]) == {
        "key": (Verdict.OK, "environment variable DOCTOR_KEY: the API takes it"),
        "workspace": (Verdict.OK, f"{box.base_url} lists 3 unfinished job(s)"),
        "clock": (Verdict.OK, "it agrees with the API's answers to within 5 s"),
    }
    jobs = answers["main"].jobs
    assert jobs is not None
    assert sorted(job.status for job in jobs) == ["ACTIVE", "INIT", "PAUSED"]


async def test_nothing_is_changed_at_the_api(settings_with: SettingsWith, box: Sandbox) -> None:
    job = box.add_job("Renewals", status=Status.ACTIVE)
    await ask(settings_with(main=(box.base_url, ENV)))
    assert box.status(job) is Status.ACTIVE


@pytest.mark.parametrize(
    ("off", "verdict", "seen"),
    [
        (3.0, Verdict.OK, "it agrees"),
        (-3.0, Verdict.OK, "it agrees"),
        (20.0, Verdict.WARN, "ahead of the API's answers"),
        (-20.0, Verdict.WARN, "behind the API's answers"),
        (90.0, Verdict.FAIL, "ahead of the API's answers; beyond 60 s nothing is resumed"),
        (-90.0, Verdict.FAIL, "behind the API's answers; beyond 60 s nothing is resumed"),
    ],
)
async def test_the_clock_is_compared_with_the_date_of_the_answers(
    settings_with: SettingsWith, box: Sandbox, off: float, verdict: Verdict, seen: str
) -> None:
    answers = await ask(settings_with(main=(box.base_url, ENV)), off)
    assert told(answers["main"])["clock"][0] is verdict
    assert seen in told(answers["main"])["clock"][1]
    assert answers["main"].jobs == ()


@pytest.mark.parametrize(("headers", "verdict"), [({"Age": "7"}, Verdict.WARN), ({"Date": "noon"}, Verdict.FAIL)])
async def test_answers_without_a_date_of_now_prove_no_clock(
    settings_with: SettingsWith, serve: Serve, headers: dict[str, str], verdict: Verdict
) -> None:
    url = await serve(web.json_response({"data": [], "cursor": None}, headers=headers))
    assert told((await ask(settings_with(main=(url, ENV))))["main"])["clock"][0] is verdict


@pytest.mark.parametrize("key", ["wrong", "another"])
async def test_a_key_that_the_api_refuses_fails_and_is_not_shown(
    settings_with: SettingsWith, box: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("DOCTOR_KEY", key)
    answer = (await ask(settings_with(main=(box.base_url, ENV)), off=90.0))["main"]
    verdict, seen = told(answer)["key"]
    assert verdict is Verdict.FAIL
    assert "environment variable DOCTOR_KEY: the API refuses it: main: list INIT jobs: 401 Unauthorized" in seen
    assert key not in seen
    assert told(answer)["clock"][0] is Verdict.FAIL  # a refusal bears a date too
    assert answer.jobs is None


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{env: DOCTOR_NONE}", "the environment variable DOCTOR_NONE is not set, set it to the API key"),
        ("{credential: vogent}", "the credential vogent cannot be read: CREDENTIALS_DIRECTORY is not set"),
        ("{file: none}", "cannot be read: No such file or directory"),
    ],
)
async def test_a_key_that_is_not_there_fails_with_the_place_and_nothing_is_asked(
    settings_with: SettingsWith, monkeypatch: pytest.MonkeyPatch, source: str, problem: str
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    answer = (await ask(settings_with(main=("http://127.0.0.1:9/api", source))))["main"]
    assert told(answer)["key"][0] is Verdict.FAIL
    assert problem in told(answer)["key"][1]
    assert told(answer)["workspace"] == (Verdict.WARN, "not asked, since there is no key to send")


async def test_a_key_file_and_a_credential_are_named_by_where_they_are(
    settings_with: SettingsWith, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(main=(box.base_url, "{file: key}"), other=(box.base_url, "{credential: key}"))
    folder = settings.rules.parent
    (folder / "key").write_text(KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    answers = await ask(settings)
    assert told(answers["main"])["key"] == (Verdict.OK, f"file {folder}/key: the API takes it")
    assert told(answers["other"])["key"] == (Verdict.OK, "credential key: the API takes it")


async def test_one_workspace_that_cannot_be_reached_fails_and_the_others_are_asked(
    settings_with: SettingsWith, box: Sandbox
) -> None:
    box.add_job("Renewals")
    answers = await ask(settings_with(dead=("http://127.0.0.1:9/api", ENV), main=(box.base_url, ENV)))
    assert told(answers["dead"]) == {
        "key": (
            Verdict.WARN,
            "environment variable DOCTOR_KEY: it can be read; whether the API takes it is not known",
        ),
        "workspace": (
            Verdict.FAIL,
            "http://127.0.0.1:9/api: dead: list INIT jobs: the host takes no connection",
        ),
    }
    assert answers["dead"].jobs is None
    assert told(answers["main"])["workspace"][0] is Verdict.OK


@pytest.mark.parametrize(
    ("answer", "seen", "todo"),
    [
        (web.Response(status=404), "404 Not Found", "see whether base_url is the API's"),
        (web.Response(status=302, headers={"Location": "/login"}), "302 Found", "see whether base_url is the API's"),
        (web.Response(text="<html>"), "Invalid JSON", "see whether base_url is the API's"),
        (web.Response(status=503), "503 Service Unavailable", "see base_url, this machine's network"),
        (web.Response(status=429, headers={"Retry-After": "0"}), "429 Too Many Requests", "wait; if it recurs"),
    ],
)
async def test_an_address_that_answers_otherwise_fails_with_what_to_look_at(
    settings_with: SettingsWith, serve: Serve, answer: web.Response, seen: str, todo: str
) -> None:
    asked = (await ask(settings_with(main=(await serve(answer), ENV))))["main"]
    [check] = [check for check in asked.checks if check.name == "workspace"]
    assert check.verdict is Verdict.FAIL
    assert seen in check.seen
    assert check.todo.startswith(todo)


async def test_jobs_that_cannot_be_read_are_doubtful(settings_with: SettingsWith, serve: Serve) -> None:
    url = await serve(web.json_response({"data": [{"id": "bad"}, {"name": "nameless"}], "cursor": None}))
    answer = (await ask(settings_with(main=(url, ENV))))["main"]
    verdict, seen = told(answer)["jobs"]
    assert verdict is Verdict.WARN
    assert seen.startswith("2 cannot be read: a job without an id: ")
    assert "bad: " in seen


async def test_every_key_that_is_read_is_kept_out_of_the_logs(settings_with: SettingsWith, box: Sandbox) -> None:
    seen: set[str] = set()
    await ask_workspaces(settings_with(main=(box.base_url, ENV)), SystemClock(), seen)
    assert seen == {KEY}


def test_of_several_answers_the_one_that_is_farthest_off_counts() -> None:
    dates = Dates(ShiftedClock(NOON, time.time(), 1.0))
    for off in (0.0, 30.0, -10.0):
        dates.dated(NOON + off, dates.asked())
    assert dates.seconds_off == pytest.approx(-30.0, abs=1.0)
