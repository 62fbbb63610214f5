"""The daemon's web parts put together: what is told at the start, and that their trouble stops no pause."""

import socket
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from controller.web import listener as listener_module
from controller.web.application import build_application
from controller.web.gate import OpenGate
from controller.web.listener import Listener
from controller.web.probes import Probes
from tests.runtime.stage import lines, until
from tests.web.daemon_stage import CONFIG, WRITE, DaemonStage, opened


@pytest.fixture
def said() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


def configure(served: DaemonStage, listen: str) -> DaemonStage:
    """The same place with another address."""
    text = CONFIG.format(url=served.sandbox.base_url, more="").replace("127.0.0.1:0", listen)
    (served.folder / "controller.yaml").write_text(text)
    return DaemonStage(served.folder, served.sandbox, served.clock, served.session)


async def test_a_port_that_is_taken_keeps_no_job_dialing(said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "AGAIN_SECONDS", 0.05)
    async with opened("") as served:
        job = served.add("Night owls")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            other = configure(served, f"127.0.0.1:{taken.getsockname()[1]}")
            other.begin()
            await other.until_status(job, "PAUSED")
            assert other.daemon.url is None
            [line] = lines(said, "web.unavailable")
            assert (line["log_level"], line["again_in_seconds"]) == ("error", 0.05)
        await until(lambda: other.daemon.url is not None, 10)
        assert (await other.get("/healthz")).status == 200
        await other.close()
    assert len(lines(said, "web.started")) == 1


async def test_an_outage_of_the_api_makes_it_unready_and_leaves_it_alive(said: list[Any]) -> None:
    async with opened("") as served:
        await served.sandbox.close()
        served.begin()
        await until(lambda: bool(lines(said, "pass.failed")), 20)
        await until(lambda: served.daemon.url is not None, 20)
        assert (await served.get("/healthz")).status == 200
        ready = await served.get("/readyz")
        assert (ready.status, ready.json["detail"]) == (503, "no pass was verified yet")
        assert served.daemon._running is not None
        served.daemon._running.view.health._finished.clear()
        served.daemon._running.view.health._begun -= 1000
        dead = await served.get("/healthz")
        assert (dead.status, dead.headers["Content-Type"]) == (503, "application/problem+json")


async def test_an_outage_after_the_first_verified_pass_leaves_it_ready(said: list[Any]) -> None:
    async with opened("") as served:
        await served.start()
        await served.sandbox.close()
        served.daemon.reload()
        assert served.daemon._running is not None
        served.daemon._running.engine.requested()
        await until(lambda: bool(lines(said, "pass.failed")), 20)
        assert (await served.get("/readyz")).status == 200
        assert (await served.get("/healthz")).status == 200


async def test_without_a_listener_the_socket_serves_all_the_same(said: list[Any]) -> None:
    async with opened("") as served:
        job = served.add("Night owls")
        quiet = configure(served, "off")
        quiet.begin()
        await quiet.until_status(job, "PAUSED")
        assert quiet.daemon.url is None
        assert (await quiet.over_socket("GET", "/api/v1/jobs"))[0]["job"] == job
        await quiet.close()
    assert [line["event"] for line in said if line["event"].startswith("web.")] == []


async def test_an_address_that_others_reach_is_warned_of_without_a_read_token(said: list[Any]) -> None:
    async with opened("") as served:
        everywhere = configure(served, "0.0.0.0:0")
        everywhere.begin()
        await until(lambda: everywhere.daemon.url is not None, 10)
        port = everywhere.url.rpartition(":")[2]
        async with everywhere.session.get(f"http://127.0.0.1:{port}/api/v1/status") as answer:
            assert answer.status == 200
        await everywhere.close()
    [line] = lines(said, "web.unprotected")
    assert (line["log_level"], line["address"]) == ("warning", "0.0.0.0:0")


@pytest.mark.parametrize("content", [None, "short"])
async def test_a_token_that_is_no_good_is_told_at_the_start_and_lets_nobody_in(
    said: list[Any], content: str | None
) -> None:
    async with opened() as served:
        job = served.add("Night owls")
        (served.folder / "write").unlink()
        if content is not None:
            (served.folder / "write").write_text(content)
        await served.start()
        await served.until_status(job, "PAUSED")
        served.token = content or "any-token-0123456789"
        assert (await served.post("/api/v1/incidents")).status == 503
    [line] = lines(said, "web.token_unusable")
    assert (line["log_level"], line["token"]) == ("error", "write token")


async def test_the_tokens_are_kept_out_of_the_logs() -> None:
    async with opened() as served:
        await served.start()
        assert {"read-token-0123456789", WRITE} <= served.daemon._seen_keys


async def test_the_metrics_are_those_that_are_given_in_the_format_that_is_asked_for() -> None:
    def metrics(accept: str) -> tuple[bytes, str]:
        return f"asked {accept}\n".encode(), "text/plain; version=0.0.4; charset=utf-8"

    app = build_application(Probes(None, metrics).endpoints(), OpenGate(), 1024)  # type: ignore[arg-type]
    listener = Listener(("127.0.0.1", 0), app)
    listener.start()
    await listener.listening.wait()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{listener.url}/metrics", headers={"Accept": "text/plain"}) as answer,
        ):
            assert await answer.text() == "asked text/plain\n"
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    finally:
        await listener.close()


async def test_a_defect_is_told_and_shows_nothing_of_us(said: list[Any]) -> None:
    async with opened("") as served:
        await served.start()

        def broken(_view: Any, *_more: Any) -> Any:
            raise ValueError("a secret of ours")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("controller.web.controls.standing", broken)
            answer = await served.get("/api/v1/findings")
    assert (answer.status, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert answer.json["detail"] == "a defect of ours: the daemon's log has it"
    [line] = lines(said, "web.crashed")
    assert line["path"] == "/api/v1/findings"
