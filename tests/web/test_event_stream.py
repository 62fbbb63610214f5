"""The stream of events: what comes, what was missed, and what becomes of those who are slow or too many."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from controller.store.changes import Audit
from controller.store.errors import StoreError, StoreReason
from controller.store.store import Store
from controller.web import events as events_module
from controller.web import feed as feed_module
from controller.web.feed import MISSED, Event, Feed
from controller.web.history import History
from tests.runtime.stage import until
from tests.web.daemon_stage import DaemonStage

STATE: Any = {"summary": "fine"}
FIELDS = ("retry", "id", "event", "data", "")


class Listening:
    """What one listener hears, in order: (event, data, id)."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.comments = 0

    async def next(self) -> tuple[str, Any, int | None]:
        """Raises TimeoutError where nothing comes, and EOFError at the end."""
        async with asyncio.timeout(10):
            while True:
                fields = await self._block()
                if "event" in fields:
                    number = int(fields["id"]) if "id" in fields else None
                    return fields["event"], json.loads(fields["data"]), number

    async def until(self, event: str) -> tuple[Any, int | None]:
        """The next event of this name; of a line of the audit, the next with this event."""
        while True:
            name, data, number = await self.next()
            if event in (name, data.get("event")):
                return data, number

    async def all_of(self, *wanted: Callable[[str, Any], bool]) -> list[tuple[Any, int | None]]:
        """The first of each, whichever comes first: a state is told from memory, a line once it was read from the
        disk.
        """
        found: dict[int, tuple[Any, int | None]] = {}
        while len(found) < len(wanted):
            name, data, number = await self.next()
            for place, is_it in enumerate(wanted):
                if place not in found and is_it(name, data):
                    found[place] = data, number
        return [found[place] for place in range(len(wanted))]

    async def _block(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while (line := (await self.answer.content.readline()).decode()) != "\n":
            if not line:
                raise EOFError
            name, _, value = line.rstrip("\n").partition(": ")
            assert name in FIELDS
            self.comments += name == ""
            fields[name] = value
        return fields


@asynccontextmanager
async def listening(served: DaemonStage, last: int | str | None = None) -> AsyncIterator[Listening]:
    headers = {"Authorization": f"Bearer {served.token}"}
    if last is not None:
        headers["Last-Event-ID"] = str(last)
    async with served.session.get(f"{served.url}/api/v1/events", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/event-stream"
        yield Listening(answer)


async def test_first_comes_how_it_is_and_then_what_happens(served: DaemonStage) -> None:
    async with listening(served) as heard:
        name, state, number = await heard.next()
        assert (name, state["ready"], number) == ("state", True, None)
        assert state["by_status"] == {"PAUSED": 2, "ACTIVE": 2}
        await served.post("/api/v1/incidents", {"name": "storm"})
        (row, number), _paused, _state = await heard.all_of(
            lambda _name, data: data.get("event") == "incident.opened",
            lambda _name, data: data.get("event") == "job.paused",
            lambda name, data: name == "state" and data["by_status"] == {"PAUSED": 4},
        )
        assert (row["actor"], row["facts"]["incident"], row["id"]) == ("ann", "storm", number)


async def test_lines_come_once_each_and_in_their_order(served: DaemonStage) -> None:
    async with listening(served) as heard:
        for number in range(20):
            await served.post("/api/v1/incidents", {"name": f"i{number}", "match": {"ids": ["nobody"]}})
        ids: list[int] = []
        names: list[str] = []
        while len(names) < 20:
            name, row, number = await heard.next()
            if name == "audit":
                ids.append(number or 0)
                names += [row["facts"]["incident"]] if row["event"] == "incident.opened" else []
    assert names == [f"i{number}" for number in range(20)]
    assert ids == sorted(set(ids))


async def test_who_comes_again_hears_what_was_missed_and_then_what_happens(
    served: DaemonStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PAGE", 2)
    async with listening(served) as heard:
        await served.post("/api/v1/incidents", {"name": "before", "match": {"ids": ["nobody"]}})
        _row, last = await heard.until("incident.opened")
    for number in range(5):
        await served.post("/api/v1/incidents", {"name": f"missed{number}", "match": {"ids": ["nobody"]}})
    async with listening(served, last) as heard:
        found: list[str] = []
        while len(found) < 5:
            name, row, _number = await heard.next()
            assert name == "audit", "what was missed comes first"
            found += [row["facts"]["incident"]] if row["event"] == "incident.opened" else []
        assert found == [f"missed{number}" for number in range(5)]
        await served.post("/api/v1/incidents", {"name": "after", "match": {"ids": ["nobody"]}})
        assert (await heard.until("incident.opened"))[0]["facts"]["incident"] == "after"


async def test_an_id_that_is_not_yet_given_is_of_another_store(served: DaemonStage) -> None:
    async with listening(served, 10**9) as heard:
        assert (await heard.next())[0] == "missed"
        await served.post("/api/v1/incidents", {"name": "storm"})
        assert (await heard.until("incident.opened"))[0]["facts"]["incident"] == "storm"


@pytest.mark.parametrize("last", ["x", "-1", "1e3", "9" * 30, "\u0661"])
async def test_an_id_that_can_be_none_is_refused(served: DaemonStage, last: str) -> None:
    answer = await served.get("/api/v1/events", headers={"Last-Event-ID": last})
    assert (answer.status, answer.json["errors"][0]["where"]) == (422, "Last-Event-ID")


async def test_a_quiet_stream_says_now_and_then_that_it_is_there(
    served: DaemonStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(events_module, "LOOK_SECONDS", 0.01)
    async with listening(served) as heard:
        await heard.next()
        while heard.comments < 3:
            await heard._block()


async def test_only_so_many_listen_and_who_goes_makes_room(
    served: DaemonStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MOST_LISTENERS", 1)
    monkeypatch.setattr(events_module, "LOOK_SECONDS", 0.01)
    async with listening(served) as heard:
        await heard.next()
        answer = await served.get("/api/v1/events")
        assert (answer.status, answer.json["detail"]) == (503, "too many listen already")
        assert answer.headers["Retry-After"] == "30"
        heard.answer.close()
    await asyncio.sleep(0.1)
    async with listening(served) as heard:
        await heard.next()


async def test_who_takes_nothing_is_dropped_and_the_others_are_not(
    served: DaemonStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "QUEUED", 4)
    monkeypatch.setattr(events_module, "STUCK_SECONDS", 0.1)
    feed = served.feed
    with capture_logs() as logs:
        async with listening(served) as slow, listening(served) as quick:
            await slow.next()
            await quick.next()
            assert slow.answer.connection is not None
            assert slow.answer.connection.transport is not None
            slow.answer.connection.transport.pause_reading()  # type: ignore[attr-defined]
            large = Event("state", json.dumps({"x": "y" * 100_000}))
            heard = 0
            async with asyncio.timeout(20):
                while len(feed._listeners) == 2:
                    feed._tell(large)
                    await quick.next()
                    heard += 1
            feed._tell(Event("state", "{}"))
            assert (await quick.next())[1] == {}
            await until(lambda: bool([line for line in logs if line["event"] == "web.listener_dropped"]))
    assert heard > 4


async def test_the_end_of_the_daemon_ends_the_stream_at_once(served: DaemonStage) -> None:
    async with listening(served) as heard:
        await heard.next()
        assert served.running is not None
        served.daemon.stop()
        async with asyncio.timeout(20):
            await served.running
        with pytest.raises((EOFError, aiohttp.ClientError)):
            await heard.until("nothing of that name")


async def test_over_the_socket_it_can_be_heard_too(served: DaemonStage) -> None:
    connector = aiohttp.UnixConnector(str(served.settings.control))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get("http://daemon/api/v1/events") as answer,
    ):
        assert (await Listening(answer).next())[0] == "state"


class Trouble:
    """A store that is away while `broken` is set."""

    def __init__(self, store: Store, url: str) -> None:
        self.store = store
        self.history = History(url)
        self.broken = False
        self._ask = self.history.ask
        self.history.ask = self.ask  # type: ignore[method-assign]
        self.feed = Feed(self.history, lambda: STATE)

    async def ask(self, question: Any) -> Any:
        if self.broken:
            raise StoreError(StoreReason.BUSY, "away")
        return await self._ask(question)

    async def write(self, *events: str) -> None:
        await self.store.write([Audit(1.0, event) for event in events])
        self.feed.written()


@pytest.fixture
async def trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Trouble]:
    monkeypatch.setattr(feed_module, "AGAIN_SECONDS", 0.01)
    url = f"sqlite:///{tmp_path / 'c.db'}"
    store = await Store.open(url)
    made = Trouble(store, url)
    yield made
    await made.feed.close()
    await made.history.close()
    await store.close()


async def heard_by(subscription: Any, count: int) -> list[str]:
    """The events, of lines of the audit theirs."""
    found = [await subscription.get(5) for _ in range(count)]
    return [event.name if event.id is None else json.loads(event.data)["event"] for event in found]


async def test_lines_that_could_not_be_read_come_when_they_can(trouble: Trouble) -> None:
    async with trouble.feed.listening() as subscription:
        trouble.broken = True
        with capture_logs() as logs:
            await trouble.write("a.b", "c.d")
            await until(lambda: bool(logs))
            await asyncio.sleep(0.05)
        assert [line["event"] for line in logs] == ["web.events_delayed"]
        trouble.feed.passed()
        assert await heard_by(subscription, 1) == ["state"], "what memory knows comes meanwhile"
        trouble.broken = False
        assert await heard_by(subscription, 2) == ["a.b", "c.d"]


async def test_where_it_cannot_be_known_what_was_missed_that_is_said(trouble: Trouble) -> None:
    trouble.broken = True
    async with trouble.feed.listening() as subscription:
        trouble.broken = False
        await trouble.write("a.b")
        assert await heard_by(subscription, 1) == [MISSED.name]
        await trouble.write("c.d")
        assert await heard_by(subscription, 1) == ["c.d"]


async def test_another_store_in_the_place_of_the_first_is_read_from_its_begin(trouble: Trouble, tmp_path: Path) -> None:
    await trouble.write("old.one", "old.two")
    async with trouble.feed.listening() as subscription:
        await trouble.store.close()
        (tmp_path / "c.db").rename(tmp_path / "c.corrupt")
        trouble.store = await Store.open(f"sqlite:///{tmp_path / 'c.db'}")
        await trouble.write("new.one")
        assert await heard_by(subscription, 2) == [MISSED.name, "new.one"]
        await trouble.store.close()


async def test_while_nobody_listens_nothing_is_read(trouble: Trouble) -> None:
    async with trouble.feed.listening() as subscription:
        await trouble.write("a.b")
        assert await heard_by(subscription, 1) == ["a.b"]
    await asyncio.sleep(0.05)  # it looks once more whether that was all
    asked: list[Any] = []
    ask = trouble.history.ask
    trouble.history.ask = lambda question: asked.append(question) or ask(question)  # type: ignore[method-assign, func-returns-value]
    await trouble.write("unheard.one")
    await asyncio.sleep(0.02)
    trouble.feed.passed()
    assert asked == []
    async with trouble.feed.listening() as subscription:
        await trouble.write("c.d")
        assert await heard_by(subscription, 1) == ["c.d"]
