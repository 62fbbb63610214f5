"""A disk that takes no more of the store, and then does again."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.processes import Process, Stage, until
from tests.e2e.provider import in_status, moves
from tests.e2e.store_file import claimed, store_path

pytestmark = pytest.mark.e2e

MORNING = "2026-11-25T09:30:00-05:00"
RULES = """\
calendars:
  open: {{timezone: America/New_York, hours: {{mon-fri: ["08:00-17:00"]}}}}
  shut: {{timezone: America/New_York, hours: {{mon-fri: ["16:00-17:00"]}}}}
campaigns:
  autumn: {{match: {{names: ["Autumn *"]}}, calendars: [{autumn}]}}
  spring: {{match: {{names: ["Spring *"]}}, calendars: [{spring}]}}
"""
AUTUMN = {f"a{n}" for n in range(20)}
SPRING = {f"s{n}" for n in range(20)}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, MORNING, 20.0)
    yield made
    made.close()


@contextmanager
def full_disk(scene: Stage, daemon: Process) -> Iterator[None]:
    """No file of the daemon may grow beyond what the store's write-ahead log has now."""
    present = store_path(scene).with_name("controller.db-wal").stat().st_size
    limits = resource.prlimit(daemon.popen.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.popen.pid, resource.RLIMIT_FSIZE, (present, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(daemon.popen.pid, resource.RLIMIT_FSIZE, limits)


def test_on_a_full_disk_pauses_go_out_and_resumes_wait_until_all_claims_are_written(scene: Stage) -> None:
    scene.rules_file(RULES.format(autumn="shut", spring="open"))
    box = scene.sandbox({job: f"{'Autumn' if job in AUTUMN else 'Spring'} {job}" for job in sorted(AUTUMN | SPRING)})
    daemon = scene.daemon()
    daemon.wait_for("job.paused", len(AUTUMN))
    until(lambda: claimed(scene) == dict.fromkeys(AUTUMN, "held"))

    with full_disk(scene, daemon):
        scene.rules_file(RULES.format(autumn="open", spring="shut"))
        daemon.popen.send_signal(signal.SIGHUP)
        refused = daemon.wait_for("store.unwritable")
        daemon.wait_for("job.paused", len(AUTUMN | SPRING))
        postponed = daemon.wait_for("resume.postponed")
        assert refused["reason"] in ("io", "full")
        assert postponed["jobs"] == len(AUTUMN)
        assert in_status(scene, "PAUSED") == AUTUMN | SPRING
        assert claimed(scene) == dict.fromkeys(AUTUMN, "held")

    daemon.wait_for("store.writable")
    daemon.wait_for("job.resumed", len(AUTUMN))
    until(lambda: claimed(scene) == dict.fromkeys(SPRING, "held"), daemon)
    assert in_status(scene, "PAUSED") == SPRING
    assert daemon.end(signal.SIGTERM) == 0
    assert set(moves(box, "ACTIVE")) == AUTUMN
    assert len(daemon.events("store.unwritable")) == 1
