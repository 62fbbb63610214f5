"""A receiver of webhooks on a real server, over the stage."""

import hashlib
import hmac
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web

from controller.build import new_id
from controller.core.instant_text import rfc3339
from controller.core.signals import Limits, Opening
from controller.runtime.operations import Operations
from controller.settings import FileKey, WebhookSettings
from controller.web.problems import as_problems
from controller.web.webhooks import Webhooks
from tests.runtime.stage import Stage

TOKEN = "token-of-the-alertmanager"
SECRET = "secret-of-the-pager"
QUIET, LONGEST = 300, 14_400


class Answered(NamedTuple):
    """An HTTP answer."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def done(self) -> list[str]:
        return [each["done"] for each in self.body["notices"]]


class Receiver:
    """`alertmanager` and `pager`, with the files of their secrets; `woken` are the passes that were asked for."""

    def __init__(self, stage: Stage, folder: Path, opens: tuple[Opening, ...] = (), quiet: int = QUIET) -> None:
        self.stage = stage
        self.woken: list[str] = []
        self.seen: set[str] = set()
        self.token, self.secret = folder / "token", folder / "secret"
        self.token.write_text(f"{TOKEN}\n")
        self.secret.write_text(SECRET)
        opens = opens or (Opening({"alertname": "Carrier*"}, everything=True),)
        limits = Limits(quiet, LONGEST)
        self.settings = {
            "alertmanager": WebhookSettings("alertmanager", "alertmanager", FileKey(self.token), limits, opens),
            "pager": WebhookSettings("pager", "signed", FileKey(self.secret), limits, opens),
        }

    async def start(self) -> None:
        """Serve, by what the ledger and the store know now."""
        stage = self.stage
        self.operations = Operations(
            stage.ledger, stage.clock, lambda: stage.book, {"main"}, new_id, lambda job: job.id, self.woken.append
        )
        hooks = Webhooks(self.settings, self.operations, new_id, stage.store.audit_rows, self.seen)
        app = web.Application(middlewares=[as_problems])
        app.add_routes(hooks.routes())
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        await self._runner.cleanup()

    async def restart(self) -> None:
        """Forget all but what the store holds."""
        await self.close()
        await self.stage.restart()
        await self.start()

    async def post(self, name: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/webhooks/{name}", data=io.BytesIO(body), headers=headers) as response,
        ):
            return Answered(response.status, json.loads(await response.text()), dict(response.headers))

    async def alerts(self, *alerts: Any, token: str = TOKEN, **more: Any) -> Answered:
        body = {"version": "4", "alerts": alerts, **more}
        return await self.post("alertmanager", json.dumps(body).encode(), {"Authorization": f"Bearer {token}"})

    async def page(self, secret: str = SECRET, **more: Any) -> Answered:
        notice = {
            "timestamp": self.stage.clock.now(),
            "id": "n1",
            "status": "firing",
            "key": "trunk-3",
            "labels": {"alertname": "CarrierDown"},
            **more,
        }
        body = json.dumps({key: each for key, each in notice.items() if each is not None}).encode()
        return await self.post("pager", body, {"X-Signature-256": signature(body, secret)})


def signature(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def alert(status: str = "firing", started: float = 1_795_000_000.0, **more: Any) -> dict[str, Any]:
    """One alert of a payload."""
    return {
        "status": status,
        "labels": {"alertname": "CarrierDown", "trunk": "3"},
        "annotations": {"summary": "one-way audio on trunk 3"},
        "startsAt": rfc3339(started),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "c0ffee1234567890",
        **more,
    }
