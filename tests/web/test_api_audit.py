"""The audit over the API: filtered, paged, as JSON and as CSV."""

import csv
import io
from typing import Any

import pytest

from controller.shown.record_types import AUDIT_FIELDS
from controller.web.audit import prefers_csv
from tests.web.daemon_stage import DaemonStage


async def audit(served: DaemonStage, query: str) -> list[Any]:
    answer = await served.get(f"/api/v1/audit{query}")
    assert answer.status == 200, answer.text
    rows: list[Any] = answer.json
    return rows


async def test_the_audit_is_filtered_as_by_the_command(served: DaemonStage) -> None:
    rows = await audit(served, "")
    assert [list(row) for row in rows] == [list(AUDIT_FIELDS)] * len(rows)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert {row["event"] for row in await audit(served, "?event=job.pau*")} == {"job.paused"}
    assert {row["job"] for row in await audit(served, "?job=owls&workspace=main")} == {"owls"}
    assert await audit(served, "?since=2026-11-25T00:00:00Z") == []
    assert await audit(served, "?until=2026-11-24T00:00:00Z") == []


@pytest.mark.parametrize("begin", ["?limit=2", "?limit=2&after=0"])
async def test_the_audit_is_paged_in_both_directions(served: DaemonStage, begin: str) -> None:
    whole = [row["id"] for row in await audit(served, "?limit=1000")]
    assert len(whole) > 4
    found: list[int] = []
    path: str | None = f"/api/v1/audit{begin}"
    while path is not None:
        answer = await served.get(path)
        page = [row["id"] for row in answer.json]
        found = found + page if "after" in begin else page + found
        link = answer.headers.get("Link")
        path = None if link is None else link[1 : link.index(">")]
    assert found == whole
    both = await served.get("/api/v1/audit?before=5&after=1")
    assert (both.status, "two directions" in both.json["detail"]) == (422, True)


async def test_the_audit_comes_as_csv_in_which_no_formula_runs(served: DaemonStage) -> None:
    await served.post("/api/v1/incidents", {"reason": "=HYPERLINK(1)", "author": "+ann"})
    by_query = await served.get("/api/v1/audit?format=csv&event=incident.*")
    by_header = await served.get("/api/v1/audit?event=incident.*", headers={"Accept": "text/csv, */*;q=0.1"})
    assert by_query.text == by_header.text
    assert by_query.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert by_query.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    [header, row] = csv.reader(io.StringIO(by_query.text, newline=""))
    assert header == list(AUDIT_FIELDS)
    told = dict(zip(header, row, strict=True))
    assert (told["actor"], told["detail"]) == ("'+ann", "'=HYPERLINK(1)")
    as_json = await served.get("/api/v1/audit?format=json", headers={"Accept": "text/csv"})
    assert as_json.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("accept", "csv_wanted"),
    [
        ("text/csv", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("text/csv, application/json;q=0.9", True),
        ("text/csv;q=0.5, application/json", False),
        ("text/csv, */*", False),
        ("text/csv;q=0", False),
        ("text/csv;q=much", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_csv_is_given_to_who_would_rather_have_it(accept: str, csv_wanted: bool) -> None:
    assert prefers_csv(accept) is csv_wanted
