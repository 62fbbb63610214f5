"""Where API keys and tokens are. A key is read afresh whenever it is asked for, and kept nowhere."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

_MAX_KEY_BYTES: Final = 8192
_KEY: Final = re.compile(r"[\x21-\x7e]+")
_API_KEY: Final = "API key"


class KeyUnreadable(Exception):  # noqa: N818 - named for what the caller meets, as the API's errors are
    """There is no key where it should be. The text says where, and never holds anything that was read there."""


@dataclass(frozen=True, slots=True)
class EnvKey:
    """A key in an environment variable; `what` says what it is, as in the other sources."""

    name: str
    what: str = _API_KEY

    def read(self) -> str:
        """Read the key. Raises KeyUnreadable."""
        where = f"the environment variable {self.name}"
        found = os.environ.get(self.name)
        if found is None:
            raise KeyUnreadable(f"{where} is not set, set it to the {self.what}")
        return _checked_key(found, where, self.what)


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key in a file of its own."""

    path: Path
    what: str = _API_KEY

    def read(self) -> str:
        """Read the key. Raises KeyUnreadable."""
        return _key_in(self.path, f"the {_short(self.what)} file {self.path}", self.what)


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """A key that systemd passes on (LoadCredential=NAME:PATH): a file in $CREDENTIALS_DIRECTORY."""

    name: str
    what: str = _API_KEY

    def read(self) -> str:
        """Read the key. Raises KeyUnreadable."""
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            wrong = "CREDENTIALS_DIRECTORY is not set, run under systemd with LoadCredential="
            raise KeyUnreadable(f"the credential {self.name} cannot be read: {wrong}")
        return _key_in(Path(folder) / self.name, f"the credential {self.name}", self.what)


ApiKeySource: TypeAlias = EnvKey | FileKey | CredentialKey


def _key_in(path: Path, where: str, what: str) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_KEY_BYTES + 1)
    except OSError as error:
        raise KeyUnreadable(f"{where} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_KEY_BYTES:
        raise KeyUnreadable(f"{where} is too large to be {_article(what)}, write the {_short(what)} alone into it")
    return _checked_key(data.decode("ascii", "replace"), where, what)


def _checked_key(found: str, where: str, what: str) -> str:
    key = found.strip()
    if not key:
        raise KeyUnreadable(f"{where} is empty, it should hold the {what}")
    if not _KEY.fullmatch(key):
        short = _short(what)
        raise KeyUnreadable(
            f"{where} holds spaces, line breaks or unusual characters within the {short}, write the {short} alone"
        )
    return key


def _article(what: str) -> str:
    return f"an {what}" if what == _API_KEY else f"a {what}"


def _short(what: str) -> str:
    """`key` or `token`."""
    return what.rpartition(" ")[2]
