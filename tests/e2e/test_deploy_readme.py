"""deploy/README.md, followed from top to bottom by one operator with real daemons: installed, run, another key, backed
up, restored, moved to another host, uninstalled. What only a machine of its own can do is named in `NOT_HERE`.
"""

import json
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from controller.clock import ShiftedClock
from tests.deploy.chapters import typed_on_a_host
from tests.e2e.installed import NAME, Installed, copied_sources
from tests.e2e.processes import RULES, Process, until
from tests.e2e.provider import KEY, in_status, pause
from tests.e2e.store_file import OPEN_CLAIMS

pytestmark = [pytest.mark.e2e, pytest.mark.once]

MORNING = "2026-11-25T09:30:00-05:00"
SHUT = RULES.format(start="22:00", end="23:00").replace("Renewals *", "US renewals *")
OPEN = RULES.format(start="08:00", end="23:00").replace("Renewals *", "US renewals *")
JOBS = {"east": "US renewals east", "west": "US renewals west"}
NEW_KEY = "canary-key-8e2c"

NOT_HERE = (
    "chown -R campaign-controller: ",  # the user is in the lists of the root alone
    "userdel ",
    *(() if shutil.which("systemd-sysusers") else ("systemd-sysusers",)),
)
SYSTEMD_RUN = """\
while :; do
    case $1 in
    -p) case $2 in LoadCredential=*)
            given=${2#LoadCredential=} CREDENTIALS_DIRECTORY=$(mktemp -d)
            cp "${given#*:}" "$CREDENTIALS_DIRECTORY/${given%%:*}"
            export CREDENTIALS_DIRECTORY ;;
        esac
        shift 2 ;;
    -*) shift ;;
    *) exec "$@" ;;
    esac
done"""
"""What it does of all that the documents ask of it: hand over a credential."""


class Provider:
    """The sandbox; `port` is what the helpers that ask it want to know."""

    def __init__(self, folder: Path, clock: str) -> None:
        self._folder = folder
        self._clock = clock
        self.port = "0"
        slots = [{"startTime": "00:00", "endTime": "23:59"}]
        days = [{"dayOfWeek": day, "timeSlots": slots} for day in range(7)]
        schedule = {"timezone": "America/New_York", "days": days}
        seed = [
            {"id": job, "name": name, "status": "ACTIVE", "rows": 4000, "schedule": schedule}
            for job, name in JOBS.items()
        ]
        (folder / "jobs.json").write_text(json.dumps(seed))
        self.start(KEY)

    def start(self, key: str) -> None:
        self.process = Process(
            "sandbox", "--port", self.port, "--jobs", str(self._folder / "jobs.json"),
            "--state-file", str(self._folder / "state.json"),
            env={"CAMPAIGN_CONTROLLER_CLOCK": self._clock, "SANDBOX_API_KEY": key},
        )  # fmt: skip
        self.url = self.process.wait_for("sandbox.started")["url"]
        self.port = self.url.split(":")[2].split("/")[0]

    def rotate(self, key: str) -> None:
        assert self.process.end(signal.SIGTERM) == 0
        self.process.close()
        self.start(key)


class Host:
    """A machine, and the operator on it, who reads a chapter and types its commands."""

    def __init__(self, folder: Path, sources: Path) -> None:
        folder.mkdir()
        self.place = Installed(folder, {"TMPDIR": str(folder)})
        self.place.add_command("systemd-run", SYSTEMD_RUN)
        self.place.add_command("editor", f'cp {folder / "typed"} "$1"')
        (folder / "typed").write_text(SHUT)
        self.sources = sources
        self.said = ""
        self.functions: dict[str, str] = {}

    def follow(self, chapter: str, number: int, given: str = "", *, built: bool = False) -> str:
        """Type one block of a chapter. With `built`, the program is there already: `make install` was run."""
        text = typed_on_a_host(chapter)[number]
        for whole, name in re.findall(r"^((\w+)\(\) \{\n.*?^\})$", text, re.MULTILINE | re.DOTALL):
            self.functions[name] = whole
        self.said = ""
        for part in re.split(r"^(systemctl .*)\n", text, flags=re.MULTILINE):
            if part.startswith("systemctl "):
                self._systemctl(part.split()[1:])
            elif part.strip():
                self._type(part, given, built=built)
        return self.said

    def _type(self, text: str, given: str, *, built: bool) -> None:
        lines = [line for line in text.splitlines() if not line.startswith(NOT_HERE)]
        if built:
            lines = [line for line in lines if not line.startswith("make install")]
        text = "\n".join([*self.functions.values(), *lines])
        place = f"DESTDIR={self.place.root} PYTHON={sys.executable}"
        text = re.sub(r"^(make (?:un)?install).*$", rf"\1 {place}", text, flags=re.MULTILINE)
        text = text.replace("tar -C /", f"tar -C {self.place.root}").replace(f"/usr/local/bin/{NAME}", NAME)
        text = re.sub("^systemd-sysusers$", f"systemd-sysusers --root={self.place.root}", text, flags=re.MULTILINE)
        done = self.place.run(text, self.sources, given)
        self.said += done.stdout

    def _systemctl(self, words: list[str]) -> None:
        """What systemd would do with the unit."""
        verb = words[0]
        assert words[-1] == (verb if verb == "daemon-reload" else NAME)
        if verb in ("stop", "restart", "disable") and self.place.running:
            assert self.place.stop() == 0
        if verb in ("start", "restart", "enable"):
            self.place.started()

    def rules(self, text: str) -> None:
        new = self.place.config.parent / "new"
        new.write_text(text)
        new.replace(self.place.config.parent / "rules" / "us-renewals.yaml")

    def claims(self) -> dict[str, str]:
        with closing(sqlite3.connect(self.place.store)) as store:
            return dict(store.execute(OPEN_CLAIMS))


