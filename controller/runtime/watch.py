"""Noticing that rules files changed: file system events where they come, the content hash at every resync besides."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from watchfiles import awatch

log = structlog.get_logger()


async def watch_folder(folder: Path, look: Callable[[], Awaitable[None]]) -> None:
    """Call `look` whenever something below the folder changed; runs until cancelled.

    Events are a convenience: a folder that is missing, or swapped as a Kubernetes ConfigMap is, is met at the next
    resync, which compares contents.
    """
    try:
        # Its thread looks once a second; without a timeout it does not wake the event loop where nothing changed.
        async for _changes in awatch(folder, recursive=True, debounce=1000, step=1000, rust_timeout=0):
            await look()
    except (OSError, RuntimeError) as error:
        log.warning("rules.unwatched", folder=str(folder), problem=str(error))
