"""Asking a running daemon over its Unix socket."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=120)
_REFUSED = 400


class DaemonError(Exception):
    """The daemon could not be asked, or refused."""


async def ask_daemon(socket: Path, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Send a request to the daemon; gives the answer's JSON. Raises DaemonError."""
    connector = aiohttp.UnixConnector(str(socket))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
            session.request(method, f"http://daemon{path}", json=body) as response,
        ):
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise DaemonError(f"{socket}: the daemon does not answer there ({type(error).__name__})") from None
    if response.status >= _REFUSED:
        told = answer.get("detail", response.status) if isinstance(answer, dict) else response.status
        raise DaemonError(f"the daemon refused: {told}")
    return answer
