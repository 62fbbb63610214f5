"""Somebody at the page: what a person does there, in words."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.served import WRITE


class Visitor:
    """Works on one page of one daemon."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def go(self, path: str) -> Locator:
        """Open one of its pages; gives what is in it."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return self.page.locator("main")

    def sign_in(self, token: str = WRITE, name: str = "ann") -> None:
        """Have a session."""
        self.go("/signin")
        self.page.locator("[name=name]").fill(name)
        self.page.locator("[name=token]").fill(token)
        self.send("/signin")

    def stop(self, scope: str, reason: str) -> None:
        """Open an incident: for `everything`, `matched` or `campaign:NAME`."""
        self.go("/stop")
        choice = self.page.locator("[name=scope]").first
        if choice.evaluate("each => each.tagName") == "SELECT":
            choice.select_option(scope)
        else:
            self.page.locator(f"[name=scope][value='{scope}']").check()
        self.page.locator("form[action='/stop'] [name=reason]").fill(reason)
        self.send("/stop")

    def let_go(self, reason: str) -> None:
        """Close the one incident that is open: it is asked about first."""
        main = self.go("/stop")
        main.locator("a[href$='/close']").click()
        self.page.wait_for_url("**/close")
        self.page.locator("[name=reason]").fill(reason)
        self.send("/close")

    def hold(self, job: str, reason: str) -> None:
        """Put a hold on a job of the workspace `main`."""
        self.go(f"/jobs/main/{job}")
        self.page.locator("form[action$='/hold'] [name=reason]").fill(reason)
        self.send("/hold")

    def release(self, job: str, reason: str) -> None:
        """Remove it: it is asked about first."""
        main = self.go(f"/jobs/main/{job}")
        main.locator("a[href$='/release']").click()
        self.page.wait_for_url("**/release")
        self.page.locator("[name=reason]").fill(reason)
        self.send("/release")

    def send(self, to: str) -> None:
        """Press the button of the form that goes there, and see what it leads to."""
        with self.page.expect_navigation():
            self.page.locator(f"form[action$='{to}'] button").click()

    def enter(self) -> None:
        """Press Enter where that leads elsewhere. The key comes up there: the page that is left may not answer."""
        with self.page.expect_navigation():
            self.page.keyboard.down("Enter")
        self.page.keyboard.up("Enter")

    def row(self, name: str) -> Locator:
        """A job's row on the first page."""
        return self.page.locator("main tr", has_text=name)

    def tab_to(self, selector: str) -> Locator:
        """Press Tab until that has the focus."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return self.page.locator(":focus")
        raise AssertionError(f"the keyboard does not reach {selector}")

    def sees(self, text: str) -> None:
        """Wait for a text in the page, without loading it again."""
        expect(self.page.locator("main")).to_contain_text(text, timeout=30_000)
