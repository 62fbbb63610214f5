"""What the provider says and does, beside the daemon: asked over HTTP, or read in the sandbox's own log."""

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.e2e.processes import KEY, Process, Stage


class Reached(Protocol):
    """A provider that listens at this port of loopback."""

    @property
    def port(self) -> str:
        """It, as text."""


def statuses(scene: Reached, key: str = KEY) -> dict[str, str]:
    """What the provider says of each job."""
    found: dict[str, str] = {}
    cursor = ""
    while True:
        page = _asked(scene, f"batch_dial_jobs?limit=100{cursor}", key=key)
        found |= {job["id"]: job["status"] for job in page["data"]}
        if not page.get("cursor"):
            return found
        cursor = f"&cursor={page['cursor']}"


def in_status(scene: Reached, status: str, key: str = KEY) -> set[str]:
    """The jobs that the provider says are in this status."""
    return {job for job, found in statuses(scene, key).items() if found == status}


def forbidden_calls(scene: Reached) -> int:
    """How many calls began that the sandbox's judge forbids, by the rules that it read last."""
    return int(_asked(scene, "_sandbox/stats")["forbidden_total"])


def moves(box: Process, to: str, since: int = 0) -> Sequence[str]:
    """The jobs that changed to a status, in their order, by the sandbox's log from the line of this number on."""
    return [line["job"] for line in box.events("sandbox.job_changed", since) if line["to"] == to]


def resume(scene: Reached, job: str) -> None:
    """What a person does in the provider's own pages."""
    _asked(scene, f"batch_dial_jobs/{job}/paused", json.dumps({"paused": False}).encode())


def pause(scene: Reached, job: str, key: str = KEY) -> None:
    """The same the other way round."""
    _asked(scene, f"batch_dial_jobs/{job}/paused", json.dumps({"paused": True}).encode(), key)


def _asked(scene: Reached, path: str, body: bytes | None = None, key: str = KEY) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{scene.port}/api/{path}", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def unread_requests(scene: Stage) -> int:
    """On how many connections something has arrived that the sandbox, which stands still, has not read."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    queues = [(local, queued) for _, local, _, _, queued, *_ in map(str.split, lines)]
    return sum(
        local.endswith(f":{int(scene.port):04X}") and not queued.endswith(":00000000") for local, queued in queues
    )
