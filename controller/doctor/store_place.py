"""Where the store is, or will be: whether it can be written, on what disk, whose it is, who writes it now."""

import shutil
from pathlib import Path
from shlex import quote

from controller.doctor.check import Check, fail, ok, warn
from controller.doctor.mounts import MOUNTS, Mount, mount_of
from controller.doctor.running import Running
from controller.doctor.writable import is_file, nearest, other_owner, why_no_file, why_no_folder
from controller.store.errors import StoreError, StoreReason
from controller.store.lock import lock_path
from controller.store.peek import peek_schema
from controller.store.tables import SCHEMA

_STORE, _DISK, _LOCK = "store", "disk", "lock"

_LITTLE, _SCARCE = 10 * 2**20, 200 * 2**20
"""Bytes that are free: below these the next writes may fail; below those somebody should look."""


def check_store(store: Path, daemon: int | None, mounts: Path = MOUNTS) -> list[Check]:
    """Every check of the store; `daemon` is the process that holds its lock."""
    return [_writable(store), *_content(store, daemon), _disk(store, mounts)]


def check_lock(daemon: Running) -> Check:
    """Who holds the lock: a running daemon is fine, and so is none."""
    if daemon.unseen is not None:
        return warn(_LOCK, "", f"whether a daemon holds it cannot be seen: {daemon.unseen}", "look for one yourself")
    if daemon.pid is None:
        return ok(_LOCK, "", "no process that can be seen holds it: no daemon runs on this store")
    return ok(_LOCK, "", f"process {daemon.pid} holds it: a daemon runs on this store")


def _writable(store: Path) -> Check:
    beside = [store, *(store.with_name(f"{store.name}{end}") for end in ("-wal", "-shm")), lock_path(store)]
    why = next(filter(None, [why_no_folder(store.parent), *map(why_no_file, beside)]), None)
    if why is not None:
        right = f"let the daemon's user own {quote(str(store.parent))} and all in it, or set `store` to another place"
        return fail(_STORE, str(store), why, right)
    owner = other_owner(store.parent)
    if owner is not None:
        seen = f"checked as root, who may write everywhere, though {nearest(store.parent)} belongs to {owner}"
        return warn(_STORE, str(store), seen, "run doctor as the user that the daemon runs as")
    if is_file(store):
        return ok(_STORE, str(store), "it can be written")
    return ok(_STORE, str(store), f"it is not there yet, and can be made in {nearest(store.parent)}")


def _content(store: Path, daemon: int | None) -> list[Check]:
    if daemon is not None or not is_file(store) or why_no_file(store) is not None:
        return []  # what a daemon uses it has looked at itself
    try:
        schema = peek_schema(store)
    except StoreError as error:
        if error.reason is StoreReason.CORRUPT:
            right = "restore a copy, or start the daemon: it sets aside what was a store of its own, and salvages it"
        else:
            right = "set `store` to a file of its own, or restore the copy that this version wrote"
        return [fail(_STORE, str(store), str(error), right)]
    if schema is None:
        return [ok(_STORE, str(store), "its last writer was ended amid its work; the next start recovers that")]
    if 0 < schema < SCHEMA:
        right = "copy the file first: an older version does not read it afterwards"
        return [warn(_STORE, str(store), f"has schema {schema}; the next start migrates it to {SCHEMA}", right)]
    return []


def _disk(store: Path, mounts: Path) -> Check:
    place = nearest(store.parent).resolve()
    try:
        mount = mount_of(place, mounts.read_text())
        free = shutil.disk_usage(place).free
    except OSError as error:
        return warn(_DISK, str(place), f"cannot be told: {error.strerror}", "see that it is a local disk with room")
    if mount is None:
        return warn(_DISK, str(place), "no mount that is listed holds it", "see that it is a local disk")
    return _judged(str(place), mount, free)


def _judged(place: str, mount: Mount, free: int) -> Check:
    """The worst that there is to say of it."""
    seen = f"{mount.kind} at {mount.point}, {_size(free)} free"
    if mount.network:
        right = "set `store` to a local disk: SQLite loses data where machines share its files"
        return fail(_DISK, place, f"a network file system: {seen}", right)
    if free < _LITTLE:
        return fail(_DISK, place, f"no room: {seen}", "make room: what cannot be written is not resumed")
    if mount.doubtful:
        right = "see that the files are on this machine alone; else set `store` to a local disk"
        return warn(_DISK, place, f"perhaps not a local disk: {seen}", right)
    if free < _SCARCE:
        return warn(_DISK, place, f"little room: {seen}", "make room: on a full disk nothing is resumed")
    return ok(_DISK, place, seen)


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
