"""The page for everybody: on a phone, in the dark, through a screen reader; and what it says when it cannot know."""

import signal

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenPage
from tests.browser.served import Served
from tests.browser.visitor import Visitor
from tests.e2e.provider import pause

pytestmark = [pytest.mark.e2e, pytest.mark.once]

PATHS = ("/", "/coming", "/jobs/main/east", "/stop", "/findings", "/events", "/rules", "/signin")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(served: Served, open_page: OpenPage, scheme: str) -> None:
    ann = Visitor(open_page(color_scheme=scheme), served.start())
    ann.sign_in()
    ann.stop("campaign:us-renewals", "one-way audio")
    ann.hold("west", "a complaint")
    served.until_status("east", "PAUSED")
    asking = ("/stop/incident-1/close", "/jobs/main/west/release")
    found = []
    for path in (*PATHS, *asking):
        ann.go(path)
        found += [f"{path}: {each}" for each in violations(ann.page)]
    assert found == []


def test_no_page_scrolls_sideways_on_a_phone(served: Served, open_page: OpenPage) -> None:
    phone = open_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ann = Visitor(phone, served.start())
    ann.sign_in()
    ann.stop(
        "everything", "a reason that is long enough to need several lines on a telephone, and-a-word-without-end" * 2
    )
    served.until_status("east", "PAUSED")
    widths = {path: phone.evaluate("document.documentElement.scrollWidth") for path in PATHS if ann.go(path)}
    assert widths == dict.fromkeys(PATHS, 360)


def test_it_is_dark_where_the_viewer_wants_it(served: Served, open_page: OpenPage) -> None:
    url = served.start()
    brightness = {}
    for scheme in ("light", "dark"):
        visitor = Visitor(open_page(color_scheme=scheme), url)
        visitor.go("/")
        colour = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness[scheme] = sum(int(part) for part in colour.strip("rgba() ").split(",")[:3]) / 3
    assert brightness["light"] > 200
    assert brightness["dark"] < 60


def test_a_filter_leaves_what_fits_and_can_be_kept_as_an_address(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/")
    visitor.page.locator("[name=text]").fill("london")
    visitor.page.keyboard.press("Enter")
    expect(visitor.row("UK survey London")).to_be_visible()
    expect(visitor.row("US renewals east")).to_have_count(0)
    visitor.go("/?campaign=us-renewals")
    expect(visitor.row("US renewals east")).to_be_visible()
    expect(visitor.row("UK survey London")).to_have_count(0)
    assert visitor.page.locator("[name=campaign]").input_value() == "us-renewals"
    visitor.go("/?text=nothing-like-it")
    expect(visitor.page.locator("main")).to_contain_text("No job fits this filter; there are 4 without it")


def test_what_happens_appears_by_itself(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/")
    expect(visitor.row("US renewals west")).to_contain_text("dialing")
    visitor.page.evaluate("window.notLoadedAgain = true")
    pause(served, "west")
    expect(visitor.row("US renewals west")).to_contain_text("aused by someone in Vogent, not by us", timeout=30_000)
    assert visitor.page.evaluate("window.notLoadedAgain")


def test_a_renewal_leaves_the_focus_where_it_is(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/")
    focused = visitor.row("US renewals east").get_by_role("link")
    focused.focus()
    pause(served, "west")
    expect(visitor.row("US renewals west")).to_contain_text("aused by someone in Vogent", timeout=30_000)
    expect(focused).to_be_focused()


def test_a_renewal_leaves_open_what_somebody_opened(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/coming")
    words = visitor.page.locator("details").first
    words.locator("summary").click()
    with visitor.page.expect_response(lambda answer: answer.url.endswith("/coming"), timeout=30_000):
        pause(served, "west")
    expect(visitor.page.locator(".htmx-swapping, .htmx-settling, .htmx-request")).to_have_count(0)
    expect(words.locator("li").first).to_be_visible()


def test_a_job_page_tells_each_rules_verdict_and_the_hours_side_by_side(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    main = visitor.go("/jobs/main/london")
    for text in ("Outside hours", "Europe/London", "America/New_York", "Provider schedule"):
        visitor.sees(text)
    assert main.locator("table").count() >= 2


def test_the_coming_days_of_each_campaign_are_drawn_and_told(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/coming")
    for campaign in ("us-renewals", "uk-survey"):
        name = f"{campaign}: 7 days from Tue 24 Nov"
        expect(visitor.page.locator("svg.tl", has=visitor.page.locator(f"title:text('{name}')"))).to_be_visible()
    visitor.sees("Thanksgiving Day")
    colours = {
        kind: visitor.page.locator(f".tl-{kind}").first.evaluate("each => getComputedStyle(each).fill")
        for kind in ("open", "closed", "holiday", "wider", "agreed")
    }
    assert len(set(colours.values())) == len(colours), "the stylesheet tells them apart"


def test_when_the_provider_cannot_be_reached_the_page_says_from_when_it_is(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/")
    assert served.box.end(signal.SIGTERM) == 0
    served.controller.wait_for("workspace.unreachable")
    notice = visitor.page.locator(".notice", has_text="what you see is from")
    expect(notice.filter(has_text="The last pass that read main was")).to_be_visible(timeout=60_000)
    expect(visitor.page.locator("main")).to_contain_text("main cannot be read: connection")
    expect(visitor.row("US renewals east")).to_be_visible()
    assert violations(visitor.page) == []


def test_when_the_daemon_is_gone_the_page_says_that_it_is_old(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/")
    visitor.page.wait_for_timeout(500)  # the stream is open by then; where it is not, what follows comes all the same
    assert served.controller.end(signal.SIGTERM) == 0
    expect(visitor.page.locator("#connection")).to_be_visible(timeout=60_000)


def test_rules_that_were_refused_are_shown_with_their_problems(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    served.rules_file("calendars: {floor: {timezone: Nowhere/There}}\n")
    served.controller.wait_for("rules.rejected")
    visitor.go("/rules")
    visitor.sees("Nowhere/There")


def test_it_works_without_scripts(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(java_script_enabled=False), served.start())
    ann.sign_in()
    ann.stop("everything", "no scripts here")
    served.until_status("east", "PAUSED")
    ann.let_go("enough")
    served.until_status("east", "ACTIVE")
