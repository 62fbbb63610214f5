"""The page renews itself while somebody works on it: nothing that this person does is lost."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.served import Served
from tests.browser.visitor import Visitor
from tests.e2e.provider import pause, resume

pytestmark = [pytest.mark.e2e, pytest.mark.once]

FOCUSED = {
    "/": "main tr a",
    "/coming": "summary",
    "/jobs/main/west": "#weekly-hours",
    "/findings": "main tr a",
    "/events": "main tr a",
    "/rules": "dd a",
    "/stop": "main td a",
}
"""On each page something within what is renewed that the keyboard reaches."""


def renewed_by_what_happens(served: Served, page: Page, *, paused: bool = True) -> None:
    """Somebody pauses a job in the provider's pages, or resumes it, and the page shows what came of it."""
    page.locator("#live").evaluate("each => { each.dataset.before = 'yes'; }")
    (pause if paused else resume)(served, "west")
    expect(page.locator("#live[data-before]")).to_have_count(0, timeout=30_000)
    expect(page.locator(".htmx-swapping, .htmx-settling, .htmx-request")).to_have_count(0)


def top(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["y"]


def test_the_focus_stays_where_it_is_on_every_page(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(), served.start())
    ann.sign_in()
    ann.stop("campaign:uk-survey", "a storm")
    lost = []
    for number, (path, selector) in enumerate(FOCUSED.items()):
        ann.go(path)
        focused = ann.page.locator(selector).last
        focused.focus()
        name = focused.get_attribute("id")
        renewed_by_what_happens(served, ann.page, paused=number % 2 == 0)
        if ann.page.evaluate("document.activeElement.id") != name:
            lost.append(path)
    assert lost == []


def test_the_keyboard_goes_on_from_here_where_what_had_the_focus_is_gone(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/?state=dialing")
    visitor.row("US renewals west").get_by_role("link").focus()
    renewed_by_what_happens(served, visitor.page)
    expect(visitor.row("US renewals west")).to_have_count(0)
    expect(visitor.page.locator("main")).to_be_focused()


def test_what_was_opened_and_scrolled_stays_so(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(viewport={"width": 280, "height": 640}), served.start())
    visitor.go("/coming")
    words = visitor.page.locator("details").last
    words.locator("summary").click()
    renewed_by_what_happens(served, visitor.page)
    expect(words.locator("li").first).to_be_visible()
    visitor.go("/jobs/main/west")
    # By one call: an element that a locator found may be renewed before it is asked.
    hours = "document.getElementById('weekly-hours').scrollLeft"
    assert visitor.page.evaluate(f"{hours} = 20, {hours}") == 20, "it is wider than the telephone"
    renewed_by_what_happens(served, visitor.page, paused=False)
    assert visitor.page.evaluate(hours) == 20


def test_what_somebody_reads_stays_in_its_place_while_lines_appear_above_it(
    served: Served, open_page: OpenPage
) -> None:
    visitor = Visitor(open_page(viewport={"width": 1280, "height": 300}), served.start())
    visitor.go("/events")
    read = visitor.page.locator("main tr").last
    read.scroll_into_view_if_needed()
    line = visitor.page.locator(f"#{read.get_attribute('id')}")
    before, count = top(line), visitor.page.locator("main tr").count()
    renewed_by_what_happens(served, visitor.page)
    assert visitor.page.locator("main tr").count() > count
    assert top(line) == pytest.approx(before, abs=1)


def test_who_stays_at_the_top_sees_what_appears_there(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(viewport={"width": 1280, "height": 300}), served.start())
    visitor.go("/events")
    renewed_by_what_happens(served, visitor.page)
    assert visitor.page.evaluate("scrollY") == 0


def test_text_that_is_marked_stays_marked_and_the_page_says_that_it_waits(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/")
    visitor.page.evaluate("getSelection().selectAllChildren(document.querySelector('tbody tr:last-child'))")
    waits = visitor.page.locator(".waits")
    expect(waits).to_be_visible()
    pause(served, "west")
    served.controller.wait_for("job.paused_by_others")
    visitor.page.wait_for_timeout(2500)  # longer than two renewals are apart
    assert "US renewals west" in visitor.page.evaluate("getSelection().toString()")
    visitor.page.evaluate("getSelection().removeAllRanges()")
    expect(visitor.row("US renewals west")).to_contain_text("somebody resumes it", timeout=30_000)
    expect(waits).to_be_hidden()


def test_what_is_typed_stays(served: Served, open_page: OpenPage) -> None:
    ann = Visitor(open_page(), served.start())
    ann.sign_in()
    for number, (path, field) in enumerate({"/jobs/main/west": "reason", "/stop": "reason", "/": "text"}.items()):
        ann.go(path)
        typed = ann.page.locator(f"main [name={field}]")
        typed.press_sequentially("west")
        renewed_by_what_happens(served, ann.page, paused=number % 2 == 0)
        expect(typed).to_be_focused()
        expect(typed).to_have_value("west")


def test_a_renewal_that_crosses_a_filter_does_not_undo_it(served: Served, open_page: OpenPage) -> None:
    page = open_page()
    visitor = Visitor(page, served.start())
    visitor.go("/")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/?text=london*", hold, times=1)
    page.locator("[name=text]").fill("london")
    expect(page.locator("form.filter.htmx-request")).to_have_count(1)
    page.wait_for_timeout(100)
    page.evaluate("htmx.trigger(document.getElementById('live'), 'renew')")
    pause(served, "west")
    page.wait_for_timeout(1500)
    for each in held:
        each.continue_()
    expect(visitor.row("UK survey London")).to_be_visible()
    expect(visitor.row("US renewals east")).to_have_count(0)
    renewed_by_what_happens(served, page, paused=False)
    expect(visitor.row("US renewals east")).to_have_count(0)


def test_back_leads_out_of_a_filter(served: Served, open_page: OpenPage) -> None:
    visitor = Visitor(open_page(), served.start())
    visitor.go("/")
    visitor.page.locator("[name=text]").fill("london")
    expect(visitor.row("US renewals east")).to_have_count(0)
    visitor.page.wait_for_url("**/?text=london*")
    visitor.page.go_back()
    expect(visitor.row("US renewals east")).to_be_visible()
    expect(visitor.page.locator("[name=text]")).to_have_value("")
    renewed_by_what_happens(served, visitor.page)
    expect(visitor.row("US renewals west")).to_contain_text("somebody resumes it")
