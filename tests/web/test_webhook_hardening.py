"""What webhooks do where senders, clocks and strangers are not as one would like them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import yarl

from controller.store.changes import Audit, Change, PutIncident
from controller.web import webhooks as webhooks_module
from tests.runtime.stage import Stage
from tests.web.receiver import LONGEST, QUIET, Receiver, alert, rfc3339

BEGAN = 1_795_000_000.0


@pytest.fixture
async def receiver(stage: Stage, tmp_path: Path) -> AsyncIterator[Receiver]:
    made = Receiver(stage, tmp_path)
    await made.start()
    yield made
    await made.close()


def standing(stage: Stage) -> dict[str, float]:
    """The incidents that stand, and in how many seconds they end."""
    now = stage.clock.now()
    return {
        each.incident.name: each.incident.until - now
        for each in stage.ledger.incidents.values()
        if each.incident.until > now
    }


async def test_an_episode_whose_forerunner_never_resolved_has_the_longest_time_of_its_own(
    stage: Stage, receiver: Receiver
) -> None:
    await receiver.alerts(alert(started=BEGAN))
    stage.clock.instant += LONGEST - 60
    await receiver.alerts(alert(started=BEGAN + 14_000))
    assert standing(stage) == {"alertmanager/CarrierDown-c0ffee12": LONGEST}
    stage.clock.instant += 120
    assert (await receiver.alerts(alert(started=BEGAN + 14_000))).done == ["ignored"]
    assert standing(stage) == {"alertmanager/CarrierDown-c0ffee12": LONGEST - 120}
    await receiver.alerts(alert("resolved", BEGAN + 14_000))
    assert standing(stage) == {"alertmanager/CarrierDown-c0ffee12": QUIET}


async def test_a_begin_that_the_sender_moved_back_resolves_all_the_same(stage: Stage, receiver: Receiver) -> None:
    await receiver.alerts(alert(started=BEGAN + 15))
    stage.clock.instant += 100
    await receiver.alerts(alert("resolved", BEGAN, endsAt=rfc3339(BEGAN + 90)))
    assert list(standing(stage).values()) == [QUIET]


async def test_incidents_of_like_fingerprints_have_names_of_their_own(stage: Stage, receiver: Receiver) -> None:
    await receiver.alerts(*(alert(fingerprint=f"c0ffee120000000{n}") for n in range(3)))
    name = "alertmanager/CarrierDown-c0ffee12"
    assert list(standing(stage)) == [name, f"{name}-2", f"{name}-3"]


async def test_an_alert_without_fingerprint_is_told_by_its_labels(stage: Stage, receiver: Receiver) -> None:
    bare = {key: each for key, each in alert().items() if key != "fingerprint"}
    await receiver.alerts(bare, {**bare, "labels": {"alertname": "CarrierDown", "trunk": "4"}})
    assert len(standing(stage)) == 2
    await receiver.alerts({**bare, "status": "resolved"})
    assert sorted(standing(stage).values()) == [QUIET, LONGEST]


async def test_what_was_accepted_is_stored_with_what_it_asked_for(stage: Stage, receiver: Receiver) -> None:
    whole = stage.ledger.write
    batches: list[list[object]] = []

    async def watched(changes: Sequence[Change]) -> None:
        batches.append([each.event if isinstance(each, Audit) else type(each) for each in changes])
        await whole(changes)

    stage.ledger.write = watched
    await receiver.page()
    await receiver.page(id="n2", status="resolved")
    assert [("webhook.accepted" in batch, PutIncident in batch) for batch in batches] == [(True, True)] * 2


async def test_pages_without_a_begin_change_nothing_while_it_is_open(stage: Stage, receiver: Receiver) -> None:
    await receiver.page()
    for number in range(3):
        stage.clock.instant += 60
        assert (await receiver.page(id=f"again-{number}")).done == ["ignored"]
    assert list(standing(stage).values()) == [LONGEST - 180]


async def test_a_secret_that_can_be_guessed_lets_nobody_in(stage: Stage, receiver: Receiver) -> None:
    receiver.token.write_text("guess")
    assert (await receiver.alerts(alert(), token="guess")).status == 503
    assert standing(stage) == {}


async def test_a_body_that_does_not_come_is_not_waited_for(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_module, "BODY_SECONDS", 0.01)
    url = yarl.URL(receiver.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /webhooks/pager HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    async with asyncio.timeout(60):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.write(b'"a": 12}')
    writer.close()
    await writer.wait_closed()
