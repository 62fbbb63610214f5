"""What the API shows of a running daemon with real jobs."""

import pytest

from tests.web.daemon_stage import DaemonStage


async def ids(served: DaemonStage, query: str) -> list[str]:
    answer = await served.get(f"/api/v1/jobs{query}")
    assert answer.status == 200, answer.text
    return [job["job"] for job in answer.json]


async def test_the_probes_need_no_token(served: DaemonStage) -> None:
    served.token = None
    assert (await served.get("/healthz")).json == {"ok": True}
    assert (await served.get("/readyz")).json == {"ok": True}
    assert (await served.get("/api/v1/status")).status == 401


async def test_the_status_tells_how_it_is_and_what_stands(served: DaemonStage) -> None:
    status = (await served.get("/api/v1/status")).json
    assert (status["ready"], status["alive"], status["durable"], status["degraded"]) == (True, True, True, [])
    assert status["jobs"] == 4
    assert status["by_status"] == {"ACTIVE": 2, "PAUSED": 2}
    assert status["by_reason"] == {"open": 2, "outside_hours": 1, "unmatched": 1}
    assert [claim["job"] for claim in status["claims"]] == ["owls"]
    assert [each["incident"] for each in status["incidents"]] == ["carrier", "flood"]
    assert status["next_transition"] == "2026-11-24T21:59:00Z"


async def test_jobs_say_why_until_when_and_who(served: DaemonStage) -> None:
    owls = (await served.get("/api/v1/jobs?text=OWLS")).json[0]
    assert (owls["status"], owls["desired"], owls["reason"]) == ("PAUSED", "pause", "outside_hours")
    assert owls["why"] == "Outside hours (night: no window is open)"
    assert owls["until"] == "2026-11-25T01:00:00Z"
    assert owls["campaigns"] == ["night"]
    assert owls["paused_by"].startswith("us, claim held by controller since ")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["east", "other", "owls", "west"]),
        ("?workspace=main", ["east", "other", "owls", "west"]),
        ("?campaign=renewals", ["east", "west"]),
        ("?status=PAUSED", ["other", "owls"]),
        ("?reason=unmatched", ["other"]),
        ("?text=renewals", ["east", "west"]),
        ("?text=st", ["east", "west"]),
        ("?status=PAUSED&reason=outside_hours", ["owls"]),
        ("?campaign=renewals&status=PAUSED", []),
        ("?after=main/other", ["owls", "west"]),
        ("?after=main/west", []),
    ],
)
async def test_jobs_are_filtered(served: DaemonStage, query: str, found: list[str]) -> None:
    assert await ids(served, query) == found


@pytest.mark.parametrize(
    ("query", "where", "what"),
    [
        ("?campaign=renewal", "campaign", "there is no campaign 'renewal'; the rules define night, renewals, starts"),
        ("?workspace=mian", "workspace", "there is no workspace 'mian'; the configuration has main"),
        ("?after=east", "after", "it is not a job, write workspace/id"),
        ("?limit=0", "limit", "Input should be greater than or equal to 1"),
        ("?limit=1e3", "limit", "it is not a whole number"),
        ("?limit=5&limit=6", "limit", "it is given twice"),
        ("?state=open", "state", "it is not known here, remove it or see /api/v1/openapi.json"),
        ("?text=", "text", "String should have at least 1 character"),
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused_with_its_place(
    served: DaemonStage, query: str, where: str, what: str
) -> None:
    answer = await served.get(f"/api/v1/jobs{query}")
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json["errors"] == [{"where": where, "what": what}]


async def test_pages_lead_to_each_other_and_miss_nobody(served: DaemonStage) -> None:
    found: list[str] = []
    path: str | None = "/api/v1/jobs?status=ACTIVE&limit=1"
    while path is not None:
        answer = await served.get(path)
        found += [job["job"] for job in answer.json]
        link = answer.headers.get("Link")
        assert link is None or link.endswith('>; rel="next"')
        path = None if link is None else link[1 : link.index(">")]
    assert found == ["east", "west"]


async def test_one_job_comes_with_every_rules_verdict_and_its_history(served: DaemonStage) -> None:
    owls = await served.job("owls")
    assert [verdict["row"] for verdict in owls["verdicts"]] == [1, 2, 3, 4, 5, 6, 7, 9, 10]
    assert [verdict["reason"] for verdict in owls["verdicts"] if verdict["applies"]] == ["outside_hours"]
    assert "schedule_wider" in [finding["finding"] for finding in owls["findings"]]
    assert owls["history"]["problem"] is None
    assert "job.paused" in [row["event"] for row in owls["history"]["audit"]]
    assert [claim["state"] for claim in owls["history"]["claims"]] == ["held"]


async def test_a_job_that_is_not_known_is_not_found(served: DaemonStage) -> None:
    for path in ("main/nobody", "elsewhere/owls", "main/a%2Fb"):
        answer = await served.get(f"/api/v1/jobs/{path}")
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")


async def test_an_id_with_a_slash_is_one_id(served: DaemonStage) -> None:
    served.add("Renewals odd", job_id="a/b")
    await served.post("/api/v1/claims/release", {"jobs": [{"workspace": "main", "id": "x"}]})  # asks for a pass
    found = await served.until("/api/v1/jobs/main/a%2Fb", lambda answer: answer.status == 200)
    assert found.json["name"] == "Renewals odd"


async def test_campaigns_tell_their_state_and_what_comes(served: DaemonStage) -> None:
    night, renewals, _starts = (await served.get("/api/v1/campaigns")).json
    assert (night["campaign"], night["state"], night["reason"]) == ("night", "closed", "outside_hours")
    assert (renewals["state"], renewals["until"]) == ("open", "2026-11-24T21:59:00Z")
    assert [(each["at"], each["state"]) for each in renewals["transitions"]] == [
        ("2026-11-24T21:59:00Z", "closed"),
        ("2026-11-25T14:00:00Z", "open"),
        ("2026-11-25T21:59:00Z", "closed"),
    ]
    assert renewals["jobs"] == {"ACTIVE": 2}
    assert renewals["timezones"] == ["America/New_York"]
    [only] = (await served.get("/api/v1/campaigns?campaign=night")).json
    assert only == night


async def test_an_incident_closes_its_campaign_or_is_named_as_one_of_some_jobs(served: DaemonStage) -> None:
    await served.post("/api/v1/incidents", {"name": "some", "match": {"names": ["Renewals e*"]}})
    await served.post("/api/v1/incidents", {"name": "all", "match": {"campaigns": ["renewals"]}})
    [renewals] = (await served.get("/api/v1/campaigns?campaign=renewals")).json
    assert (renewals["state"], renewals["reason"]) == ("closed", "incident")
    assert renewals["partial_incidents"] == ["some"]
