"""Webhooks at the daemon's own listener: beside the API, behind no token of its own."""

from tests.web.daemon_stage import READ, WRITE, DaemonStage, opened

HOOKS = """\
webhooks:
  alertmanager:
    kind: alertmanager
    token: {file: hook}
    quiet: 0s
    longest: 1h
    opens: [{labels: {alertname: CarrierDown}, everything: true}]
"""
TOKEN = "hook-token-0123456789"


def alert(status: str) -> dict[str, object]:
    one = {
        "status": status,
        "labels": {"alertname": "CarrierDown"},
        "annotations": {"summary": "no trunk answers"},
        "startsAt": "2026-11-24T16:59:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "aaaabbbbccccdddd",
    }
    return {"version": "4", "groupKey": "{}", "status": status, "receiver": "hook", "alerts": [one]}


async def told(served: DaemonStage, status: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    answer = await served.ask("POST", "/webhooks/alertmanager", json=alert(status), headers=headers)
    return answer.status


async def test_an_alert_stops_the_jobs_and_its_end_lets_them_dial() -> None:
    async with opened(HOOKS, hook=TOKEN) as served:
        served.add("Renewals east", job_id="east")
        await served.start()
        assert await told(served, "firing", TOKEN) == 200
        await served.until_status("east", "PAUSED")
        listed = (await served.get("/api/v1/incidents")).json
        [standing] = [each for each in listed if each["source"] != "rules"]
        assert (standing["source"], standing["author"]) == ("webhook alertmanager", "webhook alertmanager")
        assert standing["incident"] == "alertmanager/CarrierDown-aaaabbbb"
        assert await told(served, "resolved", TOKEN) == 200
        await served.until_status("east", "ACTIVE")


async def test_neither_the_apis_tokens_nor_others_open_anything_there_and_wrong_ones_are_slowed_down() -> None:
    async with opened(HOOKS, hook=TOKEN) as served:
        await served.start()
        for wrong in (READ, WRITE, "nonsense"):
            assert await told(served, "firing", wrong) == 401
        assert await told(served, "firing", TOKEN) == 200
        rows = (await served.get("/api/v1/audit?event=web.token_refused")).json
        assert len(rows) == 1


async def test_a_body_larger_than_the_apis_limit_is_taken_and_the_socket_has_no_webhooks() -> None:
    async with opened(HOOKS, hook=TOKEN) as served:
        await served.start()
        many = alert("firing") | {"alerts": alert("firing")["alerts"] * 400}  # type: ignore[operator] # a list
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = await served.ask("POST", "/webhooks/alertmanager", json=many, headers=headers)
        assert answer.status == 200
        assert "/webhooks/{name}" not in (await served.get("/api/v1/openapi.json")).json["paths"]
