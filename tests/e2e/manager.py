"""What a service manager hears: a socket as systemd has one, which NOTIFY_SOCKET names."""

import socket
import threading
import time
from pathlib import Path

PATIENCE = 60.0


class Manager:
    """Listens as systemd does, and keeps each message as the list of its lines."""

    def __init__(self, path: Path) -> None:
        self.messages: list[list[str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(65536):
            self.messages.append(message.decode().split("\n"))

    def wait_for(self, line: str, after: int = 0) -> int:
        """The number of the first message, from `after` on, with a line that begins so."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for number, message in enumerate(self.messages[after:], after):
                if any(said.startswith(line) for said in message):
                    return number
            time.sleep(0.02)
        raise AssertionError(f"{line} was not told: {self.messages}")

    def said(self, line: str, after: int = 0) -> list[str]:
        """The lines that begin so."""
        return [said for message in self.messages[after:] for said in message if said.startswith(line)]

    def close(self) -> None:
        """Stop listening."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()
