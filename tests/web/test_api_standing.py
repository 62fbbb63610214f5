"""What stands in the way of dialing, and the rules in force, over the API."""

import json

from tests.cli.stage import RULES
from tests.web.daemon_stage import DaemonStage


async def test_what_is_closed_is_listed_too_where_it_is_asked_for(served: DaemonStage) -> None:
    await served.post("/api/v1/incidents", {"name": "storm"})
    await served.post("/api/v1/incidents/storm/close", {"reason": "it is over"})
    open_ = (await served.get("/api/v1/incidents")).json
    all_ = (await served.get("/api/v1/incidents?closed=true")).json
    assert [each["incident"] for each in open_] == ["carrier", "flood"]
    assert [each["incident"] for each in all_] == ["storm", "carrier", "flood"]
    assert (all_[0]["closed_by"], all_[0]["closed_why"]) == ("ann", "it is over")


async def test_claims_are_listed_open_and_closed(served: DaemonStage) -> None:
    jobs = [{"workspace": "main", "id": "owls"}]
    await served.post("/api/v1/claims/release", {"jobs": jobs})
    assert (await served.get("/api/v1/claims")).json == []
    [closed] = (await served.get("/api/v1/claims?closed=true")).json
    assert (closed["job"], closed["state"], closed["orphaned"]) == ("owls", "released", False)


async def test_holds_and_findings_are_listed(served: DaemonStage) -> None:
    await served.post("/api/v1/holds", {"jobs": [{"workspace": "main", "id": "east"}]})
    [hold] = (await served.get("/api/v1/holds")).json
    assert (hold["job"], hold["name"], hold["author"], hold["until"]) == ("east", "Renewals east", "ann", None)
    found = {each["finding"] for each in (await served.get("/api/v1/findings")).json}
    assert found == {"schedule_wider", "schedule_disjoint"}


async def test_the_rules_in_force_are_named_and_what_is_wrong_with_newer_ones(served: DaemonStage) -> None:
    before = (await served.get("/api/v1/rules")).json
    assert (before["rejected"], before["problems"], before["files"]) == (False, [], ["a.yaml"])
    assert before["campaigns"] == ["night", "renewals", "starts"]
    (served.folder / "rules" / "a.yaml").write_text(RULES.replace("mon-fri", "mon-frx"))
    served.daemon.reload()
    after = (await served.until("/api/v1/rules", lambda answer: bool(answer.json["rejected"]))).json
    assert (after["revision"], after["since"]) == (before["revision"], before["since"])
    assert "'frx' is not a weekday" in after["problems"][0]
    assert str(served.folder) not in json.dumps(after)
