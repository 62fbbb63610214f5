"""Every recipe of deploy/logs.md, run on what a real daemon wrote: as a file, as a container's log, as a journal."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Process, Stage, until
from tests.e2e.provider import in_status, resume

pytestmark = [pytest.mark.e2e, pytest.mark.once]

ROOT = Path(__file__).parents[2]
NOON = "2026-11-25T12:00:00-05:00"
UNIT = "campaign-controller.service"
JOURNAL_REMOTE = Path("/lib/systemd/systemd-journal-remote")
NOT_JSON = "Traceback (most recent call last):\n"
"""What is in a container's log or a journal beside our lines."""

RULES = """\
calendars:
  floor: {{timezone: America/New_York, hours: {{mon-fri: ["{hours}"]}}}}
campaigns:
  renewals: {{match: {{names: ["Renewals *"]}}, calendars: [floor]}}
"""
INCIDENT = """\
incidents:
  carrier:
    reason: Carrier is down
    match: {campaigns: [renewals], names: ["Renewals 2"]}
    from: 2026-11-25T11:00:00-05:00
"""

CLOSED = r"T17:.*\toutside_hours\tfloor: no window is open"
PLACE = r"\ta.yaml:2:\d+: calendars.floor.hours.mon-fri"
PASS = r'"event": ?"job.overridden"(.|\n)*"event": ?"pass.finished"'

FROM_A_FILE = {
    "every pause of one job, with its reason and until when": rf"{CLOSED}\t2026-11-25T23:00:00Z\n",
    "all that was said of one job": r"\twarning\tjob.overridden\t.*\toutside_hours",
    "everything about one pass, in its order": PASS,
    "in which pass a job was changed": r"\tjob.paused\tPASS_ID\n",
    "the last change of each job: what, why, until when": r"Renewals 0\tjob.resumed\topen\t",
    "forbidden dialing: jobs and seconds, the most first": r"Renewals [012]\t[0-9.]+\n",
    "forbidden dialing: whatever was seen, as it was seen": r"\twarning\tjob.dialed_forbidden\tRenewals 1\t[0-9.]+\n",
    "jobs that somebody resumed although they were closed: how often, when last, why closed": rf"\t1\t.*{CLOSED}",
    "who adopted and released pauses by our commands, and why": r"\tann\tclaim.released\tRenewals 2\tlegal wants it",
    "what was wrong with the rules, with its place": PLACE,
    "what is doubtful about the rules": r"a.yaml:2:\d+: .*: 18:00-23:59 leaves out the last minute",
    "which rules were in force from when on": r"T17:.*\t[0-9a-f]+\t1\t1\t20",
    "incidents: begin and end": r"\tincident.opened\tcarrier\tCarrier is down\t",
    "when Vogent could not be read, and when it could again": (
        r"\tmain\tworkspace.unreachable\tconnection\n(.|\n)*\tmain\tworkspace.reachable\t"
    ),
    "errors only": r'"event": ?"rules.rejected"',
    "how often each event came": r" 1 rules.rejected\n",
    "the ten slowest passes: seconds, trigger, jobs": r"^[0-9.]+\t2026-11-25T17:.*\tmain\t[a-z]+\t3\n",
    "starts and ends of the daemon": r"\tdaemon.started\t\d(.|\n)*\tdaemon.stopped\t\n",
}
FROM_A_CONTAINER = {
    "errors of a container, whatever else it wrote": r'"event":"rules.rejected"',
    "every pause of one job of a container": CLOSED,
}
FROM_THE_JOURNAL = {
    "errors of the last hour": r'"event": "rules.rejected"',
    "every pause of one job, with its reason": CLOSED,
    "everything about one pass": PASS,
    "forbidden dialing": r"\tRenewals 1\t[0-9.]+\n",
    "jobs that somebody resumed although they were closed": r"\tRenewals 0\t1\toutside_hours\n",
    "problems with the rules": PLACE,
    "how often each event came": r" 1 rules.rejected\n",
    "a file for all recipes above": "",
}