class Scene:
    """Two hosts, and the provider that both reach; the file that moves lies in the sources, from which both install."""

    def __init__(self, folder: Path) -> None:
        clock = str(ShiftedClock(datetime.fromisoformat(MORNING).timestamp(), time.time(), 1.0))
        self.provider = Provider(folder, clock)
        sources = copied_sources(folder)
        self.old, self.new = Host(folder / "old", sources), Host(folder / "new", sources)
        self.key = KEY
        self._clock = clock

    def share_the_clock(self, host: Host) -> None:
        """From now on, since the service's file names the sandbox: for no other is it taken."""
        host.place.env["CAMPAIGN_CONTROLLER_CLOCK"] = self._clock

    def until(self, status: str, jobs: set[str], host: Host) -> None:
        assert host.place.daemon is not None
        until(lambda: in_status(self.provider, status, self.key) == jobs, host.place.daemon, self.provider.process)

    def close(self) -> None:
        self.old.place.close()
        self.new.place.close()
        self.provider.process.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path may not be as long as pytest's own folders are
        made = Scene(Path(folder))
        yield made
        made.close()


def it_is_installed_and_runs(scene: Scene) -> None:
    host = scene.old
    host.follow("systemd", 0, KEY)
    assert host.place.key.stat().st_mode & 0o077 == 0
    host.place.point_at(scene.provider.url)
    host.place.config.write_text(host.place.config.read_text().replace("resync: 30s", "resync: 1s"))
    scene.share_the_clock(host)
    planned = host.follow("systemd", 1)
    assert "US renewals east" in planned
    assert in_status(scene.provider, "ACTIVE", scene.key) == set(JOBS), "it only looked"
    assert "2 paused by us" in host.follow("systemd", 2)
    scene.until("PAUSED", set(JOBS), host)


def another_key_counts_after_a_restart(scene: Scene) -> None:
    host = scene.old
    scene.provider.rotate(NEW_KEY)
    scene.key = NEW_KEY
    assert host.place.daemon is not None
    host.place.daemon.wait_for("workspace.unreachable")
    host.follow("Another key", 0, NEW_KEY)
    assert host.claims() == {"east": "held", "west": "held"}
    host.follow("Upgrade", 0, built=True)


def a_restore_keeps_our_pauses_ours_and_a_person_s_theirs(scene: Scene) -> None:
    host = scene.old
    assert host.follow("Backup", 0).strip() == "ok"
    kept = host.place.store.with_name("backup.db")
    assert kept.stat().st_mode & 0o077 == 0
    host.rules(OPEN)
    scene.until("ACTIVE", set(JOBS), host)
    assert host.place.daemon is not None
    pause(scene.provider, "west", scene.key)
    host.place.daemon.wait_for("job.paused_by_others")
    host.rules(SHUT)
    scene.until("PAUSED", set(JOBS), host)
    until(lambda: host.claims() == {"east": "held"})

    assert host.place.daemon.end(signal.SIGKILL) == -signal.SIGKILL  # so that a log is left
    host.place.store.write_bytes(b"lost" * 10_000)
    host.rules(OPEN)
    planned = host.follow("Restore", 0)
    assert "2 to resume." in planned, "it takes the person's for ours"
    host.follow("Restore", 1)
    scene.until("ACTIVE", {"east"}, host)
    assert in_status(scene.provider, "PAUSED", scene.key) == {"west"}
    assert not host.place.daemon.events("store.set_aside")


def it_moves_to_another_host(scene: Scene) -> None:
    old, new = scene.old, scene.new
    old.rules(SHUT)
    scene.until("PAUSED", set(JOBS), old)
    until(lambda: old.claims() == {"east": "held"})
    old.follow("Moving to another host", 0)
    assert not old.place.store.with_name("controller.db-wal").exists()
    with pytest.raises(FileNotFoundError, match="vogent-api-key"):
        old.place.start()
    shutil.copytree(old.place.root / "usr", new.place.root / "usr", symlinks=True)
    (new.place.root / "etc").mkdir()
    new.functions = old.functions
    scene.share_the_clock(new)
    new.follow("Moving to another host", 1, built=True)
    assert new.claims() == {"east": "held"}
    new.rules(OPEN)
    scene.until("ACTIVE", {"east"}, new)
    assert new.place.key.read_text() == NEW_KEY


def nothing_is_left(scene: Scene) -> None:
    host = scene.new
    host.follow("Uninstall", 0)
    assert not host.place.python.exists()
    assert host.place.store.exists()
    host.follow("Uninstall", 1)
    files = {str(path.relative_to(host.place.root)) for path in host.place.root.rglob("*") if path.is_file()}
    assert {name for name in files if NAME in name} == set()


def test_every_block_works_in_the_order_of_the_document(scene: Scene) -> None:
    it_is_installed_and_runs(scene)
    another_key_counts_after_a_restart(scene)
    a_restore_keeps_our_pauses_ours_and_a_person_s_theirs(scene)
    it_moves_to_another_host(scene)
    nothing_is_left(scene)
