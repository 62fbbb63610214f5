"""A key that is read afresh."""

import traceback
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from controller.vogent.client import VogentClient
from controller.vogent.errors import ErrorReason, Unauthorized
from controller.vogent.key import FreshKey

Serve = Callable[..., Awaitable[SimpleNamespace]]
Connect = Callable[..., Awaitable[VogentClient]]


class Source:
    """A place that a key is read from, and a clock."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.reads = 0
        self.now = 0.0

    def read(self) -> str:
        self.reads += 1
        key = self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]
        if isinstance(key, Exception):
            raise key
        return key

    def fresh(self) -> FreshKey:
        return FreshKey(self.read, lambda: self.now)


def test_a_key_is_read_once_in_thirty_seconds() -> None:
    source = Source("one", "two")
    key = source.fresh()
    for now, expected, reads in [(0, "one", 1), (29.9, "one", 1), (30, "two", 2), (59.9, "two", 2), (60, "two", 3)]:
        source.now = now
        assert (key.get(), source.reads) == (expected, reads)


def test_a_forgotten_key_is_read_again() -> None:
    source = Source("one", "two")
    key = source.fresh()
    assert key.get() == "one"
    key.forget()
    assert key.get() == "two"


def test_blanks_around_a_key_are_no_part_of_it() -> None:
    assert Source("  one\r\n").fresh().get() == "one"


@pytest.mark.parametrize(
    "bad",
    ["", " \n", "se cret", "secret\r\nX-Evil: 1", "secret\x00", "sécret", None, 7, b"secret", ValueError("secret")],
)
def test_a_key_that_no_header_can_hold_is_unreadable_and_stays_unseen(bad: Any) -> None:
    with pytest.raises(Unauthorized, match="no API key to send") as caught:
        Source(bad).fresh().get()
    assert caught.value.reason is ErrorReason.KEY_UNREADABLE
    assert caught.value.status is None
    assert "cret" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_file_is_named_by_the_system_s_own_words() -> None:
    with pytest.raises(Unauthorized, match=r"it cannot be read \(No such file or directory\)"):
        Source(FileNotFoundError(2, "No such file or directory", "some-file")).fresh().get()


def test_a_key_that_becomes_readable_again_is_used_at_once() -> None:
    source = Source("one", OSError(), "two")
    key = source.fresh()
    key.get()
    source.now = 30
    with pytest.raises(Unauthorized, match="OSError"):
        key.get()
    assert key.get() == "two"


def test_a_key_s_repr_tells_nothing() -> None:
    key = Source("secret").fresh()
    key.get()
    assert "secret" not in repr(key)


async def test_a_refused_key_is_read_afresh_for_the_next_request(serve: Serve, connect: Connect) -> None:
    def answer(request: web.Request) -> Any:
        good = request.headers["Authorization"] == "Bearer new"
        return {"data": [], "cursor": None} if good else web.Response(status=401)

    server = await serve(answer)
    source = Source("old", "new")
    api = await connect(server.url, key=source.read)
    with pytest.raises(Unauthorized):
        await api.list_jobs(None)
    await api.list_jobs(None)
    await api.list_jobs(None)
    assert (source.reads, len(server.seen)) == (2, 3)


async def test_nothing_is_sent_without_a_key(serve: Serve, connect: Connect) -> None:
    server = await serve(lambda _: {})
    api = await connect(server.url, key=Source(PermissionError(13, "Permission denied")).read)
    with pytest.raises(Unauthorized, match="Permission denied"):
        await api.pause("job-1")
    assert server.seen == []
