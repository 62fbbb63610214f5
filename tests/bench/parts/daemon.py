"""The whole program as a process: until it is ready, and while it has nothing to do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.bench.ours import KEY_VARIABLE
from tests.bench.provider import Provider, running
from tests.bench.table import Bar, Row, alone, compared, unpaired

JOBS = 100
ROUNDS = 15
SETTLING_SECONDS = 10.0
IDLE_SECONDS = 60.0
_STACK = "import aiohttp, aiohttp.web, pydantic, apscheduler.schedulers.asyncio, structlog"
_MORE = f"{_STACK}, sqlalchemy.ext.asyncio, aiosqlite, alembic, holidays, ruamel.yaml, prometheus_client, click, jinja2"
_RULES = """
calendars:
  always: {timezone: UTC, hours: {mon-sun: ["00:00-24:00"]}}
campaigns:
  us-renewals: {match: {names: ["US renewals *"]}, calendars: [always]}
"""


def measure() -> Iterator[Row]:
    """Every row of this part."""
    with running() as provider, TemporaryDirectory() as name:
        provider.reset(JOBS)
        folder = _configured(Path(name), provider)
        ready, imported = list[float](), list[float]()
        for _ in range(ROUNDS):
            with _started(folder) as (_process, seconds):
                ready.append(seconds)
            imported.append(_importing())
        yield compared(
            "start", "exec to READY, 100 jobs", "s", ready, "importing the stack", imported, Bar.at_most(2.5)
        )
        idle = _configured(Path(name, "idle"), provider, resync="1h")
        with _started(idle):  # a first start makes the store, for which it loads what no later one needs
            pass
        yield from _idle(idle)


def _idle(folder: Path) -> Iterator[Row]:
    with _started(folder) as (process, _seconds), _doing_nothing() as bare:
        time.sleep(SETTLING_SECONDS)  # past the pass of the start; no other falls into the minute
        watched = psutil.Process(process.pid)
        size, theirs = watched.memory_info().rss / 2**20, psutil.Process(bare.pid).memory_info().rss / 2**20
        before = _ran(process.pid)
        time.sleep(IDLE_SECONDS)
        used = (_ran(process.pid) - before) / 1e6
    yield unpaired("idle", "RSS, 100 jobs", "MiB", [size], "the mandated packages imported", [theirs], Bar.at_most(2))
    yield alone("idle", "CPU a minute beside the passes", "ms", used, Bar.at_most(30))


def _ran(pid: int) -> int:
    """Nanoseconds for which the threads of a process have run: what `psutil` has is in ticks of ten milliseconds."""
    return sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def _configured(folder: Path, provider: Provider, resync: str = "30s") -> Path:
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "rules.yaml").write_text(_RULES)
    (folder / "controller.yaml").write_text(
        f"workspaces: {{main: {{base_url: '{provider.base_url}', api_key: {{env: {KEY_VARIABLE}}}}}}}\n"
        f"rules: rules/\nstore: sqlite:///controller.db\ncontrol: control.sock\nlisten: off\nresync: {resync}\n"
    )
    return folder


@contextmanager
def _started(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The daemon, and the seconds from its exec to READY."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        address = folder / "notify"
        address.unlink(missing_ok=True)
        notify.bind(str(address))
        notify.settimeout(60)
        environment = os.environ | {"NOTIFY_SOCKET": str(address), KEY_VARIABLE: "key-of-the-benchmark"}
        command = [sys.executable, "-m", "controller", "run", "--config", str(folder / "controller.yaml")]
        begun = time.perf_counter()
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                while b"READY=1" not in notify.recv(4096):
                    pass
                yield process, time.perf_counter() - begun
            finally:
                process.send_signal(signal.SIGTERM)


def _importing() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", _MORE], check=True)
    return time.perf_counter() - begun


@contextmanager
def _doing_nothing() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", f"{_STACK}\nimport time\ntime.sleep(600)"]) as process:
        try:
            yield process
        finally:
            process.terminate()