def recipes(section: str) -> dict[str, str]:
    """The commands of one section by what is said of each."""
    text = (ROOT / "deploy" / "logs.md").read_text()
    [block] = re.findall(rf"^### {section}\n.*?^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    found = dict(re.findall(r"^# (.*)\n(.*)$", block, re.MULTILINE))
    assert len(found) == block.count("\n\n") + 1, "each is a comment and one line"
    return found


class Record:
    """What one daemon wrote, in a folder of its own."""

    def __init__(self, folder: Path, daemon: Process) -> None:
        self._folder = folder
        self.lines = daemon.lines
        self.pass_id = daemon.events("job.overridden")[0]["pass_id"]
        self.file = folder / "controller.log"
        self.file.write_text("".join(self.lines))

    def run(self, recipe: str) -> str:
        """What a recipe prints in that folder, whose programs come first."""
        line = recipe.replace("PASS_ID", self.pass_id).replace("JOB", "j0")
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"PATH={self._folder}:$PATH; {line}"],
            cwd=self._folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), line
        return done.stdout

    def check(self, section: str, expected: dict[str, str], was: str = "", becomes: str = "") -> None:
        """Run every recipe of a section, one text in each replaced by another."""
        found = recipes(section)
        assert found.keys() == expected.keys()
        for what, recipe in found.items():
            printed = self.run(recipe.replace(was, becomes, 1) if was else recipe)
            assert re.search(expected[what].replace("PASS_ID", self.pass_id), printed), (what, printed)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """A day's troubles within seconds."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed: it is in the Debian package `jq`")
    scene = Stage(tmp_path_factory.mktemp("recipes"), NOON, 1.0)
    scene.resync = "1s"
    try:
        yield Record(tmp_path_factory.mktemp("log"), _lived(scene))
    finally:
        scene.close()


def _lived(scene: Stage) -> Process:
    """A daemon that has met all that the recipes ask for, and ended."""
    scene.rules_file(RULES.format(hours="09:00-17:00"))
    box, daemon = scene.sandbox(3), scene.daemon()
    daemon.wait_for("pass.finished")

    _reread(scene, daemon, RULES.format(hours="18:00-23:59"), "rules.reloaded")
    daemon.wait_for("job.paused", 3)
    resume(scene, "j0")
    daemon.wait_for("job.overridden")
    daemon.wait_for("job.paused", 4)

    _reread(scene, daemon, RULES.format(hours="09:00-25:00"), "rules.rejected")
    _reread(scene, daemon, RULES.format(hours="09:00-17:00") + INCIDENT, "incident.opened")
    until(lambda: in_status(scene, "ACTIVE") == {"j0", "j1"}, daemon)
    released = scene.command("release", "--claim", "j2", "--reason", "legal wants it quiet", "--author", "ann")
    assert released.returncode == 0, released.stderr

    assert box.end(signal.SIGTERM) == 0
    daemon.wait_for("workspace.unreachable")
    scene.sandbox(3)
    daemon.wait_for("workspace.reachable")
    assert daemon.end(signal.SIGTERM) == 0
    return daemon


def _reread(scene: Stage, daemon: Process, rules: str, event: str) -> None:
    since = len(daemon.said)
    scene.rules_file(rules)
    daemon.popen.send_signal(signal.SIGHUP)
    daemon.wait_for(event, since=since)


def test_each_recipe_for_a_file_finds_what_it_says(record: Record) -> None:
    record.check("From a file", FROM_A_FILE)


def test_each_recipe_for_a_container_finds_what_it_says_among_other_lines(record: Record) -> None:
    docker = record.file.with_name("docker")  # the one thing here that is not real: it shows the daemon's own lines
    docker.write_text('#!/bin/sh\n[ "$*" = "logs campaign-controller" ] && cat container.log\n')
    docker.chmod(0o755)
    record.file.with_name("container.log").write_text(NOT_JSON + "".join(record.lines))
    record.check("From a container", FROM_A_CONTAINER)


def test_each_recipe_for_the_journal_finds_what_it_says_in_a_real_one(record: Record) -> None:
    if not JOURNAL_REMOTE.exists() or shutil.which("journalctl") is None:
        pytest.skip("no journal can be made here: install the Debian package `systemd-journal-remote`")
    journal = record.file.with_name("unit.journal")
    _write_journal(journal, [NOT_JSON, *record.lines])
    record.file.unlink()
    record.check("From the journal", FROM_THE_JOURNAL, "journalctl ", f"journalctl --file {journal} ")
    assert record.file.read_text() == "".join(record.lines)
    record.check("From a file", FROM_A_FILE)


def _write_journal(journal: Path, lines: list[str]) -> None:
    """What a unit wrote on stdout as the journal keeps it, from the journal's export format."""
    begin = time.time_ns() // 1000 - len(lines)
    entries = [
        f"__REALTIME_TIMESTAMP={begin + number}\n__MONOTONIC_TIMESTAMP={number + 1}\n_BOOT_ID={'1' * 32}\n"
        f"_TRANSPORT=stdout\nPRIORITY=6\n_SYSTEMD_UNIT={UNIT}\nSYSLOG_IDENTIFIER=python\nMESSAGE={line}\n"
        for number, line in enumerate(lines)
    ]
    command = [str(JOURNAL_REMOTE), f"--output={journal}", "-"]
    done = subprocess.run(command, input="".join(entries), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
