"""Who else may read the keys, change the rules, or reach the store and the control socket."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from controller.doctor.check import Check, fail, ok, warn
from controller.doctor.groups import given_to_us_alone
from controller.doctor.writable import is_folder
from controller.settings import ApiKeySource, CredentialKey, FileKey, Settings
from controller.store.sqlite import database_path

_KEY_FILE, _WRITERS, _FOLDER = "key file", "writers", "folder"

_OTHERS_READ_OR_WRITE = 0o066
"""Of group and others: who may write a key may put another in its place."""
_OTHERS_BUT_THE_GROUP = 0o026
"""The same, but that the group may read."""


def check_key_files(settings: Settings) -> list[Check]:
    """Keys and tokens that others than their owner could read. Whether there is one in it, its own check tells."""
    keys = [(workspace.name, workspace.api_key) for workspace in settings.workspaces.values()]
    tokens = [(each.what, each) for each in (settings.web.read_token, settings.web.write_token) if each is not None]
    secrets = [(f"{each.secret.what} of webhook {each.name}", each.secret) for each in settings.webhooks.values()]
    found = (_key_file(about, source) for about, source in (*keys, *tokens, *secrets))
    return [check for check in found if check is not None]


def check_writers(config: Path, rules: Path) -> list[Check]:
    """Whether everybody may change what decides when people are called."""
    paths = [config, config.parent, rules, *_rules_files(rules)]
    open_to_all = [path for path in dict.fromkeys(path.absolute() for path in paths) if _anybody_writes(path, rules)]
    if not open_to_all:
        return [ok(_WRITERS, "configuration and rules", "nobody writes them but owner and group")]
    return [
        warn(
            _WRITERS, str(path), f"everybody on this machine may write it ({_mode(path)})", f"chmod o-w {_shell(path)}"
        )
        for path in open_to_all
    ]


def check_folders(settings: Settings) -> list[Check]:
    """Whether others come near the store or the control socket, whose file permission is the credential."""
    uses: dict[Path, list[str]] = {}
    for use, path in (("store", database_path(settings.store)), ("control socket", settings.control)):
        uses.setdefault(path.parent.resolve(), []).append(use)
    return [_folder(folder, " and ".join(names)) for folder, names in uses.items()]


def _key_file(about: str, key: ApiKeySource) -> Check | None:
    if isinstance(key, CredentialKey):
        return _credential(about, key)
    if not isinstance(key, FileKey) or (found := _stat(key.path)) is None:
        return None
    if not found.st_mode & _OTHERS_BUT_THE_GROUP and given_to_us_alone(found):
        return ok(_KEY_FILE, about, f"{key.path} is its owner's and our own group's alone ({_mode(key.path)})")
    if found.st_mode & _OTHERS_READ_OR_WRITE:
        seen = f"{key.path} may be read or written by others than its owner ({_mode(key.path)})"
        return fail(_KEY_FILE, about, seen, f"chmod 600 {_shell(key.path)}, and take another one: it was open")
    return ok(_KEY_FILE, about, f"{key.path} is its owner's alone ({_mode(key.path)})")


def _credential(about: str, key: CredentialKey) -> Check:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and is_folder(Path(folder)):
        return ok(_KEY_FILE, about, f"credentials are in {folder}")
    seen = f"the credentials' folder {folder} is not there" if folder else "CREDENTIALS_DIRECTORY is not set"
    command = f"systemd-run --pty -p LoadCredential={key.name}:PATH campaign-controller doctor …"
    return fail(_KEY_FILE, about, seen, f"run it as the unit does: {command}")


def _folder(folder: Path, use: str) -> Check:
    bits = _bits(folder)
    if bits is None:
        return ok(_FOLDER, use, f"{folder} is not there yet; the daemon makes it for its user alone")
    if bits & stat.S_IWOTH:
        seen = f"everybody on this machine may write in {folder} ({_mode(folder)})"
    elif bits & stat.S_IXOTH:
        seen = f"everybody on this machine may enter {folder} ({_mode(folder)})"
    else:
        return ok(_FOLDER, use, f"{folder} is closed to others ({_mode(folder)})")
    return warn(_FOLDER, use, seen, f"give it a folder of its own, or chmod o-rwx {_shell(folder)}")


def _rules_files(rules: Path) -> Iterator[Path]:
    if is_folder(rules):
        yield from sorted(rules.glob("*.yaml"))


def _anybody_writes(path: Path, rules: Path) -> bool:
    bits = 0 if _mounted_read_only(path) else _bits(path) or 0
    # In a sticky folder nobody replaces another's file; a rules file that is added counts all the same.
    kept = bits & stat.S_ISVTX and path != rules.absolute()
    return bool(bits & stat.S_IWOTH) and not kept


def _mounted_read_only(path: Path) -> bool:
    """Whether the modes mean nothing here, as those of a ConfigMap that a pod has mounted: its folder's is 0777."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _bits(path: Path) -> int | None:
    found = _stat(path)
    return None if found is None else found.st_mode


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _mode(path: Path) -> str:
    bits = _bits(path)
    return "gone meanwhile" if bits is None else f"mode {stat.S_IMODE(bits):04o}"


def _shell(path: Path) -> str:
    return quote(str(path))
