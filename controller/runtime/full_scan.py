"""The list of everything: once an hour, beside the passes.

Only it shows jobs whose status the reference does not know. It takes minutes where finished jobs have piled up, and may
fail for ever where the API cannot bring it to its end. Neither may keep a pass from what it is there for.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from controller.vogent.errors import ApiError

log = structlog.get_logger()

EVERY = 3600.0
"""Seconds from the end of one scan to the begin of the next."""
RETRY = 300.0
"""Seconds until one that failed is tried again; twice as many each time it fails again, up to `EVERY`."""


class FullScan:
    """`scan` lists everything and takes in what it finds; it may raise ApiError. `first` is when the first one is due,
    by the `monotonic` clock: the wall clock may be set by years.
    """

    def __init__(
        self, workspace: str, scan: Callable[[], Awaitable[None]], monotonic: Callable[[], float], *, first: float
    ) -> None:
        self._workspace = workspace
        self._scan = scan
        self._monotonic = monotonic
        self._next = first
        self._retry = RETRY
        self._task: asyncio.Task[None] | None = None

    def begin_if_due(self) -> None:
        """Begin a scan where one is due and none is under way. Needs the running loop."""
        if self._task is None and self._monotonic() >= self._next:
            self._task = asyncio.create_task(self._run())

    async def ended(self) -> None:
        """Wait for the scan that is under way, if any."""
        if self._task is not None:
            await self._task

    async def close(self) -> None:
        """Give up the scan that is under way, if any."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        wait = self._retry
        try:
            await self._scan()
            wait, self._retry = EVERY, RETRY
        except ApiError as error:
            facts = {"problem": error.reason.value, "detail": str(error), "again_in_seconds": wait}
            log.error("list.failed", workspace=self._workspace, **facts)
            self._retry = min(2 * wait, EVERY)
        except Exception:  # the passes go on
            log.exception("task.crashed", workspace=self._workspace)
        finally:
            self._next = self._monotonic() + wait
            self._task = None
