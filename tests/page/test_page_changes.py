import pytest

from controller.runtime import ledger
from tests.page.browser import Browser
from tests.web.daemon_stage import DaemonStage


async def last(stage: DaemonStage, event: str) -> dict[str, object]:
    found = await stage.until(f"/api/v1/audit?event={event}", lambda answer: bool(answer.json))
    line: dict[str, object] = found.json[-1]
    return line


async def test_stopping_everything_pauses_it_and_closing_lets_it_dial_again(
    served: DaemonStage, browser: Browser
) -> None:
    await browser.sign_in()
    page = await browser.submit(await browser.get("/stop"), "/stop", reason="one-way audio")
    assert "The incident is open: what it covers is being paused." in page.main.text
    assert "incident-1 one-way audio everything" in page.main.text
    await served.until_status("east", "PAUSED")
    shown = await browser.until("/?text=east", "paused by an incident")
    assert "Incident : incident-1: one-way audio (opened by Ann)" in shown.main.text
    line = await last(served, "incident.opened")
    assert (line["actor"], line["facts"]["via"]) == ("Ann", "page")  # type: ignore[index]

    (link,) = [each for each in page.tree.all("a") if each.text == "Close incident-1 …"]
    asked = await browser.get(link.attrs["href"])
    assert "one-way audio, opened by Ann" in asked.main.text.replace(" ,", ",")
    refused = await browser.submit(asked, "/stop/incident-1/close", reason=" ")
    assert (refused.status, "A reason is needed" in refused.main.text) == (422, True)
    page = await browser.submit(refused, "/stop/incident-1/close", reason="the carrier mended it")
    assert "The incident is closed" in page.main.text
    assert "one-way audio" not in page.main.text
    await served.until_status("east", "ACTIVE")
    assert served.sandbox.status("other").value == "PAUSED"
    assert (await last(served, "incident.closed"))["facts"]["why"] == "the carrier mended it"  # type: ignore[index]
    gone = await browser.get("/stop/incident-1/close")
    assert (gone.status, "it is closed already" in gone.main.text) == (404, True)


async def test_stopping_a_campaign_leaves_the_others(served: DaemonStage, browser: Browser) -> None:
    served.add("Start here", job_id="start")
    await browser.after_a_pass("/", "3 dialing")
    await browser.sign_in()
    shown = await browser.get("/stop")
    page = await browser.submit(shown, "/stop", scope="campaign:renewals", reason="agents sent home", span="3600")
    assert "campaigns: renewals" in page.main.text
    assert "in 59 min" in page.main.text
    await served.until_status("east", "PAUSED")
    await browser.until("/", "1 dialing")
    assert served.sandbox.status("start").value == "ACTIVE"


async def test_stopping_needs_a_reason_and_keeps_what_was_chosen(served: DaemonStage, browser: Browser) -> None:
    await browser.sign_in()
    page = await browser.submit(await browser.get("/stop"), "/stop", scope="matched", span="900")
    assert page.status == 422
    assert "Nothing was changed. A reason is needed: write at least a word" in page.main.text
    chosen = [each.attrs["value"] for each in page.tree.one("main").all("option", selected="")]
    assert chosen == ["matched", "900"]
    assert "incident-1" not in page.main.text
    assert (await served.get("/api/v1/audit?event=incident.opened")).json == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scope": "campaign:nobody"}, "there is no campaign nobody"),
        ({"scope": "half"}, "Choose what is to stop."),
        ({"scope": "campaign:"}, "Choose what is to stop."),
        ({"span": "-5"}, "choose one of those that are offered"),
        ({"reason": "x" * 501}, "write 500 characters at most"),
        ({"more": "1"}, "more: it is not known here"),
    ],
)
async def test_a_form_that_was_tampered_with_changes_nothing(
    served: DaemonStage, browser: Browser, fields: dict[str, str], told: str
) -> None:
    page = await browser.sign_in()
    key = page.tree.all("input", name="form_key")[0].attrs["value"]
    good = {"form_key": key, "scope": "matched", "reason": "storm", "span": ""}
    answer = await browser.send("/stop", {**good, **fields})
    assert answer.status == 422
    assert told in answer.main.text
    assert (await served.get("/api/v1/audit?event=incident.opened")).json == []


async def test_a_hold_pauses_one_job_until_it_is_released(served: DaemonStage, browser: Browser) -> None:
    await browser.sign_in("Ben")
    shown = await browser.get("/jobs/main/east")
    page = await browser.submit(shown, "/jobs/main/east/hold", reason="a complaint", span="7200")
    assert "The job is on hold: it is being paused, and stays so." in page.main.text
    await served.until_status("east", "PAUSED")
    assert served.sandbox.status("west").value == "ACTIVE"
    page = await browser.until("/jobs/main/east", "hold.placed")
    assert "On hold : Ben: a complaint" in page.main.text
    assert "a complaint , by Ben since" in page.main.text

    asked = await browser.get("/jobs/main/east/release")
    assert "Every hold on it is removed: a complaint , by Ben" in asked.main.text
    refused = await browser.submit(asked, "/jobs/main/east/release")
    assert (refused.status, "A reason is needed" in refused.main.text) == (422, True)
    page = await browser.submit(refused, "/jobs/main/east/release", reason="legal is done")
    assert "No hold is on the job any more." in page.main.text
    await served.until_status("east", "ACTIVE")
    assert "legal is done" in (await browser.until("/jobs/main/east", "hold.released")).main.text
    assert "No hold is on this job." in (await browser.get("/jobs/main/east/release")).main.text


async def test_releasing_where_no_hold_is_says_so(browser: Browser) -> None:
    page = await browser.sign_in()
    key = page.tree.all("input", name="form_key")[0].attrs["value"]
    answer = await browser.send("/jobs/main/east/release", {"form_key": key, "reason": "done"})
    assert "Nothing was changed: no hold was on the job." in (await browser.get(answer.to)).main.text


async def test_a_hold_without_reason_is_refused_on_the_jobs_own_page(browser: Browser) -> None:
    await browser.sign_in()
    page = await browser.submit(await browser.get("/jobs/main/east"), "/jobs/main/east/hold")
    assert page.status == 422
    assert "A reason is needed" in page.main.text
    assert page.tree.one("div", id="live").attrs["hx-get"] == "/jobs/main/east"


async def test_a_stop_that_cannot_be_stored_counts_and_says_so(
    monkeypatch: pytest.MonkeyPatch, browser: Browser
) -> None:
    async def not_yet(_self: object, _changes: object) -> bool:
        return False

    await browser.sign_in()
    monkeypatch.setattr(ledger.Ledger, "record", not_yet)
    page = await browser.submit(await browser.get("/stop"), "/stop", reason="storm")
    assert "The store could not be written:" in page.main.text
    assert "incident-1" in page.main.text


async def test_no_link_puts_words_into_the_page(browser: Browser) -> None:
    page = await browser.get("/stop?done=Everything+is+fine")
    assert page.status == 422
    assert "Everything is fine" not in page.main.text
