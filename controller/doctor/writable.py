"""Whether this process may write somewhere, found out without writing."""

import os
from pathlib import Path

SUPERUSER = 0


def why_no_folder(folder: Path) -> str | None:
    """Why no file could be made in the folder, nor the folder itself where it is not there; None where it could."""
    place = nearest(folder)
    if not is_folder(place):
        return f"{place} is not a folder"
    if not _may(place, os.W_OK | os.X_OK):
        return f"{user()} may not write in {place}"
    return None


def why_no_file(file: Path) -> str | None:
    """Why the file could not be read and written; None where it could, or is not there."""
    if not os.path.lexists(file):
        return None
    if not is_file(file):
        return f"{file} is not a file"
    return None if _may(file, os.R_OK | os.W_OK) else f"{user()} may not read and write {file}"


def is_folder(path: Path) -> bool:
    """Whether it is one, as far as this process may look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether it is one, as far as this process may look."""
    try:
        return path.is_file()
    except OSError:
        return False


def nearest(path: Path) -> Path:
    """The path itself, or the nearest above it that is there."""
    return next((each for each in (path, *path.parents) if os.path.lexists(each)), path)


def user() -> str:
    """Who this process is, as one says it."""
    return _name(os.geteuid())


def other_owner(folder: Path) -> str | None:
    """The owner of the folder where this process is root, who may do everything, and the owner is not."""
    try:
        owner = nearest(folder).stat().st_uid
    except OSError:
        return None
    return _name(owner) if os.geteuid() == SUPERUSER != owner else None


def _name(number: int) -> str:
    import pwd  # noqa: PLC0415 - only where somebody is named

    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user {number}"


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=True)
