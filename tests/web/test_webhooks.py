"""Webhooks at a real server: what opens and ends incidents, who is refused, and what survives."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controller.core.campaign import Selector
from controller.core.job import Status
from controller.core.signals import Opening
from controller.runtime.control_rows import Actor
from controller.runtime.expiry import Expiry
from controller.runtime.report import Trigger
from controller.store.changes import Change
from controller.store.errors import StoreError, StoreReason
from tests.core.build import at
from tests.runtime.stage import OPEN, Stage, lines
from tests.web.receiver import LONGEST, QUIET, TOKEN, Receiver, alert

DOCUMENTED = """{
  "version": "4",
  "groupKey": "{}:{alertname=\\"CarrierDown\\"}",
  "truncatedAlerts": 2,
  "status": "firing",
  "receiver": "campaign-controller",
  "groupLabels": {"alertname": "CarrierDown"},
  "commonLabels": {"alertname": "CarrierDown", "trunk": "31"},
  "commonAnnotations": {},
  "externalURL": "http://alertmanager.example:9093",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "CarrierDown", "trunk": "31"},
      "annotations": {"description": "No answers\\non trunk 31"},
      "startsAt": "2026-11-23T11:49:26.739266876-05:00",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "http://prometheus.example:9090/graph?g0.expr=carrier_up+%3D%3D+0",
      "fingerprint": "3b15fd163d36582e"
    }
  ]
}"""


async def refuse(_changes: Sequence[Change]) -> None:
    raise StoreError(StoreReason.UNWRITABLE, "the disk is full")


async def test_an_alert_pauses_the_jobs_and_its_resolution_and_the_quiet_time_let_go(
    stage: Stage, receiver: Receiver
) -> None:
    job = stage.add()
    await stage.at(OPEN - 3600)
    assert (await receiver.alerts(alert())).done == ["opened"]
    assert receiver.woken == [Trigger.INCIDENT]
    await stage.at(OPEN - 3500, Trigger.INCIDENT)
    assert stage.status(job) is Status.PAUSED
    [claim] = await stage.claims(job)
    assert claim.detail == (
        "alertmanager/CarrierDown-c0ffee12: one-way audio on trunk 3 (opened by webhook alertmanager)"
    )
    answered = await receiver.alerts(alert("resolved"))
    assert (answered.status, answered.done) == (200, ["ending"])
    await stage.at(OPEN - 3500 + QUIET - 1)
    assert stage.status(job) is Status.PAUSED
    await stage.at(OPEN - 3500 + QUIET)
    assert stage.status(job) is Status.ACTIVE
    await Expiry(stage.ledger).look(stage.clock.now())
    rows = await stage.audit("incident.*")
    assert [(row.event, row.actor, row.facts["via"]) for row in rows] == [
        ("incident.opened", "webhook alertmanager", "webhook"),
        ("incident.ending", "webhook alertmanager", "webhook"),
        ("incident.closed", "controller", "clock"),
    ]


async def test_without_a_quiet_time_a_resolution_closes_at_once(stage: Stage, tmp_path: Path) -> None:
    receiver = Receiver(stage, tmp_path, quiet=0)
    await receiver.start()
    await receiver.page()
    assert (await receiver.page(id="n2", status="resolved", started=OPEN)).done == ["closed"]
    assert stage.ledger.incidents == {}
    [row] = await stage.audit("incident.closed")
    assert row.actor == "webhook pager"
    await receiver.close()


async def test_the_documented_payload_is_understood(stage: Stage, receiver: Receiver, logs: list[Any]) -> None:
    answered = await receiver.post("alertmanager", DOCUMENTED.encode(), {"Authorization": f"Bearer {TOKEN}"})
    assert answered.status == 200
    [opened] = stage.ledger.incidents.values()
    assert (opened.incident.name, opened.incident.reason) == (
        "alertmanager/CarrierDown-3b15fd16",
        "No answers on trunk 31",
    )
    assert opened.incident.until == OPEN + LONGEST
    assert opened.signal is not None
    assert opened.signal.started == at("2026-11-23T16:49:26") + 0.739266
    [told] = lines(logs, "webhook.truncated")
    assert (told["webhook"], told["left_out"]) == ("alertmanager", 2)


async def test_each_alert_of_a_group_has_an_incident_of_its_own(stage: Stage, receiver: Receiver) -> None:
    others = [alert(fingerprint=f"{n:016x}") for n in range(50)]
    answered = await receiver.alerts(*others, alert(fingerprint="f" * 16, labels={"alertname": "DiskFull"}))
    assert answered.done == ["opened"] * 50 + ["ignored"]
    assert len(await stage.store.open_incidents()) == 50
    await receiver.alerts(others[0] | {"status": "resolved"})
    ends = sorted(each.incident.until for each in stage.ledger.incidents.values())
    assert ends == [OPEN + QUIET] + [OPEN + LONGEST] * 49


async def test_the_first_entry_that_fits_says_what_is_covered_and_why(stage: Stage, tmp_path: Path) -> None:
    texas = Opening({"alertname": "Carrier*", "trunk": "3*"}, Selector(names=("Texas *",)), reason="trunk 3 is down")
    receiver = Receiver(stage, tmp_path, (texas, Opening({"alertname": "*"}, everything=True)))
    await receiver.start()
    covered, other = stage.add(name="Texas east"), stage.add()
    await receiver.alerts(alert(labels={"alertname": "CarrierDown", "trunk": "31"}))
    await stage.at(OPEN)
    assert (stage.status(covered), stage.status(other)) == (Status.PAUSED, Status.ACTIVE)
    [opened] = stage.ledger.incidents.values()
    assert opened.incident.reason == "trunk 3 is down"
    await receiver.close()


async def test_campaigns_that_the_rules_do_not_define_are_said_loudly(
    stage: Stage, tmp_path: Path, logs: list[Any]
) -> None:
    receiver = Receiver(stage, tmp_path, (Opening({"alertname": "*"}, Selector(campaigns=("renewal", "renewals"))),))
    await receiver.start()
    await receiver.page()
    [told] = lines(logs, "webhook.mismatched")
    assert told["unknown_campaigns"] == ["renewal"]
    await receiver.close()


async def test_a_notice_that_is_repeated_changes_nothing(stage: Stage, receiver: Receiver) -> None:
    for _ in range(3):
        assert (await receiver.alerts(alert())).status == 200
    assert len(await stage.audit("incident.*")) == 1


async def test_after_a_restart_an_episode_that_a_person_closed_stays_closed_and_a_later_one_opens(
    stage: Stage, receiver: Receiver
) -> None:
    await receiver.alerts(alert(started=OPEN - 60))
    [opened] = stage.ledger.incidents.values()
    await receiver.operations.close_incident(opened.incident.name, Actor("ann", "socket"), "a false alarm")
    await receiver.restart()
    assert (await receiver.alerts(alert(started=OPEN - 60))).done == ["ignored"]
    stage.clock.instant = OPEN + 120
    assert (await receiver.alerts(alert(started=OPEN + 100))).done == ["opened"]


async def test_a_webhook_touches_no_incident_of_another(stage: Stage, receiver: Receiver) -> None:
    key = "c0ffee1234567890"
    await receiver.alerts(alert())
    await receiver.page(key=key)
    await receiver.page(key=key, id="n2", status="resolved", started=OPEN + 1)
    ends = {each.source: each.incident.until for each in stage.ledger.incidents.values()}
    assert ends == {"webhook alertmanager": OPEN + LONGEST, "webhook pager": OPEN + QUIET}


async def test_times_are_read_as_rfc_3339_or_as_seconds(stage: Stage, receiver: Receiver) -> None:
    await receiver.page(timestamp="2026-11-23T17:50:01.5+01:00")
    await receiver.page(id="n2", key="k2", started=OPEN - 5)
    started = [each.signal.started for each in stage.ledger.incidents.values() if each.signal]
    assert started == [OPEN + 1.5, OPEN - 5]


async def test_a_notice_is_accepted_once_also_across_a_restart(stage: Stage, receiver: Receiver) -> None:
    assert (await receiver.page()).status == 200
    assert (await receiver.page()).status == 409
    await receiver.restart()
    stage.clock.instant += 299
    assert (await receiver.page(timestamp=OPEN)).status == 409
    assert (await receiver.page(id="n2")).status == 200
    rows = await stage.audit("webhook.accepted")
    assert [(row.facts["webhook"], row.facts["id"], row.facts["key"]) for row in rows] == [
        ("pager", "n1", "trunk-3"),
        ("pager", "n2", "trunk-3"),
    ]


async def test_two_equal_notices_at_once_count_once(receiver: Receiver) -> None:
    answers = await asyncio.gather(*(receiver.page() for _ in range(4)))
    assert sorted(each.status for each in answers) == [200, 409, 409, 409]


async def test_what_cannot_be_stored_counts_and_is_asked_for_again(stage: Stage, receiver: Receiver) -> None:
    await stage.store.close()
    for _ in range(2):
        assert (await receiver.alerts(alert())).status == 503
        answered = await receiver.page()
        assert (answered.status, answered.headers["Content-Type"]) == (503, "application/problem+json")
    assert "could not be written" in answered.body["detail"]
    assert sorted(each.source for each in stage.ledger.incidents.values()) == ["webhook alertmanager", "webhook pager"]


async def test_what_was_not_stored_is_confirmed_once_the_store_is_back(stage: Stage, receiver: Receiver) -> None:
    write, stage.ledger._queue._write = stage.ledger._queue._write, refuse
    assert (await receiver.page()).status == 503
    stage.ledger._queue._write = write
    assert await stage.ledger.record([])
    assert (await receiver.page()).status == 200
    assert (await receiver.page()).status == 409
    assert len(await stage.store.open_incidents()) == 1
    assert len(await stage.audit("webhook.accepted")) == 1
