"""A Chromium for each file of tests, and a page in it that tolerates nothing that a user's console would show."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import installed, launched
from tests.browser.served import Served

REQUIRED = os.environ.get("BROWSER_TESTS") == "required"
PATIENCE = 60_000
"""Milliseconds: a loaded machine needs some."""

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Of a file, not of the session: while it runs, no other test of this process could run an event loop.
    program = installed()
    if program is None:
        told = "Chromium is not installed: it is in the Debian package `chromium`"
        if REQUIRED:
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    with launched(program) as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Make pages, with what Playwright's contexts take; what their consoles say is an error of the test."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def make(**options: object) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
        return page

    yield make
    for context in contexts:
        context.close()
    told = [each for each in said if each.startswith(("error", "warning", "uncaught")) and not _expected(each)]
    assert not told, "the browser's console shows: " + "\n".join(told)


def _expected(message: str) -> bool:
    """An answer with an error's status, and a request that a newer one replaced, are told on the console whatever the
    page makes of them.
    """
    return message.startswith(("error: Failed to load resource:", "error: htmx:sendAbort", "error: htmx:afterRequest"))


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A sandbox and a daemon with its page, on a clock that began at Tuesday noon in New York."""
    stage = Served(tmp_path_factory.mktemp("served"))
    yield stage
    stage.close()
