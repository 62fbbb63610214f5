"""Looking ahead over the API: the same as the command shows."""

import asyncio

import pytest

from controller.web import campaigns as campaigns_module
from tests.web.daemon_stage import DaemonStage


async def test_the_preview_is_the_commands(served: DaemonStage) -> None:
    span = "from=2026-11-23T00:00:00-05:00&until=2026-12-03T00:00:00-05:00"
    [asked] = (await served.get(f"/api/v1/preview?campaign=renewals&{span}")).json
    assert list(asked) == ["campaign", "timezone", "intervals", "partial_incidents"]
    assert asked["intervals"][0]["from"] == "2026-11-23T05:00:00Z"
    assert asked["intervals"][-1]["until"] == "2026-12-03T05:00:00Z"
    said = {(each["reason"], each["detail"]) for each in asked["intervals"]}
    assert ("holiday", "floor: Thanksgiving Day") in said
    assert ("incident", "flood: The floor is under water") in said
    assert [each["incident"] for each in asked["partial_incidents"]] == ["carrier"]


async def test_the_preview_knows_what_was_opened_beside_the_rules(served: DaemonStage) -> None:
    await served.post("/api/v1/incidents", {"name": "storm", "until": "2026-11-24T15:00:00-05:00"})
    found = (await served.get("/api/v1/preview")).json
    assert [each["campaign"] for each in found] == ["night", "renewals", "starts"]
    first = found[1]["intervals"][0]
    assert (first["state"], first["detail"]) == ("closed", "storm: it was quiet (opened by ann)")
    assert first["until"] == "2026-11-24T20:00:00Z"


async def test_the_preview_knows_the_holidays_of_other_years(served: DaemonStage) -> None:
    span = "from=2031-07-03T00:00:00-04:00&until=2031-07-06T00:00:00-04:00"
    [asked] = (await served.get(f"/api/v1/preview?campaign=renewals&{span}")).json
    assert "floor: Independence Day" in [each["detail"] for each in asked["intervals"]]


@pytest.mark.parametrize("until_", ["2026-11-24T00:00:00-05:00", "2030-12-25T00:00:00-05:00", "2026-11-25"])
async def test_a_span_that_cannot_be_meant_is_refused(served: DaemonStage, until_: str) -> None:
    answer = await served.get(f"/api/v1/preview?from=2026-11-24T00:00:00-05:00&until={until_}")
    assert (answer.status, answer.json["errors"][0]["where"]) == (422, "until")


async def test_only_so_many_look_ahead_at_once(served: DaemonStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns_module, "MOST_LOOKS", 0)
    answer = await served.get("/api/v1/preview")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    monkeypatch.undo()
    answers = await asyncio.gather(*(served.get("/api/v1/preview?campaign=night") for _ in range(5)))
    assert [each.status for each in answers] == [200] * 5


async def test_a_plus_that_nobody_escaped_is_understood(served: DaemonStage) -> None:
    [asked] = (await served.get("/api/v1/preview?campaign=night&from=2026-11-24T12:00:00+01:00")).json
    assert asked["intervals"][0]["from"] == "2026-11-24T11:00:00Z"
