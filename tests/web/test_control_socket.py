"""The daemon's Unix socket: who may use it, what it refuses, and what our commands learn where nobody answers."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.core.job import Status
from controller.runtime.operations import Operations
from controller.runtime.ownership import Answer, Ownership
from controller.runtime.report import Trigger
from controller.web.application import build_application
from controller.web.build import LARGEST_COMMAND
from controller.web.changes import Changes
from controller.web.daemon_client import DaemonError, ask_daemon
from controller.web.gate import OpenGate
from controller.web.socket import ControlSocket, SocketError
from tests.core.build import Selector, campaign
from tests.runtime.stage import SHUT, Stage


class Desk:
    """A control socket over the stage, and the passes that it asked for."""

    def __init__(self, stage: Stage, path: Path) -> None:
        self.path = path
        self.woken: list[Trigger] = []
        ids = iter(f"id-{n}" for n in range(1000))
        ownership = Ownership({"main": stage.api}, stage.ledger, stage.clock, lambda: stage.book, lambda: next(ids))
        operations = Operations(
            stage.ledger,
            stage.clock,
            lambda: stage.book,
            {"main"},
            lambda: next(ids),
            lambda job: f"name of {job.id}",
            self.woken.append,
        )
        changes = Changes(operations, ownership, self.woken.append, lambda _request: "socket")
        self.socket = ControlSocket(path, build_application(changes.endpoints(), OpenGate(), LARGEST_COMMAND))

    async def ask(self, path: str, *jobs: str, workspace: str = "main", **more: str) -> list[Answer]:
        named = [{"workspace": workspace, "id": job} for job in jobs]
        body = {"jobs": named, "author": "ann", "reason": "it was quiet", **more}
        return [Answer(**each) for each in await ask_daemon(self.path, "POST", f"/api/v1/{path}", body)]

    async def incident(self, path: str = "", **body: Any) -> dict[str, Any]:
        asked = {"author": "ann", "reason": "a storm", **body}
        answer: dict[str, Any] = await ask_daemon(self.path, "POST", f"/api/v1/incidents{path}", asked)
        return answer

    async def post(self, path: str, body: bytes) -> tuple[int, Any]:
        connector = aiohttp.UnixConnector(str(self.path))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(f"http://daemon/api/v1/{path}", data=body) as response,
        ):
            return response.status, await response.text()


@pytest.fixture
async def desk(stage: Stage, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(stage, tmp_path / "var" / "control.sock")
    await made.socket.start()
    yield made
    await made.socket.close()


async def test_adopting_makes_a_persons_pause_ours_and_asks_for_a_pass(stage: Stage, desk: Desk) -> None:
    job = stage.add(Status.PAUSED)
    [answer] = await desk.ask("claims/adopt", job)
    assert answer == Answer("main", job, "US renewals", None)
    [claim] = await stage.claims(job)
    assert (claim.state, claim.author) == ("held", "ann")
    assert desk.woken == [Trigger.REQUEST]
    [row] = await stage.audit("claim.adopted")
    assert (row.actor, row.detail) == ("ann", "it was quiet")


async def test_releasing_ends_our_claim_and_leaves_the_job_paused(stage: Stage, desk: Desk) -> None:
    job = stage.add()
    await stage.at(SHUT)
    [answer] = await desk.ask("claims/release", job)
    assert answer.problem is None
    assert await stage.states(job) == ["released"]
    assert stage.status(job) is Status.PAUSED
    [row] = await stage.audit("claim.released")
    assert row.actor == "ann"


async def test_each_job_of_a_request_gets_its_own_answer(stage: Stage, desk: Desk) -> None:
    active, paused = stage.add(), stage.add(Status.PAUSED)
    answers = await desk.ask("claims/adopt", active, paused, "gone")
    problems = [answer.problem for answer in answers]
    assert problems[0] == "it is ACTIVE; only the pause of a PAUSED job can be adopted"
    assert problems[1] is None
    assert problems[2] is not None
    assert (await desk.ask("claims/adopt", paused))[0].problem == "it is ours already, since adopted"
    assert (await desk.ask("claims/release", active))[0].problem == "no claim of ours is open on it"
    [elsewhere] = await desk.ask("claims/adopt", paused, workspace="nowhere")
    assert elsewhere.problem == "there is no workspace 'nowhere' in the configuration"


async def test_a_job_that_no_campaign_matches_is_not_adopted(stage: Stage, desk: Desk) -> None:
    stage.use(campaign(match=Selector(names=("Texas *",))))
    job = stage.add(Status.PAUSED)
    [answer] = await desk.ask("claims/adopt", job)
    assert answer.problem == "no campaign matches it, so nothing would ever resume it"
    assert await stage.claims(job) == []


async def test_only_the_owner_may_use_the_socket(desk: Desk) -> None:
    mode = stat.S_IMODE(desk.path.stat().st_mode)
    assert mode == 0o600
    assert stat.S_IMODE(desk.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"jobs": [], "author": "ann", "reason": "r"}',
        b'{"jobs": [{"workspace": "main", "id": "j"}], "author": "", "reason": "r"}',
        b'{"jobs": [{"workspace": "main", "id": "j"}], "author": "ann"}',
        b'{"jobs": [{"workspace": "main", "id": 1}], "author": "ann", "reason": "r"}',
        b'{"jobs": [{"workspace": "main", "id": "j"}], "author": "ann", "reason": "r", "force": true}',
    ],
)
async def test_a_request_of_another_shape_is_refused_and_changes_nothing(desk: Desk, body: bytes) -> None:
    status, text = await desk.post("claims/release", body)
    assert status == 422
    assert json.loads(text)["errors"]
    assert desk.woken == []


async def test_another_verb_is_unknown(desk: Desk) -> None:
    status, _text = await desk.post("explode", b"{}")
    assert status == 404


async def test_a_refusal_reaches_who_asked(desk: Desk) -> None:
    with pytest.raises(DaemonError, match=r"the daemon refused: jobs: List should have at least 1 item"):
        await desk.ask("claims/release")


async def test_where_nobody_answers_the_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(DaemonError, match=r"nobody\.sock: the daemon does not answer there"):
        await ask_daemon(tmp_path / "nobody.sock", "GET", "/api/v1/status")


async def test_a_socket_left_behind_by_a_killed_daemon_is_replaced(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"

    left = await asyncio.start_unix_server(lambda _reader, writer: writer.close(), path)
    left.close()
    await left.wait_closed()
    path.touch()
    desk = Desk(stage, path)
    await desk.socket.start()
    assert (await desk.ask("claims/release", "j"))[0].problem == "no claim of ours is open on it"
    await desk.socket.close()
    assert not path.exists()


async def test_a_path_that_is_too_long_is_refused_with_the_limit(stage: Stage, tmp_path: Path) -> None:
    desk = Desk(stage, tmp_path / ("x" * 120))
    with pytest.raises(SocketError, match="at most 100 bytes"):
        await desk.socket.start()
    await desk.socket.close()


async def test_a_path_that_cannot_be_made_is_refused_with_the_reason(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    desk = Desk(stage, tmp_path / "c")
    with pytest.raises(SocketError, match="c: the control socket cannot be made: Is a directory"):
        await desk.socket.start()
    await desk.socket._runner.cleanup()


async def test_a_claim_that_could_not_be_written_is_said_to_be_lost_with_the_daemon(stage: Stage, desk: Desk) -> None:
    job = stage.add(Status.PAUSED)
    await stage.store.close()
    [answer] = await desk.ask("claims/adopt", job)
    assert answer.problem == "done, but the store could not be written: it is lost if the daemon stops now"


async def test_an_incident_is_opened_extended_and_closed(stage: Stage, desk: Desk) -> None:
    opened = await desk.incident(match={"names": ["US *"]}, until="2026-11-23T18:00:00Z")
    assert (opened["incident"], opened["author"], opened["source"]) == ("incident-1", "ann", "operator")
    assert (opened["match"], opened["until"], opened["problem"]) == ({"names": ["US *"]}, "2026-11-23T18:00:00Z", None)
    assert desk.woken == [Trigger.INCIDENT]
    extended = await desk.incident("/incident-1/extend", until=None)
    assert extended["until"] is None
    closed = await desk.incident("/incident-1/close", author="ben", reason="it is over")
    assert (closed["closed_by"], closed["closed_why"]) == ("ben", "it is over")
    rows = await stage.audit("incident.*")
    assert [(row.event, row.actor, row.facts["via"]) for row in rows] == [
        ("incident.opened", "ann", "socket"),
        ("incident.extended", "ann", "socket"),
        ("incident.closed", "ben", "socket"),
    ]


async def test_a_job_is_held_and_released(stage: Stage, desk: Desk) -> None:
    [held] = await desk.ask("holds", "j1", until="2026-11-23T18:00:00Z")
    assert held == Answer("main", "j1", "name of j1", None)
    assert desk.woken == [Trigger.HOLD]
    released, free = await desk.ask("holds/release", "j1", "j2")
    assert (released.problem, free.problem) == (None, "no hold is on it")
    assert stage.ledger.holds == {}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("", {"reason": ""}, "reason: the text is empty"),
        ("", {"until": "2026-11-23T18:00:00"}, "until: 2026-11-23T18:00:00 has no offset"),
        ("", {"match": {}}, "match: it is empty"),
        ("", {"match": {"names": ["US *"]}, "everything": True}, "give one of both"),
        ("", {"match": {"names": []}}, "match.names: List should have at least 1 item"),
        ("", {"reason": "x" * 501}, "reason: Value should have at most 500 items"),
        ("", {"until": "2026-11-23T16:00:00Z"}, "its end 2026-11-23T16:00:00Z is not after now"),
        ("", {"match": {"campaigns": ["nobody"]}}, "there is no campaign nobody; the rules define renewals"),
        ("/nobody/close", {}, "no incident named 'nobody' is open; open are: none"),
    ],
)
async def test_a_stop_that_cannot_be_says_why_and_changes_nothing(
    desk: Desk, path: str, body: dict[str, Any], told: str
) -> None:
    with pytest.raises(DaemonError) as refused:
        await desk.incident(path, **body)
    assert told in str(refused.value)
    assert desk.woken == []
