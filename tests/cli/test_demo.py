import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

README = Path(__file__).parents[2] / "README.md"
PATIENCE = 120.0
SEEN = (
    "US renewals east pauses a minute before 09:05",
    "UK survey pauses a minute before 14:09 London",
    "US renewals east opens at 09:12",
    "a person pauses US renewals west",
    "an incident pauses US renewals east",
    "the incident begins at 09:18",
    "the incident ends at 09:21",
    "US renewals east dials again",
    "its schedule is widened by a person",
    "US renewals west stays paused to the end",
)


class Demo:
    """The real process, with what it says in a file."""

    def __init__(self, output: Path, *args: str) -> None:
        self._output = output
        with output.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "controller", "demo", *args],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, "COLUMNS": "160"},
            )

    def text(self) -> str:
        return self._output.read_text()

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.text():
            assert time.monotonic() < deadline, self.text()
            assert self.process.poll() is None, self.text()
            time.sleep(0.05)

    def rows(self) -> dict[str, str]:
        """When each thing was seen, by what was seen."""
        found = re.findall(r"^│ (.{8,11}?) +│ (.+?) +│", self.text(), re.MULTILINE)
        return {what: when for when, what in found if when.strip() and when != "in New York"}


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Demo]]:
    """Both plays begin together, since each takes half a minute."""
    folder = tmp_path_factory.mktemp("demo")
    started = {args: Demo(folder / f"{len(args)}.txt", *args) for args in ((), ("--keep-running",))}
    yield lambda *args: started[args]
    for demo in started.values():
        if demo.process.poll() is None:
            demo.process.kill()
        demo.process.wait(30)


def test_the_demo_shows_what_it_promises_and_no_forbidden_call_begins(demos: Callable[..., Demo]) -> None:
    demo = demos()
    code = demo.process.wait(PATIENCE)
    rows = demo.rows()
    assert code == 0, demo.text()
    assert tuple(rows) == SEEN
    # Never early, and before the next is due. A minute of this clock is a second of the machine's, which may be busy.
    due = ("09:04:00", "09:08:00", "09:12:00", "09:16:00")
    for what, begin, end in zip(SEEN, due, due[1:], strict=False):
        assert begin <= rows[what] < end, what
    began = re.search(r"The sandbox began (\d+) calls; 0 of them while a job should have been closed", demo.text())
    assert began is not None, demo.text()
    assert int(began[1]) > 0


def test_the_readme_shows_the_end_of_the_demo_but_for_its_seconds_and_calls(demos: Callable[..., Demo]) -> None:
    block = re.search(r"a test holds them against a real run -->\n```text\n(.*?)```", README.read_text(), re.DOTALL)
    assert block is not None
    demo = demos()
    assert demo.process.wait(PATIENCE) == 0, demo.text()
    shown = _without_what_varies(block[1])
    assert _without_what_varies(demo.text())[-len(shown) :] == shown


def _without_what_varies(text: str) -> list[str]:
    return [re.sub(r"\d\d:\d\d:\d\d|(?<=began )\d+", "…", line).rstrip() for line in text.splitlines()]


def test_a_demo_that_keeps_running_ends_on_ctrl_c_and_leaves_no_folder(demos: Callable[..., Demo]) -> None:
    demo = demos("--keep-running")
    demo.wait_for("It goes on until Ctrl-C.")
    invitation = re.search(
        r"CAMPAIGN_CONTROLLER_CLOCK=(\S+) (\S+ -m controller explain) '(.+)' --config (\S+)", demo.text()
    )
    assert invitation is not None
    explained = subprocess.run(
        [*invitation[2].split(), invitation[3], "--config", invitation[4]],
        env={**os.environ, "CAMPAIGN_CONTROLLER_CLOCK": invitation[1]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert explained.returncode == 0, explained.stderr
    assert "paused by someone in Vogent, not by us" in explained.stdout
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(PATIENCE) == 0, demo.text()
    assert tuple(demo.rows()) == SEEN
    assert not Path(invitation[4]).parent.exists()


def test_a_play_that_is_ended_early_says_how_far_it_went(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "early.txt")
    demo.wait_for("daemon.started")
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(PATIENCE) == 0, demo.text()
    assert demo.rows()[SEEN[2]] == "not reached"
    assert "NOT SEEN" not in demo.text()
    assert "Traceback" not in demo.text()
