"""Real processes: a sandbox that dials, and a daemon that serves its page on a free port of loopback."""

from collections.abc import Mapping
from pathlib import Path

from tests.e2e.processes import Process, Stage, until
from tests.e2e.provider import statuses

WRITE = "write-token-0123456789"
READ = "read-token-0123456789"
TUESDAY_NOON = "2026-11-24T12:00:00-05:00"

RULES = """\
calendars:
  us-floor:
    timezone: America/New_York
    hours: {mon-fri: ["09:00-12:30", "13:30-20:00"], sat: ["10:00-14:00"]}
    holidays: [{country: US, subdivision: NY}]
  uk-floor:
    timezone: Europe/London
    hours: {mon-fri: ["09:00-12:00"]}
campaigns:
  us-renewals: {match: {names: ["US renewals *"]}, calendars: [us-floor]}
  uk-survey: {match: {names: ["UK survey *"]}, calendars: [uk-floor]}
"""
JOBS = {
    "east": "US renewals east",
    "west": "US renewals west",
    "north": "US renewals north",
    "london": "UK survey London",
}
WEB = "listen: 127.0.0.1:0\nweb: {write_token: {file: write-token}}"


class Served(Stage):
    """`url` is where the page is, once `start` was called."""

    def __init__(self, folder: Path, local_start: str = TUESDAY_NOON, rate: float = 1.0) -> None:
        super().__init__(folder, local_start, rate)
        self.resync = "2s"
        self.web = WEB
        self.box: Process
        self.controller: Process
        self.url = ""
        (folder / "write-token").write_text(WRITE)
        (folder / "write-token").chmod(0o600)
        self.rules_file(RULES)

    def start(self, jobs: int | Mapping[str, str] = JOBS) -> str:
        """Start both; gives the page's address once a first pass was verified."""
        self.box = self.sandbox(jobs)
        text = self.config.read_text()
        assert "listen: off" in text
        self.config.write_text(text.replace("listen: off", self.web))
        self.controller = self.daemon()
        self.url = self.controller.wait_for("web.started")["url"]
        self.controller.wait_for("pass.finished", 2)
        return self.url

    def until_status(self, job: str, status: str) -> None:
        """Wait until the provider says that a job is in this status."""
        until(lambda: statuses(self)[job] == status, self.controller)
