"""A database that something else wrote over, under the running daemon and while none runs."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.processes import Stage, until
from tests.e2e.provider import in_status, resume
from tests.e2e.store_file import claimed, store_path
from tests.e2e.two_campaigns import AUTUMN, JOBS, SPRING, rule

pytestmark = [pytest.mark.e2e, pytest.mark.once]

MORNING = "2026-11-25T09:30:00-05:00"
RUBBISH = bytes(range(256))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, MORNING, 20.0)
    yield made
    made.close()


def overwrite(path: Path, first: int, last: int) -> None:
    """Put rubbish between two places of a file."""
    with path.open("r+b") as file:
        file.seek(first)
        file.write((RUBBISH * (1 + (last - first) // len(RUBBISH)))[: last - first])


def damage(scene: Stage) -> None:
    """Spoil the middle of the database, and of the log in which its newest pages are."""
    path = store_path(scene)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        # After somebody else has written, who keeps the database open reads what it had in memory anew.
        other.execute("UPDATE alembic_version SET version_num = version_num")
    log = path.with_name(f"{path.name}-wal")
    for file in (path, log):
        size = file.stat().st_size
        overwrite(file, size // 8, size - size // 8)


def claims(scene: Stage) -> set[str] | None:
    """The jobs with an open claim; None where the file cannot tell."""
    try:
        return set(claimed(scene))
    except sqlite3.DatabaseError:
        return None


def set_aside(scene: Stage) -> list[Path]:
    return [file for file in store_path(scene).parent.glob("controller.db.corrupt-*") if file.suffix[-1].isdigit()]


def test_a_store_that_is_damaged_under_the_daemon_stops_no_pause_and_loses_no_claim(scene: Stage) -> None:
    rule(scene, autumn="shut", spring="open")
    scene.sandbox(JOBS)
    daemon = scene.daemon()
    daemon.wait_for("job.paused", len(AUTUMN))
    until(lambda: claims(scene) == AUTUMN)

    damage(scene)
    rule(scene, autumn="shut", spring="shut")
    daemon.popen.send_signal(signal.SIGHUP)
    until(lambda: in_status(scene, "PAUSED") == AUTUMN | SPRING, daemon)
    until(lambda: claims(scene) == AUTUMN | SPRING, daemon)
    assert daemon.wait_for("store.set_aside")["level"] == "error"
    [damaged] = set_aside(scene)
    assert RUBBISH in damaged.read_bytes()

    rule(scene, autumn="open", spring="open")
    daemon.popen.send_signal(signal.SIGHUP)
    until(lambda: in_status(scene, "ACTIVE") == AUTUMN | SPRING, daemon)
    until(lambda: claims(scene) == set(), daemon)
    assert daemon.end(signal.SIGTERM) == 0
    assert [damaged] == set_aside(scene)


def test_a_daemon_that_starts_on_a_damaged_store_sets_it_aside_and_pauses_what_is_closed(scene: Stage) -> None:
    rule(scene, autumn="shut", spring="shut")
    scene.sandbox(JOBS)
    first = scene.daemon()
    first.wait_for("job.paused", len(JOBS))
    assert first.end(signal.SIGTERM) == 0
    overwrite(store_path(scene), 0, 100)  # the header: not even what sort of file it is can be told
    resume(scene, "a1")

    rule(scene, autumn="shut", spring="open")
    daemon = scene.daemon()
    assert daemon.wait_for("store.set_aside")["level"] == "error"
    daemon.wait_for("pass.finished")
    assert in_status(scene, "PAUSED") == AUTUMN | SPRING  # what nobody can prove to be ours is not resumed
    assert claims(scene) == {"a1"}
    [damaged] = set_aside(scene)
    assert damaged.read_bytes().startswith(RUBBISH[:100])
    assert daemon.end(signal.SIGTERM) == 0
