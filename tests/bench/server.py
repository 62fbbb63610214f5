"""The provider of the benchmarks, a process of its own: as little work a request as Python allows, so that it is never
what is measured. It speaks just the HTTP that clients speak which keep their connections and send whole requests.

`GET /control/reset?active=N&finished=N` makes jobs, `/control/latency?seconds=S` delays the answers from then on,
`/control/faults?every=N` leaves one change in N without an answer and gives another one a 500, `/control/told` says
what arrived since the reset.
"""

import asyncio
import json
import resource
import time
from bisect import bisect_left
from collections import Counter
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JOBS = "/api/batch_dial_jobs"
_SLOTS = [{"startTime": "00:00", "endTime": "24:00"}]
_SCHEDULE = {"timezone": "UTC", "days": [{"dayOfWeek": day, "timeSlots": _SLOTS} for day in range(7)]}


class Provider:
    """Jobs in states, and when what arrived."""

    def __init__(self) -> None:
        self._second, self._date = 0, b""
        self.reset(0, 0)

    def reset(self, active: int, finished: int) -> None:
        """Forget everything, and make so many ACTIVE jobs, and so many COMPLETE ones beside them."""
        self.latency = 0.0
        self.statuses = ["ACTIVE"] * active + ["COMPLETE"] * finished
        self.bodies: dict[tuple[int, str], bytes] = {}
        self._lists: dict[str, list[int]] = {}
        self.every = 0
        self.changes = 0
        self.accepted: list[float] = []
        self.calls: Counter[str] = Counter()

    def date(self) -> bytes:
        """The Date of an answer that is sent now."""
        now = int(time.time())
        if now != self._second:
            self._second, self._date = now, formatdate(now, usegmt=True).encode()
        return self._date

    def body(self, number: int) -> bytes:
        """The job as JSON."""
        key = (number, self.statuses[number])
        found = self.bodies.get(key)
        if found is None:
            job = {
                "id": f"job-{number}",
                "maxConcurrentDials": 5,
                "name": f"US renewals {number:06}",
                "status": self.statuses[number],
                "callAgentId": f"agent-{number % 7}",
                "createdAt": "2026-11-20T10:00:00.000Z",
                "fromPhoneNumberIds": ["number-1"],
                "schedule": _SCHEDULE,
            }
            found = self.bodies[key] = json.dumps(job).encode()
        return found

    def pause(self, number: int, *, paused: bool) -> None:
        """Take a change."""
        status = "PAUSED" if paused else "ACTIVE"
        if self.statuses[number] != status:
            self._lists.clear()
            self.statuses[number] = status
            if paused:
                self.accepted.append(time.time())

    def page(self, status: str | None, limit: int, cursor: int) -> bytes:
        """One page, and the cursor of the next."""
        numbers = self._of(status)
        first = bisect_left(numbers, cursor)
        shown = numbers[first : first + limit]
        more = first + limit < len(numbers)
        rows = b",".join(self.body(number) for number in shown)
        return b'{"data":[' + rows + b'],"cursor":' + (b'"%d"' % (shown[-1] + 1) if more else b"null") + b"}"

    def told(self) -> dict[str, Any]:
        """What arrived since the reset, and what all that cost since the start."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "calls": dict(self.calls),
            "statuses": dict(Counter(self.statuses)),
            "first": self.accepted[0] if self.accepted else None,
            "last": self.accepted[-1] if self.accepted else None,
            "cpu": used.ru_utime + used.ru_stime,
        }

    def _of(self, status: str | None) -> list[int]:
        key = status or ""
        found = self._lists.get(key)
        if found is None:
            found = [number for number, each in enumerate(self.statuses) if status is None or each == status]
            self._lists[key] = found
        return found


class Connection(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            top = self._buffer[:head]
            length = _content_length(top)
            if len(self._buffer) < head + 4 + length:
                return
            body = self._buffer[head + 4 : head + 4 + length]
            self._buffer = self._buffer[head + 4 + length :]
            method, target, _version = top[: top.find(b"\r\n")].decode().split(" ")
            self._take(method, target, body)

    def _take(self, method: str, target: str, body: bytes) -> None:
        provider = self._provider
        if target.startswith("/control/"):
            self._answer(200, _control(provider, target))
            return
        provider.calls[method] += 1
        if method == "POST":
            fault = provider.every and provider.changes % provider.every
            provider.changes += 1
            if provider.every and fault == 0:
                return  # no answer ever comes: the change is lost
            if provider.every and fault == provider.every // 2:
                self._later(500, b'{"error":"broken"}')
                return
            provider.pause(_number(target), paused=b"true" in body)
            self._later(200, provider.body(_number(target)))
            return
        self._later(200, _read(provider, target))

    def _later(self, status: int, body: bytes) -> None:
        if self._provider.latency:
            asyncio.get_running_loop().call_later(self._provider.latency, self._answer, status, body)
        else:
            self._answer(status, body)

    def _answer(self, status: int, body: bytes) -> None:
        head = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nDate: %s\r\nContent-Length: %d\r\n\r\n"
        head %= (status, self._provider.date(), len(body))
        self._transport.write(head + body)


def _content_length(top: bytes) -> int:
    at = top.lower().find(b"content-length:")
    return 0 if at < 0 else int(top[at + 15 :].split(b"\r\n", 1)[0])


def _number(target: str) -> int:
    return int(target[len(JOBS) + 1 :].split("/", 1)[0].removeprefix("job-"))


def _read(provider: Provider, target: str) -> bytes:
    parts = urlsplit(target)
    if parts.path == JOBS:
        query = dict(parse_qsl(parts.query))
        return provider.page(query.get("status"), int(query["limit"]), int(query.get("cursor", "0")))
    return provider.body(_number(parts.path))


def _control(provider: Provider, target: str) -> bytes:
    parts = urlsplit(target)
    query = {name: float(value) for name, value in parse_qsl(parts.query)}
    match parts.path:
        case "/control/reset":
            provider.reset(int(query["active"]), int(query["finished"]))
        case "/control/latency":
            provider.latency = query["seconds"]
        case "/control/faults":
            provider.every = int(query["every"])
    return json.dumps(provider.told()).encode()


async def serve() -> None:
    """Serve until the process is ended; print the port once it listens."""
    provider = Provider()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(provider), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever started it reads this
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
