"""Addresses, paths and key sources as they are written. Relative paths count from the folder in the context."""

import os
import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from controller.rules.wording import shown, text
from controller.settings.keys import ApiKeySource, CredentialKey, EnvKey, FileKey

HOW_A_KEY_IS_GIVEN: Final = "write {env: NAME}, {file: PATH} or {credential: NAME}, never the key itself"
HOW_A_TOKEN_IS_GIVEN: Final = HOW_A_KEY_IS_GIVEN.replace("key", "token")
HOW_A_SECRET_IS_GIVEN: Final = HOW_A_KEY_IS_GIVEN.replace("key", "secret")

_MAX_SOCKET_BYTES: Final = 107
"""What a Unix socket's address holds on Linux, its final zero left out (unix(7))."""
_MAX_PORT: Final = 65_535
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIAL: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:@-]+")
_WORKSPACE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_LISTEN: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")


def _folder(info: ValidationInfo) -> Path:
    if not isinstance(info.context, Path):
        raise TypeError("settings are validated with the folder of their file as context")
    return info.context


def parse_path(value: object, info: ValidationInfo) -> Path:
    """Read a path. Raises ValueError."""
    return _folder(info) / text(value)


def parse_socket(value: object, info: ValidationInfo) -> Path:
    """Read the path of a Unix socket. Raises ValueError."""
    path = parse_path(value, info)
    size = len(os.fsencode(path))
    if size > _MAX_SOCKET_BYTES:
        raise ValueError(f"the socket's whole path has {size} bytes, choose one of at most {_MAX_SOCKET_BYTES}")
    return path


def parse_store(value: object, info: ValidationInfo) -> str:
    """Read a SQLite URL and make its path absolute. Raises ValueError."""
    url = text(value)
    if url.startswith("postgres"):
        raise ValueError("postgresql:// is not available yet, write sqlite:///PATH")
    name = url.removeprefix("sqlite:///")
    if name == url or not name or name == ":memory:" or name.endswith("/"):
        raise ValueError("it is not the URL of a SQLite file, write sqlite:///PATH with three slashes before PATH")
    path = str(_folder(info) / name)
    if "?" in path:
        raise ValueError("a store takes no options, and no ? in its path; write sqlite:///PATH")
    return f"sqlite:///{path}"


def parse_base_url(value: object) -> str:
    """Read an https URL, or an http one of a loopback host; a slash at its end is dropped. Raises ValueError."""
    url = text(value)
    right = "write one such as https://api.vogent.ai/api"
    if "@" in url or "?" in url or "#" in url:
        raise ValueError(f"a base URL holds no user, password, query or fragment, {right}")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, None
    if parts is None or not host or not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", url):
        raise ValueError(f"{shown(url)} is not a URL, {right}")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError(f"{shown(url)} is not https, {right}; http is for loopback hosts only")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback if isinstance(address, IPv4Address) else address == IPv6Address("::1")


def parse_listen(value: object) -> tuple[str, int] | None:
    """Read HOST:PORT; port 0 is any free one, `off` (None) is no listener. Raises ValueError."""
    written = text(value)
    if written == "off":
        return None
    match = _LISTEN.fullmatch(written)
    if match is None or int(match[3]) > _MAX_PORT:
        raise ValueError(
            f"{shown(written)} is not an address, write HOST:PORT such as 127.0.0.1:8642 or [::1]:8642, or off"
        )
    return match[1] or match[2], int(match[3])


def parse_host(value: object) -> str:
    """Read a name or an address, without scheme and port, in lower case. Raises ValueError."""
    written = text(value)
    name = written.lower().removeprefix("[").removesuffix("]")
    if _HOST.fullmatch(name):
        return name
    try:
        return str(ip_address(name))
    except ValueError:
        raise ValueError(
            f"{shown(written)} is not a host, write a name such as dialer.example, without scheme and port"
        ) from None


def parse_workspace(value: object) -> str:
    """Read a workspace's name. Raises ValueError."""
    name = str(value)
    if not _WORKSPACE.fullmatch(name):
        raise ValueError("it is no workspace's name, write at most 63 letters, digits, dots, dashes and underscores")
    return name


def parse_api_key(value: object, info: ValidationInfo) -> ApiKeySource:
    """Read where the key is. What was written is never shown, for it may be the key. Raises ValueError."""
    found = _source(value, info, "API key")
    if found is None:
        raise ValueError(f"it does not say where the key is, {HOW_A_KEY_IS_GIVEN}")
    return found


def parse_token(value: object, info: ValidationInfo) -> ApiKeySource:
    """Read where a token is, as `parse_api_key` does."""
    found = _source(value, info, (info.field_name or "token").replace("_", " "))
    if found is None:
        raise ValueError(f"it does not say where the token is, {HOW_A_TOKEN_IS_GIVEN}")
    return found


def parse_secret(value: object, info: ValidationInfo) -> ApiKeySource:
    """Read where a secret is, as `parse_api_key` does."""
    found = _source(value, info, "secret")
    if found is None:
        raise ValueError(f"it does not say where the secret is, {HOW_A_SECRET_IS_GIVEN}")
    return found


def _source(value: object, info: ValidationInfo, what: str) -> ApiKeySource | None:
    kind, name = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else (None, None)
    if kind == "env" and isinstance(name, str) and _ENV_NAME.fullmatch(name):
        return EnvKey(name, what)
    if kind == "file" and isinstance(name, str) and name.strip() and name.isprintable():
        return FileKey(_folder(info) / name, what)
    if kind == "credential" and isinstance(name, str) and _CREDENTIAL.fullmatch(name):
        return CredentialKey(name, what)
    return None
