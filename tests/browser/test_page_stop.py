"""Stopping and letting go on the page, down to what the provider then says of the jobs."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.served import READ, WRITE, Served
from tests.browser.visitor import Visitor
from tests.e2e.provider import statuses

pytestmark = [pytest.mark.e2e, pytest.mark.once]

REASON = "one-way audio on trunk 3"


def test_an_incident_opened_on_the_page_pauses_the_jobs_and_letting_go_lets_them_dial(
    served: Served, open_page: OpenPage
) -> None:
    ann = Visitor(open_page(), served.start())
    ann.sign_in()
    ann.stop("campaign:us-renewals", REASON)
    for job in ("east", "west", "north"):
        served.until_status(job, "PAUSED")
    ann.go("/")
    expect(ann.row("US renewals east")).to_contain_text(REASON)
    expect(ann.row("US renewals east")).to_contain_text("ann")
    assert REASON not in (ann.row("UK survey London").text_content() or ""), "it is another campaign's"
    ann.let_go("the carrier mended it")
    served.until_status("east", "ACTIVE")
    ann.go("/")
    expect(ann.row("US renewals east")).to_contain_text("dialing")
    assert REASON not in (ann.row("US renewals east").text_content() or "")
    ann.go("/events")
    ann.sees("the carrier mended it")


def test_everything_is_stopped_with_one_control(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(), served.start({"east": "US renewals east", "other": "No campaign knows it"}))
    ann.sign_in()
    ann.stop("everything", REASON)
    served.until_status("east", "PAUSED")
    served.until_status("other", "PAUSED")


def test_letting_go_asks_and_wants_a_reason(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(), served.start())
    ann.sign_in()
    ann.stop("everything", REASON)
    served.until_status("east", "PAUSED")
    ann.let_go("   ")
    ann.sees("write at least a word")
    assert statuses(served)["east"] == "PAUSED"
    assert not served.controller.events("incident.closed")


def test_a_hold_put_on_a_job_pauses_it_and_its_release_lets_it_dial(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(), served.start())
    ann.sign_in()
    ann.hold("east", "a complaint, legal looks at it")
    served.until_status("east", "PAUSED")
    ann.go("/jobs/main/east")
    ann.sees("a complaint, legal looks at it")
    ann.go("/")
    expect(ann.row("US renewals east")).to_contain_text("ann")
    assert statuses(served)["west"] == "ACTIVE"
    ann.release("east", "legal is done")
    served.until_status("east", "ACTIVE")
    ann.go("/jobs/main/east")
    ann.sees("legal is done")


def test_who_has_not_signed_in_sees_all_and_finds_no_control(served: Served, open_page: OpenPage) -> None:
    guest = Visitor(open_page(), served.start())
    for path in ("/", "/stop", "/jobs/main/east"):
        guest.go(path)
        assert guest.page.locator("form[method=post]:not([action='/signin'])").count() == 0, path
    guest.go("/")
    expect(guest.row("US renewals east")).to_be_visible()


@pytest.mark.parametrize("token", ["not-the-token-0000000", READ])
def test_another_token_changes_nothing(served: Served, open_page: OpenPage, token: str) -> None:
    guest = Visitor(open_page(), served.start())
    guest.sign_in(token)
    for path, form in (("/stop", {"scope": "everything", "span": "", "reason": "x"}), ("/jobs/main/east/hold", {})):
        answer = guest.page.request.post(served.url + path, form=form, headers={"Origin": served.url})
        assert answer.status in (401, 403), path
    assert not served.controller.events("incident.opened")
    assert statuses(served)["east"] == "ACTIVE"


def test_the_session_is_out_of_reach_for_scripts_and_other_sites(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(), served.start())
    ann.sign_in()
    (cookie,) = ann.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert WRITE not in cookie["value"]
    assert ann.page.evaluate("document.cookie") == ""
    answer = ann.page.request.post(
        served.url + "/stop",
        form={"scope": "everything", "span": "", "reason": "forged"},
        headers={"Origin": served.url},
    )
    assert answer.status == 403, "the form's own key is missing"
    assert not served.controller.events("incident.opened")


def test_everything_is_stopped_by_keyboard_alone(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(), served.start())
    keys = ann.page.keyboard
    ann.go("/signin")
    for field, text in (("name", "ann"), ("token", WRITE)):
        ann.tab_to(f"[name={field}]")
        keys.type(text)
    ann.enter()
    ann.go("/")
    ann.tab_to("a[href='/stop']")
    ann.enter()
    ann.page.wait_for_url("**/stop")
    ann.tab_to("form[action='/stop'] [name=reason]")
    keys.type(REASON)
    focused = ann.tab_to("form[action='/stop'] button")
    assert focused.evaluate("each => getComputedStyle(each).outlineStyle") != "none", "who tabs must see where they are"
    ann.enter()
    served.until_status("east", "PAUSED")
