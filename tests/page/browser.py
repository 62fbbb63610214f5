"""Somebody with a browser: keeps cookies, sends forms as the page has them, and says from where."""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl

from controller.runtime.report import Trigger
from tests.page.parsed import Node, parsed
from tests.web.daemon_stage import WRITE, DaemonStage


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    headers: Any
    html: str

    @property
    def tree(self) -> Node:
        return parsed(self.html)

    @property
    def main(self) -> Node:
        return self.tree.one("main")

    @property
    def to(self) -> str:
        """Where it leads."""
        return self.headers["Location"]

    @property
    def overview(self) -> str:
        return self.tree.one("p", id="overview").text


class Browser:
    def __init__(self, stage: DaemonStage) -> None:
        self.stage = stage
        self.jar = aiohttp.CookieJar(unsafe=True)
        self.session = aiohttp.ClientSession(cookie_jar=self.jar)

    async def close(self) -> None:
        await self.session.close()

    async def get(self, path: str, **headers: str) -> Page:
        return await self._ask("GET", path, headers=headers)

    async def send(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        """A form, whatever stands in it."""
        return await self._ask("POST", path, data=fields, headers={"Origin": self.stage.url, **headers})

    async def submit(self, shown: Page, action: str, **fields: str) -> Page:
        """The form of the page with that action, filled in, and to where it leads."""
        form = shown.tree.one("form", method="post", action=action)
        names = {each.attrs["name"] for tag in ("input", "select") for each in form.all(tag)}
        assert fields.keys() <= names, names
        typed = {each.attrs["name"]: each.attrs.get("value", "") for each in form.all("input")}
        chosen = {each.attrs["name"]: each.all("option")[0].attrs["value"] for each in form.all("select")}
        answer = await self.send(action, {**typed, **chosen, **fields})
        return await self.get(answer.to) if answer.status == 303 else answer

    async def sign_in(self, name: str = "Ann", token: str = WRITE) -> Page:
        return await self.submit(await self.get("/signin"), "/signin", name=name, token=token)

    async def after_a_pass(self, path: str, text: str) -> Page:
        """The same, once the jobs were read anew."""
        running = self.stage.daemon._running
        assert running is not None
        running.engine.requested(Trigger.REQUEST)
        return await self.until(path, text)

    async def until(self, path: str, text: str) -> Page:
        """The page once it holds that text in its main part. Raises TimeoutError."""
        async with asyncio.timeout(10):
            while text not in (page := await self.get(path)).main.text:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.02)
        return page

    async def _ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Page:
        url = yarl.URL(f"{self.stage.url}{path}", encoded=True)
        given = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.session.request(method, url, headers=given, allow_redirects=False, **more) as answer:
            return Page(answer.status, answer.headers, await answer.text())
