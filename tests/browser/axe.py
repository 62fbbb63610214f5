"""axe, which finds what keeps people out of a page: all of WCAG 2.2 AA that a program can tell, and best practices."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()


def violations(page: Page) -> list[str]:
    """What it finds on the page as it is now, a line for each element."""
    found: list[dict[str, Any]] = AXE.run(page).response["violations"]
    return [
        f"{violation['id']}: {violation['help']}: {node['html']} ({node.get('failureSummary', '')})"
        for violation in found
        for node in violation["nodes"]
    ]
