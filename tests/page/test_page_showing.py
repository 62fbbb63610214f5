import pytest

from controller.core.finding import FindingKind
from controller.shown.advice import ADVICE
from controller.store.errors import StoreError, StoreReason
from controller.web.history import History
from tests.page.browser import Browser
from tests.web.daemon_stage import DaemonStage, opened


async def test_a_job_has_each_rules_verdict_and_the_one_that_decides(browser: Browser) -> None:
    page = await browser.get("/jobs/main/owls")
    rules = [row.text for row in page.tree.all("table")[0].one("tbody").all("tr")]
    assert len(rules) == 9
    (decides,) = [row for row in rules if "decides" in row]
    assert decides == "7 no window is open, or within close_early of the close pause decides night: no window is open"
    assert "2 an incident covers it does not apply \u2013" in rules


async def test_a_jobs_schedule_stands_beside_the_rules_hours(served: DaemonStage, browser: Browser) -> None:
    page = await browser.get("/jobs/main/owls")
    table = page.tree.one("div", aria_label="Weekly hours")
    head, monday, *_, sunday = [row.text for row in table.all("tr")]
    assert head == "Day night America/New_York Provider schedule America/New_York"
    assert monday == "Monday 20:00\u201322:00 09:00\u201317:00"
    assert sunday == "Sunday closed closed"
    served.add("Night none", job_id="none", schedule=None)
    page = await browser.after_a_pass("/jobs/main/none", "none: the provider limits nothing")
    assert "No provider schedule" in page.main.text


async def test_a_job_has_its_history_with_who_and_why(browser: Browser) -> None:
    page = await browser.until("/jobs/main/owls", "job.paused")
    assert "Job paused, verified job.paused Outside hours : night: no window is open controller" in page.main.text


async def test_a_job_that_is_not_known_is_a_page_that_says_so(browser: Browser) -> None:
    page = await browser.get("/jobs/main/nobody")
    assert page.status == 404
    assert "no job main/nobody is known" in page.main.text


async def test_findings_come_with_what_to_do(browser: Browser) -> None:
    page = await browser.get("/findings")
    assert [each.text for each in page.tree.all("h2")] == [
        "Provider schedule allows too much 1",
        "Job can never dial 1",
    ]
    assert "What to do: Narrow the job's schedule in Vogent" in page.main.text
    assert "Night owls main the provider schedule allows 2400 minutes a week that the rules forbid" in page.main.text


def test_each_kind_of_finding_has_advice() -> None:
    assert set(ADVICE) == set(FindingKind)


async def test_where_nothing_was_found_it_says_so() -> None:
    async with opened("") as stage:
        await stage.start()
        browser = Browser(stage)
        assert "Nothing to look at" in (await browser.get("/findings")).main.text
        await browser.close()


async def test_events_are_the_newest_first(browser: Browser) -> None:
    page = await browser.until("/events", "job.paused")
    events = [row.all("code")[0].text for row in page.tree.one("tbody").all("tr")]
    assert events[-1] == "rules.loaded"
    assert events.index("job.paused") < events.index("rules.loaded")


async def test_what_the_store_knows_is_missing_alone_where_it_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, browser: Browser
) -> None:
    async def broken(_self: object, _question: object) -> None:
        raise StoreError(StoreReason.SLOW, "hangs")

    monkeypatch.setattr(History, "ask", broken)
    for path in ("/events", "/jobs/main/owls"):
        page = await browser.get(path)
        assert page.status == 200
        assert "the store cannot be read now (slow)" in page.main.text
    assert "Outside hours" in page.main.text


async def test_the_rules_tell_their_revision_and_what_is_wrong_with_newer_files(
    served: DaemonStage, browser: Browser
) -> None:
    page = await browser.get("/rules")
    revision = (await served.get("/api/v1/rules")).json["revision"]
    assert f"Revision in force {revision} Since Tue 2026-11-24 17:00 UTC" in page.main.text
    assert [each.text for each in page.tree.one("dl").all("a")] == ["night", "renewals", "starts"]
    assert "refused" not in page.main.text
    (served.folder / "rules" / "a.yaml").write_text("calendars:\n  floor: {timezone: Nowhere/<b>}\n")
    served.daemon.reload()
    page = await browser.until("/rules", "Newer files were refused.")
    assert "a.yaml:2:21: calendars.floor.timezone" in page.main.text
    assert f"Revision in force {revision}" in page.main.text


async def test_the_coming_days_are_drawn_and_told_for_each_campaign(browser: Browser) -> None:
    page = await browser.get("/coming")
    titles = [each.text for each in page.tree.all("h2")]
    assert titles == [f"{name} America/New_York" for name in ("night", "renewals", "starts")]
    assert len(page.tree.all("svg", role="img")) == 3
    assert len(page.tree.all("details")[0].all("li")) == 8
    assert "Thu 26 Nov: Holiday (floor: Thanksgiving Day)" in page.tree.all("details")[1].text


async def test_an_incident_that_is_open_stands_in_the_coming_days(browser: Browser) -> None:
    await browser.sign_in()
    await browser.submit(await browser.get("/stop"), "/stop", reason="storm")
    page = await browser.get("/coming")
    assert "Tue 24 Nov, today:" in page.tree.all("details")[2].text
    assert "Incident (incident-1: storm" in page.tree.all("details")[2].text
