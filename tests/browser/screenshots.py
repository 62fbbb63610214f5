"""Pictures of the page for the README: `python -m tests.browser.screenshots FOLDER`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page

from tests.browser.chromium import installed, launched
from tests.browser.served import Served
from tests.browser.visitor import Visitor
from tests.e2e.provider import pause

NAMES = {"now": "/", "coming-days": "/coming", "job": "/jobs/main/east", "stop": "/stop"}
AFTERNOON = "2026-11-24T14:05:00-05:00"
WIDTH, HEIGHT = 1280, 860

RULES = """\
calendars:
  us-floor:
    timezone: America/New_York
    hours: {mon-fri: ["09:00-17:00"]}
    holidays: [{country: US, subdivision: NY}]
  uk-floor:
    timezone: Europe/London
    hours: {mon-fri: ["09:00-18:00"]}
campaigns:
  us-renewals: {match: {names: ["US renewals *"]}, calendars: [us-floor]}
  uk-survey: {match: {names: ["UK survey *"]}, calendars: [uk-floor]}
incidents:
  carrier-maintenance:
    reason: The carrier works on trunk 3
    match: {campaigns: [us-renewals]}
    from: 2026-11-27T15:00:00-05:00
    until: 2026-11-28T12:00:00-05:00
"""
JOBS = {
    **{place: f"US renewals {place}" for place in ("east", "west", "north", "south", "lakes", "coast", "plains")},
    **{place: f"UK survey {place}" for place in ("London", "Leeds", "Wales")},
}

BRITISH = {
    "timezone": "Europe/London",
    "days": [{"dayOfWeek": day, "timeSlots": [{"startTime": "09:00", "endTime": "18:00"}]} for day in range(1, 6)],
}
"""The schedule of the British jobs, but for one: somebody gave that a longer Wednesday."""
LONGER = {
    **BRITISH,
    "days": [
        *BRITISH["days"],
        {"dayOfWeek": 3, "timeSlots": [{"startTime": "18:00", "endTime": "21:00"}]},
    ],
}


def main(arguments: Sequence[str]) -> int:
    """Make them; 1 where there is no Chromium."""
    folder = Path(arguments[0])
    program = installed()
    if program is None:
        sys.stderr.write("Chromium is not installed: it is in the Debian package `chromium`\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, launched(program) as browser:
        stage = Served(Path(place), AFTERNOON)
        try:
            stage.rules_file(RULES)
            stage.schedules = {"London": BRITISH, "Leeds": BRITISH, "Wales": LONGER}
            stage.start(JOBS)
            _take_all(stage, browser, folder)
        finally:
            stage.close()
    return 0


def _take_all(stage: Served, browser: Browser, folder: Path) -> None:
    pages = {scheme: Visitor(_page(browser, scheme), stage.url) for scheme in ("light", "dark")}
    for visitor in pages.values():
        visitor.sign_in()
    pages["light"].hold("east", "A complaint: legal looks at it")
    pause(stage, "coast")
    stage.until_status("east", "PAUSED")
    stage.controller.wait_for("pass.finished", len(stage.controller.events("pass.finished")) + 2)
    for scheme, visitor in pages.items():
        for name, path in NAMES.items():
            visitor.go(path)
            whole = name == "coming-days"
            picture = folder / f"{name}-{scheme}.png"
            visitor.page.screenshot(path=picture, animations="disabled", full_page=whole)


def _page(browser: Browser, scheme: str) -> Page:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]  # one of the two that there are
        viewport={"width": WIDTH, "height": HEIGHT},
        timezone_id="America/New_York",
        locale="en-US",
    )
    return context.new_page()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
