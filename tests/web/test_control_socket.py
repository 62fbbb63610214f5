"""The daemon's Unix socket: who may use it, what it refuses, and what our commands learn where nobody answers."""

import asyncio
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.core.job import JobKey, Status
from controller.runtime.control import ControlError, ControlSocket, OwnershipRequest, ask_daemon
from controller.runtime.ownership import Answer, Ownership
from tests.core.build import Selector, campaign
from tests.runtime.stage import SHUT, Stage


class Desk:
    """A control socket over the stage, and how often it told of a change."""

    def __init__(self, stage: Stage, path: Path) -> None:
        self.path = path
        self.changes = 0
        ids = iter(f"claim-{n}" for n in range(1000))
        self.ownership = Ownership(
            {"main": stage.api}, stage.ledger, stage.clock, lambda: stage.book, lambda: next(ids)
        )
        self.socket = ControlSocket(path, self.ownership, self._changed)

    async def ask(self, verb: str, *jobs: str, workspace: str = "main") -> list[Answer]:
        keys = [JobKey(workspace, job) for job in jobs]
        return await ask_daemon(self.path, verb, OwnershipRequest.of(keys, "ann", "it was quiet"))

    async def post(self, path: str, body: bytes) -> tuple[int, Any]:
        connector = aiohttp.UnixConnector(str(self.path))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(f"http://daemon{path}", data=body) as response,
        ):
            return response.status, await response.text()

    def _changed(self) -> None:
        self.changes += 1


@pytest.fixture
async def desk(stage: Stage, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(stage, tmp_path / "var" / "control.sock")
    await made.socket.start()
    yield made
    await made.socket.close()


async def test_adopting_makes_a_persons_pause_ours_and_asks_for_a_pass(stage: Stage, desk: Desk) -> None:
    job = stage.add(Status.PAUSED)
    [answer] = await desk.ask("adopt", job)
    assert answer == Answer("main", job, "US renewals", None)
    [claim] = await stage.claims(job)
    assert (claim.state, claim.author) == ("held", "ann")
    assert desk.changes == 1
    [row] = await stage.audit("claim.adopted")
    assert (row.actor, row.detail) == ("ann", "it was quiet")


async def test_releasing_ends_our_claim_and_leaves_the_job_paused(stage: Stage, desk: Desk) -> None:
    job = stage.add()
    await stage.at(SHUT)
    [answer] = await desk.ask("release", job)
    assert answer.problem is None
    assert await stage.states(job) == ["released"]
    assert stage.status(job) is Status.PAUSED
    [row] = await stage.audit("claim.released")
    assert row.actor == "ann"


async def test_each_job_of_a_request_gets_its_own_answer(stage: Stage, desk: Desk) -> None:
    active, paused = stage.add(), stage.add(Status.PAUSED)
    answers = await desk.ask("adopt", active, paused, "gone")
    problems = [answer.problem for answer in answers]
    assert problems[0] == "it is ACTIVE; only the pause of a PAUSED job can be adopted"
    assert problems[1] is None
    assert problems[2] is not None
    assert (await desk.ask("adopt", paused))[0].problem == "it is ours already, since adopted"
    assert (await desk.ask("release", active))[0].problem == "no claim of ours is open on it"
    [elsewhere] = await desk.ask("adopt", paused, workspace="nowhere")
    assert elsewhere.problem == "there is no workspace 'nowhere' in the configuration"


async def test_a_job_that_no_campaign_matches_is_not_adopted(stage: Stage, desk: Desk) -> None:
    stage.use(campaign(match=Selector(names=("Texas *",))))
    job = stage.add(Status.PAUSED)
    [answer] = await desk.ask("adopt", job)
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
    status, text = await desk.post("/release", body)
    assert status == 400
    assert "problem" in text
    assert desk.changes == 0


async def test_another_verb_is_unknown(desk: Desk) -> None:
    status, _text = await desk.post("/explode", b"{}")
    assert status == 404


async def test_a_refusal_reaches_who_asked(desk: Desk) -> None:
    asked = OwnershipRequest.model_construct(jobs=[], author="ann", reason="r")
    with pytest.raises(ControlError, match=r"the daemon refused: jobs: List should have at least 1 item"):
        await ask_daemon(desk.path, "release", asked)


async def test_where_nobody_answers_the_path_is_named(tmp_path: Path) -> None:
    asked = OwnershipRequest.of([JobKey("main", "j")], "ann", "r")
    with pytest.raises(ControlError, match=r"nobody\.sock: the daemon does not answer there"):
        await ask_daemon(tmp_path / "nobody.sock", "release", asked)


async def test_a_socket_left_behind_by_a_killed_daemon_is_replaced(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"

    left = await asyncio.start_unix_server(lambda _reader, writer: writer.close(), path)
    left.close()
    await left.wait_closed()
    path.touch()
    desk = Desk(stage, path)
    await desk.socket.start()
    assert (await desk.ask("release", "j"))[0].problem == "no claim of ours is open on it"
    await desk.socket.close()
    assert not path.exists()


async def test_a_path_that_is_too_long_is_refused_with_the_limit(stage: Stage, tmp_path: Path) -> None:
    desk = Desk(stage, tmp_path / ("x" * 120))
    with pytest.raises(ControlError, match="at most 100 bytes"):
        await desk.socket.start()
    await desk.socket.close()


async def test_a_path_that_cannot_be_made_is_refused_with_the_reason(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    desk = Desk(stage, tmp_path / "c")
    with pytest.raises(ControlError, match="c: the control socket cannot be made: Is a directory"):
        await desk.socket.start()
    await desk.socket._runner.cleanup()


async def test_a_claim_that_could_not_be_written_is_said_to_be_lost_with_the_daemon(stage: Stage, desk: Desk) -> None:
    job = stage.add(Status.PAUSED)
    await stage.store.close()
    [answer] = await desk.ask("adopt", job)
    assert answer.problem == "done, but the store could not be written: it is lost if the daemon stops now"


def test_keys_survive_the_way_to_the_daemon() -> None:
    keys: Sequence[JobKey] = [JobKey("main", "a/b"), JobKey("other", "ü")]
    asked = OwnershipRequest.of(keys, "ann", "r")
    assert OwnershipRequest.model_validate_json(asked.model_dump_json()).keys == keys
