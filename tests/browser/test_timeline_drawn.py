"""The timeline alone, as a browser draws it."""

from datetime import date

import pytest
from playwright.sync_api import Page

from controller.shown.timeline import timeline
from tests.browser.axe import violations
from tests.browser.conftest import OpenPage
from tests.core.build import at, calendar, incident, weekdays
from tests.shown.drawing import week

pytestmark = [pytest.mark.e2e, pytest.mark.once]

STRICT = "default-src 'none'; style-src 'self'; img-src 'self'"
NAME = "carrier-one-way-audio"


def drawn_on(page: Page) -> Page:
    """The page with the drawing under a strict policy, at an address that is answered here."""
    floor = calendar("us-floor", "America/New_York", weekdays("09:00-17:00"), holidays={date(2026, 11, 26): ("Feast",)})
    storm = incident(at("2026-11-27T15:00-05:00"), at("2026-11-28T02:00-05:00"), name=NAME, reason="one-way audio")
    svg = timeline(week(floor, "2026-11-24T14:05-05:00", [storm], [None]))
    head = '<title>week</title><meta name="viewport" content="width=device-width">'
    body = f'<!doctype html><html lang="en"><head>{head}</head><body><main><h1>Week</h1>{svg}</main></body></html>'
    headers = {"Content-Security-Policy": STRICT}
    page.route("**/*", lambda route: route.fulfill(body=body, headers=headers, content_type="text/html; charset=utf-8"))
    page.goto("http://drawn.test/")
    return page


@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_as_wide_as_its_place_and_breaks_no_policy(open_page: OpenPage, width: int) -> None:
    page = drawn_on(open_page(viewport={"width": width, "height": 800}))
    drawing = page.locator("svg.tl").bounding_box()
    assert drawing is not None
    assert width - 32 <= drawing["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_letters_keep_their_size_on_a_phone(open_page: OpenPage) -> None:
    sizes = {
        width: drawn_on(open_page(viewport={"width": width, "height": 800})).locator(".tl-date").first.bounding_box()
        for width in (360, 1280)
    }
    assert sizes[360]["width"] == pytest.approx(sizes[1280]["width"])


def test_a_name_stays_within_its_stretch(open_page: OpenPage) -> None:
    page = drawn_on(open_page(viewport={"width": 360, "height": 800}))
    label = page.locator(".tl-label", has_text=NAME).last
    assert page.evaluate("each => getComputedStyle(each).overflow", label.element_handle()) == "hidden"


def test_it_is_one_image_with_a_name_and_a_description(open_page: OpenPage) -> None:
    page = drawn_on(open_page())
    image = page.get_by_role("img", name="renewals: 7 days from Tue 24 Nov, America/New_York time")
    assert "Thu 26 Nov: Holiday (us-floor: Feast)" in (image.locator("> desc").text_content() or "")
    assert violations(page) == []
