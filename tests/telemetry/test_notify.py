"""Messages to a service manager, on a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.telemetry.notify import NobodyAsks, NotifySocket, service_manager


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(60)
        yield made


def test_assignments_come_in_one_message_a_line_each(listener: socket.socket) -> None:
    NotifySocket(listener.getsockname()).tell("READY=1", "STATUS=3 dialing\nWATCHDOG=1")
    assert listener.recv(4096) == b"READY=1\nSTATUS=3 dialing WATCHDOG=1"


def test_an_abstract_address_begins_with_an_at_sign() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        name = f"campaign-controller-test-{os.getpid()}"
        made.bind(f"\0{name}")
        made.settimeout(60)
        NotifySocket(f"@{name}").tell("READY=1")
        assert made.recv(4096) == b"READY=1"


def test_a_manager_that_is_gone_or_does_not_read_keeps_nobody_waiting(listener: socket.socket, tmp_path: Path) -> None:
    NotifySocket(str(tmp_path / "nobody")).tell("READY=1")
    for _ in range(10_000):
        NotifySocket(listener.getsockname()).tell("WATCHDOG=1")
    assert listener.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environment", "listens", "watchdog"),
    [
        ({}, False, None),
        ({"NOTIFY_SOCKET": ""}, False, None),
        ({"NOTIFY_SOCKET": "vsock:2:1234"}, False, None),
        ({"NOTIFY_SOCKET": "/run/x"}, True, None),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "90000000"}, True, 90.0),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, True, 3.0),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, True, None),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "soon"}, True, None),
    ],
)
def test_the_environment_says_who_is_to_be_told_and_how_often(
    environment: dict[str, str], listens: bool, watchdog: float | None
) -> None:
    manager, seconds = service_manager(environment)
    assert isinstance(manager, NotifySocket if listens else NobodyAsks)
    assert seconds == watchdog
    if not listens:
        manager.tell("READY=1")
