"""What the store's file holds, read beside the daemon or as a daemon left it."""

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tests.e2e.processes import Stage

OPEN_CLAIMS = "SELECT job_id, state FROM claims WHERE state IN ('intended', 'held', 'resuming')"


def store_path(scene: Stage) -> Path:
    """The file that the stage's configuration names."""
    return scene.folder / "var" / "controller.db"


def claimed(scene: Stage) -> dict[str, str]:
    """The state of each open claim, as the file has it, by the job's id."""
    with closing(sqlite3.connect(store_path(scene))) as store:
        return dict(store.execute(OPEN_CLAIMS))


def claimed_after_a_crash(scene: Stage) -> dict[str, str] | None:
    """The same where no daemon runs, of a copy: who reads SQLite's files also mends them, which is left to the next
    daemon. None where no claim could have been made, for want of a table or a file.
    """
    copy = scene.folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    path = store_path(scene)
    for name in (path.name, f"{path.name}-wal", f"{path.name}-journal"):
        with suppress(FileNotFoundError):
            shutil.copy(path.parent / name, copy / name)
    if not (copy / path.name).exists():
        return None
    with closing(sqlite3.connect(copy / path.name)) as store:
        tables = {name for (name,) in store.execute("SELECT name FROM sqlite_master")}
        return dict(store.execute(OPEN_CLAIMS)) if "claims" in tables else None
