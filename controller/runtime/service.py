"""What the service manager is told: ready after the first verified pass, and alive only while passes verify.

A daemon whose passes do not end is started anew after WatchdogSec. One whose passes end, and fail by the provider
alone, gives no sign of life either, but asks for more time with each: a new one would know less, and do no better.
"""

import asyncio

from controller.clock import monotonic_microseconds
from controller.runtime.health import Health
from controller.runtime.report import PassReport
from controller.telemetry.notify import ServiceManager

BEAT = 10.0
"""Most real seconds between two signs of life."""
EXTENSION = 120
"""Seconds by which each pass that ends before we are ready puts the limit of the start off: we go on trying."""


class ServiceReporter:
    """`watchdog` is how often the service manager wants a sign of life, in real seconds; None: it wants none."""

    def __init__(self, manager: ServiceManager, health: Health, watchdog: float | None) -> None:
        self._manager = manager
        self._health = health
        self._watchdog = watchdog
        self._beat = BEAT if watchdog is None else min(BEAT, watchdog / 3)
        self._ready = False
        self._stopping = False
        self._told = ""

    def passed(self, report: PassReport) -> None:
        """A pass ended."""
        self._health.passed(report)
        if not self._ready and self._health.started:
            self._ready = True
            self._manager.tell("READY=1", self._status(), "WATCHDOG=1")
        elif not self._ready:
            self._manager.tell(_more_time(EXTENSION), self._status())
        else:
            self._ask_for_time()
            self._sign_of_life()

    async def run(self) -> None:
        """Give signs of life until cancelled."""
        while True:
            await asyncio.sleep(self._beat)
            self._sign_of_life()

    def reloading(self) -> None:
        """The rules are being read again because the service manager asked for it."""
        if self._ready:
            self._manager.tell("RELOADING=1", f"MONOTONIC_USEC={monotonic_microseconds()}")

    def reloaded(self) -> None:
        """They were."""
        if self._ready:
            self._manager.tell("READY=1", self._status())

    def stopping(self) -> None:
        """We were told to end."""
        self._stopping = self._health.stopping = True
        self._manager.tell("STOPPING=1", "STATUS=draining the passes in flight")

    def _ask_for_time(self) -> None:
        """The same message that puts off the limit of a start puts off the watchdog."""
        if self._watchdog is not None and not self._stopping and not self._health.alive and self._health.patient:
            self._manager.tell(_more_time(self._watchdog))

    def _sign_of_life(self) -> None:
        if self._stopping or not self._ready:
            return
        status = self._status()
        said = [status] if status != self._told else []
        if self._health.alive:
            said.append("WATCHDOG=1")
        self._told = status
        if said:
            self._manager.tell(*said)

    def _status(self) -> str:
        return f"STATUS={self._health.summary()}"


def _more_time(seconds: float) -> str:
    return f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}"
