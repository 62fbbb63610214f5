"""The last word before a resume leaves: asked once its connection is there, however long that took."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.http_writer import StreamWriter

from controller.core.job import Status
from controller.vogent.api import WithdrawnError
from controller.vogent.budget import Budget
from controller.vogent.client import VogentClient
from controller.vogent.transport import open_session
from tests.vogent.certificates import VALID, certificate

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]
JobJson = Callable[..., dict[str, Any]]


@asynccontextmanager
async def gate_before(port: int) -> AsyncIterator[SimpleNamespace]:
    """Take connections for a server, and pass on what is said on them once the gate is `opened`."""
    gate = SimpleNamespace(opened=asyncio.Event(), came=asyncio.Event(), connections=0, port=0)
    talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError):
            while data := await reader.read(2**16):
                writer.write(data)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gate.connections += 1
        gate.came.set()
        await gate.opened.wait()
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pour(reader, back), pour(there, writer))
        await asyncio.gather(back.wait_closed(), writer.wait_closed(), return_exceptions=True)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks[asyncio.create_task(talk(reader, writer))] = writer

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    gate.port = server.sockets[0].getsockname()[1]
    try:
        yield gate
    finally:
        gate.opened.set()
        for writer in talks.values():
            writer.transport.abort()
        await asyncio.gather(*talks)
        server.close()
        await server.wait_closed()


class Question:
    """Says yes while `answer` holds; counts how often it was asked."""

    def __init__(self) -> None:
        self.answer = True
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.answer


@pytest.fixture
def question() -> Question:
    return Question()


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_resume_leaves_after_a_slow_handshake_only_if_it_is_still_wanted_then(
    authority: Path,
    serve: Serve,
    connect: Connect,
    job_json: JobJson,
    question: Question,
    monkeypatch: pytest.MonkeyPatch,
    wanted: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    server = await serve(lambda _: job_json(), ssl=certificate(authority, f"slow-{wanted}", "IP:127.0.0.1", VALID))
    async with gate_before(server.port) as gate:
        api = await connect(f"https://127.0.0.1:{gate.port}/api")
        resume = asyncio.create_task(api.unpause("job-1", question))
        await gate.came.wait()
        assert question.asked == 1, "no connection is made for what is not wanted anyway"
        question.answer = wanted
        gate.opened.set()
        if wanted:
            assert (await resume).status is Status.ACTIVE
        else:
            with pytest.raises(WithdrawnError):
                await resume
        assert question.asked == 2
        assert [seen.method for seen in server.seen] == ["POST"] * wanted
        await api.get_job("job-1")
        assert gate.connections == 1, "the connection stays of use"


async def test_a_resume_that_waited_for_a_connection_in_use_does_not_leave_on_it_once_unwanted(
    serve: Serve, connect: Connect, job_json: JobJson, question: Question
) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def answer(_: Any) -> dict[str, Any]:
        arrived.set()
        await go.wait()
        return job_json()

    server = await serve(answer)
    api = await connect(server.url, session=open_session(1), budget=Budget(2))
    read = asyncio.create_task(api.get_job("job-1"))
    await arrived.wait()
    resume = asyncio.create_task(api.unpause("job-1", question))
    while question.asked == 0:  # noqa: ASYNC110 - the question itself tells
        await asyncio.sleep(0)
    question.answer = False
    go.set()
    await read
    with pytest.raises(WithdrawnError):
        await resume
    await api.pause("job-1")
    assert [seen.method for seen in server.seen] == ["GET", "POST"]
    assert len({seen.peer for seen in server.seen}) == 1


async def test_a_resume_leaves_on_a_kept_connection_while_it_is_wanted(
    serve: Serve, connect: Connect, job_json: JobJson, question: Question
) -> None:
    server = await serve(lambda _: job_json())
    api = await connect(server.url)
    await api.get_job("job-1")
    await api.unpause("job-1", question)
    assert question.asked == 2
    assert [seen.method for seen in server.seen] == ["GET", "POST"]
    assert len({seen.peer for seen in server.seen}) == 1


async def test_an_unwanted_resume_is_not_asked_about_again_and_makes_no_connection(
    connect: Connect, closed_port: int, question: Question
) -> None:
    question.answer = False
    with pytest.raises(WithdrawnError):
        await (await connect(f"http://127.0.0.1:{closed_port}")).unpause("job-1", question)
    assert question.asked == 1


async def test_the_question_is_about_one_request_and_no_later_one(
    serve: Serve, connect: Connect, job_json: JobJson, question: Question
) -> None:
    server = await serve(lambda _: job_json())
    api = await connect(server.url)
    await api.unpause("job-1", question)
    question.answer = False
    await api.get_job("job-1")
    await api.pause("job-1")
    assert question.asked == 2
    assert [seen.method for seen in server.seen] == ["POST", "GET", "POST"]


async def test_a_question_that_fails_sends_nothing_and_costs_no_connection(
    serve: Serve, connect: Connect, job_json: JobJson
) -> None:
    answers = iter([True])

    def failing() -> bool:
        for answer in answers:
            return answer
        raise RuntimeError("a defect")

    server = await serve(lambda _: job_json())
    api = await connect(server.url, limit=1)
    await api.get_job("job-1")
    with pytest.raises(RuntimeError, match="a defect"):
        await api.unpause("job-1", failing)
    await api.get_job("job-1")
    assert [seen.method for seen in server.seen] == ["GET", "GET"]
    assert len({seen.peer for seen in server.seen}) == 1


async def test_between_the_last_word_and_the_first_byte_the_loop_turns_once_at_most(
    serve: Serve, connect: Connect, job_json: JobJson, monkeypatch: pytest.MonkeyPatch, question: Question
) -> None:
    happened: list[str] = []
    write = StreamWriter._writelines
    loop = asyncio.get_running_loop()

    def written(self: StreamWriter, chunks: Any) -> None:
        happened.append("written")
        write(self, chunks)

    def still_wanted() -> bool:
        wanted = question()
        loop.call_soon(loop.call_soon, happened.append, f"two turns after word {question.asked}")
        return wanted

    server = await serve(lambda _: job_json())
    api = await connect(server.url)
    monkeypatch.setattr(StreamWriter, "_writelines", written)
    await api.unpause("job-1", still_wanted)
    assert question.asked == 2
    assert happened.index("written") < happened.index("two turns after word 2")
