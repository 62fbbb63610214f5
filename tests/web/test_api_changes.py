"""Changing something over the API: it counts at once, and the audit names who asked and by which way."""

from typing import Any

import pytest

from controller.web.build import LARGEST_BODY
from tests.web.daemon_stage import READ, DaemonStage, opened


async def audit(served: DaemonStage, event: str) -> list[Any]:
    rows: list[Any] = (await served.get(f"/api/v1/audit?event={event}")).json
    return rows


def jobs(*ids: str) -> dict[str, Any]:
    return {"jobs": [{"workspace": "main", "id": each} for each in ids]}


async def test_an_incident_stops_jobs_at_once_is_extended_and_lets_go(served: DaemonStage) -> None:
    body = {"name": "storm", "until": "2026-11-24T18:00:00-05:00", "match": {"campaigns": ["renewals"]}}
    opened_ = await served.post("/api/v1/incidents", body)
    assert (opened_.status, opened_.json["author"], opened_.json["problem"]) == (201, "ann", None)
    await served.until_status("east", "PAUSED")
    extended = await served.post("/api/v1/incidents/storm/extend", {"until": None})
    assert (extended.status, extended.json["until"]) == (200, None)
    closed = await served.post("/api/v1/incidents/storm/close", {"author": "bob", "reason": "it is over"})
    assert (closed.status, closed.json["closed_by"]) == (200, "bob")
    await served.until_status("east", "ACTIVE")
    rows = await audit(served, "incident.*")
    assert [(row["event"], row["actor"], row["facts"]["via"]) for row in rows] == [
        ("incident.opened", "ann", "api"),
        ("incident.extended", "ann", "api"),
        ("incident.closed", "bob", "api"),
    ]


async def test_a_job_is_held_and_released(served: DaemonStage) -> None:
    [held] = (await served.post("/api/v1/holds", jobs("east"))).json
    assert held == {"workspace": "main", "job": "east", "name": "Renewals east", "problem": None}
    await served.until_status("east", "PAUSED")
    [released] = (await served.post("/api/v1/holds/release", jobs("east"))).json
    assert released["problem"] is None
    await served.until_status("east", "ACTIVE")
    for event in ("hold.placed", "hold.released"):
        [row] = await audit(served, event)
        assert (row["actor"], row["facts"]["via"]) == ("ann", "api")


async def test_a_pause_is_adopted_and_a_claim_released(served: DaemonStage) -> None:
    paused = served.add("Renewals south", "PAUSED", job_id="south")
    [adopted] = (await served.post("/api/v1/claims/adopt", jobs(paused))).json
    assert adopted["problem"] is None
    await served.until_status(paused, "ACTIVE")
    [released] = (await served.post("/api/v1/claims/release", jobs("owls"))).json
    assert released["problem"] is None
    for event in ("claim.adopted", "claim.released"):
        [row] = await audit(served, event)
        assert (row["actor"], row["facts"]) == ("ann", {"via": "api"})


async def test_the_same_request_over_the_socket_says_so(served: DaemonStage) -> None:
    answer = await served.over_socket("POST", "/api/v1/holds", {**jobs("east"), "author": "ann", "reason": "r"})
    assert answer[0]["problem"] is None
    [row] = await audit(served, "hold.placed")
    assert row["facts"]["via"] == "socket"


async def test_over_the_socket_the_same_is_read_without_a_token(served: DaemonStage) -> None:
    assert (await served.over_socket("GET", "/api/v1/jobs"))[0]["job"] == "east"
    document = await served.over_socket("GET", "/api/v1/openapi.json")
    assert "security" not in document["paths"]["/api/v1/jobs"]["get"]
    assert document["paths"]["/api/v1/holds"]["post"]["security"] == [{"token": []}]


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/api/v1/incidents", {"reason": ""}, 422, "reason: the text is empty"),
        ("/api/v1/incidents", {"author": None}, 422, "author: None"),
        ("/api/v1/incidents", {"until": "2026-11-25T10:00:00"}, 422, "has no offset"),
        ("/api/v1/incidents", {"everything": True, "match": {"ids": ["a"]}}, 422, "give one of both"),
        ("/api/v1/incidents", {"match": {}}, 422, "match"),
        ("/api/v1/incidents", {"force": 1}, 422, "force: it is not known here"),
        ("/api/v1/incidents", {"until": "2020-01-01T00:00:00Z"}, 409, "is not after now"),
        ("/api/v1/incidents", {"name": "flood"}, 409, "'flood' is open already"),
        ("/api/v1/incidents", {"match": {"campaigns": ["x"]}}, 409, "there is no campaign x"),
        ("/api/v1/incidents/nothing/close", {}, 404, "no incident named 'nothing' is open"),
        ("/api/v1/incidents/flood/close", {}, 409, "stands in the rules files"),
        ("/api/v1/holds", {}, 422, "jobs: it is missing"),
        ("/api/v1/holds", {"jobs": []}, 422, "jobs: List should have at least 1 item"),
        ("/api/v1/holds", {"jobs": [{"workspace": "main"}]}, 422, "jobs.0.id: it is missing"),
    ],
)
async def test_what_cannot_be_done_is_told_with_its_place_and_changes_nothing(
    served: DaemonStage, path: str, body: dict[str, Any], status: int, told: str
) -> None:
    answer = await served.post(path, body)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    if told == "author: None":
        assert "author: " in answer.json["detail"]
    else:
        assert told in answer.json["detail"]
    assert await audit(served, "incident.opened") + await audit(served, "hold.placed") == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"author": "a", "reason": "r", "author": 1}']
)
async def test_a_body_that_is_no_object_of_ours_is_a_problem(served: DaemonStage, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await served.ask("POST", "/api/v1/incidents", data=body, headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")


async def test_more_jobs_than_a_body_may_hold_are_refused_whole(served: DaemonStage) -> None:
    many = jobs(*(f"job-{number}" for number in range(LARGEST_BODY // 10)))
    answer = await served.post("/api/v1/holds", many)
    assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert (await served.get("/api/v1/holds")).json == []


async def test_who_may_only_read_changes_nothing(served: DaemonStage) -> None:
    served.token = READ
    assert (await served.post("/api/v1/incidents")).status == 403
    assert [each["source"] for each in (await served.get("/api/v1/incidents")).json] == ["rules", "rules"]


async def test_wrong_tokens_are_in_the_audit_without_the_token(served: DaemonStage) -> None:
    for _ in range(2):
        wrong = {"Authorization": "Bearer wrong-token-0123456789"}
        assert (await served.get("/api/v1/status", headers=wrong)).status == 401
    [row] = (await served.until("/api/v1/audit?event=web.*", lambda answer: bool(answer.json))).json
    assert row["facts"] == {"address": "127.0.0.1", "times": 1}
    assert "wrong-token" not in str(row)


async def test_a_stop_counts_though_it_cannot_be_stored_and_says_so() -> None:
    async with opened() as served:
        served.token = "write-token-0123456789"
        job = served.add("Renewals east")
        await served.start()
        served.fill_the_disk()
        answer = await served.post("/api/v1/incidents", {"name": "storm"})
        assert (answer.status, answer.json["problem"]) == (
            201,
            "done, but the store could not be written: it is lost if the daemon stops now",
        )
        await served.until_status(job, "PAUSED")
