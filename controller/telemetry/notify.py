"""Telling the service manager how we are, as sd_notify(3) describes it: datagrams to a socket that it names.

Nothing is told where no socket is named, and nothing that goes wrong here may keep the daemon from its work.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol


class ServiceManager(Protocol):
    """Whoever started us and wants to hear from us."""

    def tell(self, *assignments: str) -> None:
        """Send assignments such as `READY=1`, in one message; never blocks, never raises."""


class NobodyAsks:
    """There is no service manager, or it does not listen."""

    def tell(self, *assignments: str) -> None:
        """Nothing follows."""


class NotifySocket:
    """`address` is what NOTIFY_SOCKET holds: a path, or `@` and an abstract name."""

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(self, *assignments: str) -> None:
        """Send the assignments; a line break within one would be read as another, so each stays on one line."""
        message = "\n".join(assignment.replace("\n", " ") for assignment in assignments)
        # What is full, gone or not to be reached now may be there for the next message.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(message.encode(errors="replace"), self._address)


def service_manager(environment: Mapping[str, str]) -> tuple[ServiceManager, float | None]:
    """Who is to be told, by what the process was started with, and how often it wants a sign of life, in seconds."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return NobodyAsks(), None
    microseconds = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return NotifySocket(address), int(microseconds) / 1e6 if meant and microseconds.isdigit() else None
