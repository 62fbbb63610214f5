"""A real daemon with its listener on a free port of loopback, a real sandbox, and somebody who asks over HTTP.

It is Tuesday noon in New York, in the open hours of `renewals` and `starts`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import yarl

from controller.app import Daemon
from controller.clock import ShiftedClock
from controller.core.job import Status
from controller.sandbox.sandbox import Sandbox
from controller.settings import load_settings
from controller.store.errors import StoreError, StoreReason
from controller.web.daemon_client import ask_daemon
from controller.web.feed import Feed
from tests.cli.stage import FIT, KEY, NOON, RULES
from tests.runtime.stage import until

READ = "read-token-0123456789"
WRITE = "write-token-0123456789"
AUTHOR = {"author": "ann", "reason": "it was quiet"}

CONFIG = """\
workspaces:
  main: {{base_url: "{url}", api_key: {{file: key}}, verify_within: 2s}}
rules: rules/
store: sqlite:///var/controller.db
control: control.sock
listen: 127.0.0.1:0
{more}
"""
TOKENS = "web: {read_token: {file: read}, write_token: {file: write}, hosts: [dialer.example]}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class DaemonStage:
    """`token` is sent with each request, None: no token."""

    def __init__(self, folder: Path, sandbox: Sandbox, clock: ShiftedClock, session: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.clock = clock
        self.session = session
        self.token: str | None = None
        self.settings = load_settings(folder / "controller.yaml")
        self.daemon = Daemon(self.settings, clock, set())
        self.running: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        assert self.daemon.url is not None
        return self.daemon.url

    @property
    def feed(self) -> Feed:
        assert self.daemon._faces is not None
        return self.daemon._faces._feed

    def add(self, name: str, status: str = "ACTIVE", **more: Any) -> str:
        return self.sandbox.add_job(name, status=Status(status), **{"schedule": FIT, **more})

    async def start(self) -> None:
        """Run the daemon until its first pass is verified."""
        self.begin()
        await self.until_ready()

    def begin(self) -> None:
        """Run the daemon."""
        self.running = asyncio.create_task(self.daemon.run())

    async def until_ready(self) -> None:
        def ready() -> bool:
            assert self.running is not None
            assert not self.running.done(), self.running.result()
            return self.daemon.url is not None

        await until(ready, 20)
        await self.until("/readyz", lambda answer: answer.status == 200)

    async def close(self) -> None:
        self.daemon.stop()
        if self.running is not None:
            await self.running

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.ask("POST", path, json={**AUTHOR, **(body or {})}, **more)

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **more.pop("headers", {})}
        url = yarl.URL(f"{self.url}{path}", encoded=True)
        async with self.session.request(method, url, headers=headers, **more) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.text())

    async def until(self, path: str, wanted: Callable[[Answer], bool]) -> Answer:
        """Ask until the answer is as wanted. Raises TimeoutError."""
        async with asyncio.timeout(10):
            while not wanted(answer := await self.get(path)):  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.02)
        return answer

    async def over_socket(self, method: str, path: str, body: Any = None) -> Any:
        return await ask_daemon(self.settings.control, method, path, body)

    def fill_the_disk(self) -> None:
        """From now on the store refuses what is written."""

        async def refuse(_changes: Any) -> None:
            raise StoreError(StoreReason.FULL, "the disk is full")

        assert self.daemon._running is not None
        self.daemon._running.view.ledger.write = refuse

    async def job(self, job_id: str) -> Any:
        return (await self.get(f"/api/v1/jobs/main/{job_id}")).json

    async def until_status(self, job_id: str, status: str) -> None:
        await until(lambda: self.sandbox.status(job_id).value == status, 10)


@asynccontextmanager
async def opened(more: str = TOKENS, rules: str = RULES, **secrets: str) -> AsyncIterator[DaemonStage]:
    """Everything set up but started, and taken down; `secrets` are files. A socket's path may not be as long as
    pytest's folders are.
    """
    clock = ShiftedClock(datetime.fromisoformat(NOON).timestamp(), time.time())
    sandbox = Sandbox(clock, KEY)
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules").mkdir()
        (folder / "rules" / "a.yaml").write_text(rules)
        for file, content in (("key", KEY), ("read", READ), ("write", WRITE), *secrets.items()):
            (folder / file).write_text(content)
        async with sandbox, aiohttp.ClientSession() as session:
            (folder / "controller.yaml").write_text(CONFIG.format(url=sandbox.base_url, more=more))
            stage = DaemonStage(folder, sandbox, clock, session)
            try:
                yield stage
            finally:
                await stage.close()
