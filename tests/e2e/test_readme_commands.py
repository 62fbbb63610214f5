"""Every command of the README, in its order, by the rules and the service file that stand in it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import KEY, Process

pytestmark = [pytest.mark.e2e, pytest.mark.once]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EVENING = 1795654800.0
"""2026-11-25 20:00 in New York, in closed hours."""
JOBS = [
    {"id": "east", "name": "US renewals east", "status": "ACTIVE", "rows": 40},
    {"id": "west", "name": "US renewals west", "status": "PAUSED", "rows": 40},
]
MISTAKES = {"mon-fri": "mon-frx", "close_early: 2m": "close_erly: 2m", '"10:00-14:00"': '"10:00-25:00"'}


def blocks(*languages: str) -> list[str]:
    return re.findall(rf"^```(?:{'|'.join(languages)})\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """What a user types to our program after it is installed, top to bottom."""
    found = re.findall(r"^(?:\$ )?(campaign-controller .*)$", "\n".join(blocks("sh", "console")), re.MULTILINE)
    return [line for line in found if "--version" not in line]


def stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


class Reader:
    """Somebody who follows the README in a folder of their own, with the sandbox in place of Vogent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "VOGENT_API_KEY": KEY,
            "SANDBOX_API_KEY": KEY,
            "CAMPAIGN_CONTROLLER_CLOCK": f"{EVENING},{time.time()},1.0",
            "COLUMNS": "120",
        }
        self.daemon: subprocess.Popen[str] | None = None
        (folder / "jobs.json").write_text(json.dumps(JOBS))
        self.sandbox = Process("sandbox", "--port", "0", "--jobs", str(folder / "jobs.json"), env=self.env)
        rules, service, self.web, *_others = blocks("yaml")
        url = self.sandbox.wait_for("sandbox.started")["url"]
        # Whoever else runs on this machine may listen at the port that the README names.
        service = service.replace("https://api.vogent.ai/api", url).replace("127.0.0.1:8642", "127.0.0.1:0")
        self._write("config", rules, service)
        for right, wrong in MISTAKES.items():
            rules = rules.replace(right, wrong)
        self._write("broken", rules, service)

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60, check=False
        )

    def run(self, line: str) -> None:
        """Start the daemon as the README does, and wait until it keeps the jobs to their rules."""
        log = self.folder / "log"
        with log.open("w") as out:
            self.daemon = subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=self.folder, env=self.env, stdout=out)
        deadline = time.monotonic() + 60
        while "job.paused" not in log.read_text():
            assert self.daemon.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        """End the daemon as a service manager does; gives its exit code."""
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGTERM)
        return self.daemon.wait(60)

    def close(self) -> None:
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.sandbox.close()

    def _write(self, name: str, rules: str, service: str) -> None:
        (self.folder / name / "rules").mkdir(parents=True)
        (self.folder / name / "rules" / "us-renewals.yaml").write_text(rules)
        (self.folder / name / "controller.yaml").write_text(service)


@pytest.fixture
def reader() -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path may not be as long as pytest's own folders are
        made = Reader(Path(folder))
        yield made
        made.close()


def test_every_command_works_in_the_order_of_the_readme(reader: Reader) -> None:
    outputs: dict[str, str] = {}
    for line in commands():
        if line == "campaign-controller run":
            reader.run(line)
            continue
        if line == "campaign-controller once":  # "where no daemon runs"
            assert reader.stop() == 0
        done = reader.type(line)
        assert done.returncode == (2 if "broken" in line else 0), (line, done.stdout, done.stderr)
        outputs[line.removeprefix("campaign-controller ").split(" -")[0]] = done.stdout
    assert "1 paused by someone in Vogent, not by us" in outputs["plan"]
    assert "0 failure(s)" in outputs["doctor"]
    assert "outside_hours" in outputs['explain "US renewals east"']
    assert "US renewals west" in outputs["adopt"]
    assert "legal wants it quiet" not in outputs["audit"]  # it was released only after that
    assert "US renewals east" in outputs["release"]
    assert "paused_by_others" in outputs["once"]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not installed")
def test_the_api_answers_as_the_readme_asks_it(reader: Reader) -> None:
    [tokens] = [block for block in blocks("sh") if "openssl" in block]
    [asking] = [block for block in blocks("sh") if "curl" in block]
    assert reader.type(tokens).returncode == 0
    assert (reader.folder / "config" / "write-token").stat().st_mode & 0o077 == 0
    with (reader.folder / "config" / "controller.yaml").open("a") as config:
        config.write(reader.web)
    reader.run("campaign-controller run")
    log = [json.loads(line) for line in (reader.folder / "log").read_text().splitlines()]
    [url] = [line["url"] for line in log if line["event"] == "web.started"]
    done = reader.type(f"set -e\n{asking.replace('http://127.0.0.1:8642', url)}")
    assert done.returncode == 0, (done.stdout, done.stderr)
    told = done.stdout
    for part in (
        '{"ok": true}',
        '"summary": "1 paused by us, 1 paused by others',
        '"name": "US renewals east"',
        '"timezone": "America/New_York"',
        "id,at,event,actor",
        '"incident": "audio"',
        '"closed_why": "the carrier mended it"',
        '[{"workspace": "main", "job": "east", "name": "US renewals east", "problem": null}]',
    ):
        assert part in told, part
        told = told.partition(part)[2]
    assert reader.stop() == 0


def test_the_outputs_in_the_readme_are_real(reader: Reader) -> None:
    shown = [block.split("\n", 1) for block in blocks("console")]
    assert len(shown) == 2
    for line, output in shown:
        done = reader.type(line.removeprefix("$ "))
        assert stripped(done.stdout + done.stderr) == stripped(output), line


def test_the_installation_works_in_a_copy_of_the_sources(tmp_path: Path) -> None:
    [block] = [block for block in blocks("sh") if "--version" in block]
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "tests", "var", "venv")
    shutil.copytree(ROOT, copy, ignore=ignored)
    done = subprocess.run(["sh", "-e", "-c", block], cwd=copy, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"campaign-controller, version \d+\.\d+\.\d+\n", done.stdout), done.stdout
