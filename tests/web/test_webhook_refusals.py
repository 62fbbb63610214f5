"""Webhooks at a real server: who is refused, and what cannot be read."""

from typing import Any

import pytest

from controller.web.webhooks import LARGEST
from tests.runtime.stage import OPEN, Stage, lines
from tests.web.receiver import SECRET, TOKEN, Receiver, alert, signature


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("alertmanager", {}),
        ("alertmanager", {"Authorization": f"Bearer {TOKEN}x"}),
        ("alertmanager", {"Authorization": f"Basic {TOKEN}"}),
        ("alertmanager", {"Authorization": "Bearer \xe9"}),
        ("pager", {}),
        ("pager", {"Authorization": f"Bearer {SECRET}"}),
        ("pager", {"X-Signature-256": signature(b"{}")}),
        ("pager", {"X-Signature-256": signature(b"{ }", "another")}),
    ],
)
async def test_whoever_proves_nothing_changes_nothing_and_is_told_of_once_a_minute(
    stage: Stage, receiver: Receiver, logs: list[Any], name: str, headers: dict[str, str]
) -> None:
    for _ in range(3):
        answered = await receiver.post(name, b"{ }", headers)
        assert (answered.status, answered.headers["Content-Type"]) == (401, "application/problem+json")
    assert len(lines(logs, "webhook.refused")) == 1
    stage.clock.instant += 60
    await receiver.post(name, b"{ }", headers)
    assert len(lines(logs, "webhook.refused")) == 2
    assert TOKEN not in str(logs)
    assert SECRET not in str(logs)
    assert stage.ledger.incidents == {}


async def test_an_unknown_name_is_not_found(receiver: Receiver) -> None:
    assert (await receiver.post("nobody", b"{}", {})).status == 404


async def test_a_rotated_token_and_secret_count_at_the_next_request(receiver: Receiver) -> None:
    receiver.token.write_text("the-next-token-012345")
    receiver.secret.write_text("the-next-secret-012345")
    assert (await receiver.alerts(alert())).status == 401
    assert (await receiver.alerts(alert(), token="the-next-token-012345")).status == 200
    assert (await receiver.page()).status == 401
    assert (await receiver.page("the-next-secret-012345")).status == 200
    assert receiver.seen >= {"the-next-token-012345", "the-next-secret-012345"}


async def test_where_the_secret_cannot_be_read_the_sender_is_asked_to_repeat(
    receiver: Receiver, logs: list[Any]
) -> None:
    receiver.token.unlink()
    answered = await receiver.alerts(alert())
    assert (answered.status, str(receiver.token) in answered.body["detail"]) == (503, False)
    [told] = lines(logs, "webhook.secret_unreadable")
    assert "No such file" in told["problem"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"timestamp": OPEN - 301}, "timestamp: it is more than 300 s from our clock, 2026-11-23T16:50:00Z"),
        ({"timestamp": OPEN + 301}, "timestamp: it is more than 300 s from our clock"),
        ({"timestamp": "2026-11-23T16:50:00"}, "timestamp: 2026-11-23T16:50:00 has no offset"),
        ({"timestamp": OPEN * 1000}, "timestamp: 1795452600000 is no number of seconds since 1970"),
        ({"timestamp": True}, "timestamp: "),
        ({"timestamp": None}, "timestamp: it is missing"),
        ({"id": ""}, "id: "),
        ({"status": "over"}, "status: Input should be 'firing' or 'resolved'"),
        ({"key": 3}, "key: Input should be a valid string"),
        ({"labels": {"a": 1}}, "labels.a: Input should be a valid string"),
        ({"labels": None}, "labels: it is missing"),
        ({"started": "yesterday"}, "started: 'yesterday' is not an instant"),
    ],
)
async def test_a_signed_notice_that_cannot_be_read_is_refused_with_the_place(
    stage: Stage, receiver: Receiver, more: dict[str, Any], told: str
) -> None:
    answered = await receiver.page(**more)
    assert (answered.status, stage.ledger.incidents) == (422, {})
    assert answered.body["detail"].startswith(told)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"version": "3", "alerts": []}', b'{"version": "4"}'])
async def test_what_is_no_payload_of_alertmanager_is_refused(receiver: Receiver, body: bytes) -> None:
    answered = await receiver.post("alertmanager", body, {"Authorization": f"Bearer {TOKEN}"})
    assert answered.status == 422
    assert answered.body["errors"]


async def test_an_alert_that_cannot_be_read_keeps_no_other_from_counting(stage: Stage, receiver: Receiver) -> None:
    answered = await receiver.alerts(alert(startsAt="soon"), alert(), "nonsense")
    assert answered.status == 422
    assert [each["where"] for each in answered.body["errors"]] == ["alerts.0.startsAt", "alerts.2"]
    assert len(stage.ledger.incidents) == 1


async def test_a_body_beyond_a_mebibyte_is_refused(stage: Stage, receiver: Receiver) -> None:
    assert (await receiver.alerts(alert(), padding="x" * LARGEST)).status == 413
    assert stage.ledger.incidents == {}
