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
from tests.e2e.two_campaigns import AUTUMN, JOBS, SPRING, rule

pytestmark = [pytest.mark.e2e, pytest.mark.once]

MORNING = "2026-11-25T09:30:00-05:00"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, MORNING, 20.0)
    yield made
    made.close()


@contextmanager
def limited(daemon: Process, present: int) -> Iterator[None]:
    """No file of the daemon may grow beyond so many bytes."""
    limits = resource.prlimit(daemon.popen.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.popen.pid, resource.RLIMIT_FSIZE, (present, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(daemon.popen.pid, resource.RLIMIT_FSIZE, limits)


def test_on_a_full_disk_pauses_go_out_and_resumes_wait_until_all_claims_are_written(scene: Stage) -> None:
    rule(scene, autumn="shut", spring="open")
    box = scene.sandbox(JOBS)
    daemon = scene.daemon()
    daemon.wait_for("job.paused", len(AUTUMN))
    until(lambda: claimed(scene) == dict.fromkeys(AUTUMN, "held"))

    with limited(daemon, store_path(scene).with_name("controller.db-wal").stat().st_size):
        rule(scene, autumn="open", spring="shut")
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


def test_a_daemon_that_starts_on_a_full_disk_pauses_and_resumes_its_own_once_it_can_be_read(scene: Stage) -> None:
    rule(scene, autumn="shut", spring="open")
    scene.sandbox(JOBS)
    first = scene.daemon()
    first.wait_for("job.paused", len(AUTUMN))
    assert first.end(signal.SIGTERM) == 0  # no write-ahead log is left: to read is to write

    rule(scene, autumn="open", spring="shut")
    daemon = scene.daemon()
    with limited(daemon, 4096):
        daemon.wait_for("store.unwritable")
        daemon.wait_for("job.paused", len(SPRING))
        daemon.wait_for("pass.finished")
        assert in_status(scene, "PAUSED") == AUTUMN | SPRING
    daemon.wait_for("store.writable")
    daemon.wait_for("job.resumed", len(AUTUMN))
    until(lambda: claimed(scene) == dict.fromkeys(SPRING, "held"), daemon)
    assert daemon.end(signal.SIGTERM) == 0
