"""The daemon's Unix socket, over which our own commands change something. The file's permission is the credential.

POST /adopt and /release take `{"jobs": [{"workspace": …, "id": …}], "author": …, "reason": …}` and answer with one
object for each job: workspace, job, name and problem (null where it was done).
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.core.job import JobKey
from controller.runtime.ownership import Answer, Ownership

LONGEST_PATH = 100
"""Bytes: a Unix socket's path is limited by the kernel to some 107."""


class ControlError(Exception):
    """The daemon could not be asked, or refused."""


class _JobName(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    workspace: str
    id: str


class OwnershipRequest(BaseModel):
    """What adopt and release are asked with."""

    model_config = ConfigDict(extra="forbid", strict=True)
    jobs: list[_JobName] = Field(min_length=1)
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)

    @classmethod
    def of(cls, jobs: Sequence[JobKey], author: str, reason: str) -> "OwnershipRequest":
        """Build one from values."""
        names = [_JobName(workspace=job.workspace, id=job.id) for job in jobs]
        return cls(jobs=names, author=author, reason=reason)

    @property
    def keys(self) -> list[JobKey]:
        """The jobs meant."""
        return [JobKey(job.workspace, job.id) for job in self.jobs]


Change = Callable[[Sequence[JobKey], str, str], Awaitable[list[Answer]]]


class ControlSocket:
    """Serves the socket; `changed` is called after each request, so that a pass follows. Only the owner of the store's
    lock may start it, since it replaces a socket left behind by a daemon that was killed.
    """

    def __init__(self, path: Path, ownership: Ownership, changed: Callable[[], None]) -> None:
        self._path = path
        self._changed = changed
        app = web.Application()
        app.router.add_post("/adopt", self._handler(ownership.adopt))
        app.router.add_post("/release", self._handler(ownership.release))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)

    async def start(self) -> None:
        """Listen. Raises ControlError where the socket cannot be made."""
        if len(os.fsencode(self._path)) > LONGEST_PATH:
            raise ControlError(f"{self._path}: a Unix socket's path may have at most {LONGEST_PATH} bytes")
        await self._runner.setup()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        umask = os.umask(0o177)
        try:
            self._path.unlink(missing_ok=True)
            await web.UnixSite(self._runner, str(self._path)).start()
        except OSError as error:
            raise ControlError(f"{self._path}: the control socket cannot be made: {error.strerror}") from error
        finally:
            os.umask(umask)

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        await self._runner.cleanup()
        self._path.unlink(missing_ok=True)

    def _handler(self, change: Change) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                asked = OwnershipRequest.model_validate_json(await request.read())
            except ValidationError as error:
                return web.json_response({"problem": _problem(error)}, status=400)
            answers = await change(asked.keys, asked.author, asked.reason)
            self._changed()
            return web.json_response([answer.as_json() for answer in answers])

        return handle


def _problem(error: ValidationError) -> str:
    """Say where and what, without pydantic's links."""
    found = ((".".join(map(str, each["loc"])), each["msg"]) for each in error.errors())
    return "; ".join(f"{where}: {what}" if where else what for where, what in found)


async def ask_daemon(path: Path, verb: str, request: OwnershipRequest) -> list[Answer]:
    """Send a request to the running daemon. Raises ControlError."""
    timeout = aiohttp.ClientTimeout(total=120)
    connector = aiohttp.UnixConnector(str(path))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.post(f"http://daemon/{verb}", data=request.model_dump_json()) as response,
        ):
            body = await response.json()
    except (aiohttp.ClientError, OSError) as error:
        raise ControlError(f"{path}: the daemon does not answer there ({type(error).__name__})") from None
    if response.status != web.HTTPOk.status_code:
        raise ControlError(f"the daemon refused: {body.get('problem', response.status)}")
    return [Answer(**answer) for answer in body]
