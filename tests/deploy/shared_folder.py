"""A folder of something costly that the workers of one test run share: made by the first, cleared away by the last."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest


def run_folder(temporary: pytest.TempPathFactory, name: str) -> Path:
    """The path of a folder that is the same for all workers of this run."""
    own = temporary.getbasetemp()
    return (own.parent if own.name.startswith("popen-") else own) / name


@contextmanager
def shared(folder: Path, make: Callable[[Path], None]) -> Iterator[None]:
    """Have the folder, made where nobody has it yet, and kept while anybody does."""
    with folder.with_suffix(".lock").open("w") as lock:
        while not _had(lock, folder):
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _whole(folder).exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                _whole(folder).touch()
        try:
            yield
        finally:
            if _is_last(lock):
                shutil.rmtree(folder)


def _had(lock: IO[str], folder: Path) -> bool:
    """Whether it is whole, and nobody clears it away from now on: between two locks somebody may have."""
    fcntl.flock(lock, fcntl.LOCK_SH)
    return _whole(folder).exists()


def _is_last(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _whole(folder: Path) -> Path:
    return folder / "whole"
