"""An event loop whose time jumps: where nothing is left to do, the next timer is due at once.

Nothing here waits, no thread runs and no socket is open, so that a run depends on its seed alone.
"""

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any
from unittest.mock import patch

TIMER_MODULES = ("schedulers.base", "executors.base", "executors.asyncio", "triggers.interval")


class StuckError(Exception):
    """Every task waits for something that will never come."""


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise StuckError
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0 and moves only where everybody waits. `steps` counts the turns of the loop."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        self.steps = 0
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now

    def freeze(self, seconds: float) -> None:
        """Let time pass while nobody runs, as for a process that was stopped."""
        self._jumping.now += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # noqa: ARG002
        """At once, and here."""
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is the caller's
            future.set_exception(error)
        return future

    def _run_once(self) -> None:
        self.steps += 1
        super()._run_once()

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


@contextmanager
def timers_read(wall: Callable[[], float]) -> Iterator[None]:
    """Let APScheduler read this clock in place of the machine's."""

    class WallDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(wall(), tz or UTC)

    with ExitStack() as stack:
        for name in TIMER_MODULES:
            module = __import__(f"apscheduler.{name}", fromlist=["datetime"])
            if getattr(module, "datetime", None) is datetime:
                stack.enter_context(patch.object(module, "datetime", WallDatetime))
        yield
