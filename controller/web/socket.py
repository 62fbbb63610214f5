"""The daemon's Unix socket, over which our own commands ask and change. The file's permission is the credential."""

import os
from pathlib import Path

from aiohttp import web

LONGEST_PATH = 100
"""Bytes: a Unix socket's path is limited by the kernel to some 107."""


class SocketError(Exception):
    """The socket cannot be made."""


class ControlSocket:
    """Serves an application on the socket. Only the owner of the store's lock may start it, since it replaces a socket
    left behind by a daemon that was killed.
    """

    def __init__(self, path: Path, app: web.Application) -> None:
        self._path = path
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)

    async def start(self) -> None:
        """Listen. Raises SocketError where the socket cannot be made."""
        if len(os.fsencode(self._path)) > LONGEST_PATH:
            raise SocketError(f"{self._path}: a Unix socket's path may have at most {LONGEST_PATH} bytes")
        await self._runner.setup()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        umask = os.umask(0o177)
        try:
            self._path.unlink(missing_ok=True)
            await web.UnixSite(self._runner, str(self._path)).start()
        except OSError as error:
            raise SocketError(f"{self._path}: the control socket cannot be made: {error.strerror}") from error
        finally:
            os.umask(umask)

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        await self._runner.cleanup()
        self._path.unlink(missing_ok=True)
