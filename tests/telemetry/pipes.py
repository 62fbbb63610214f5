"""Pipes whose reader is the test, and may leave them unread or close them."""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

PATIENCE = 60.0


@dataclass
class Pipe:
    """A pipe whose reader is the test, and which it may leave unread or close."""

    reader: int
    stream: TextIO

    def read(self, size: int = 1 << 20) -> str:
        """What comes next. Raises TimeoutError where nothing does."""
        if not select.select([self.reader], [], [], PATIENCE)[0]:
            raise TimeoutError
        return os.read(self.reader, size).decode()

    def read_until(self, end: str) -> str:
        """What comes, up to this end."""
        received = self.read()
        while not received.endswith(end):
            received += self.read()
        return received

    def read_all(self) -> str:
        """Everything up to the end; the writing end must be closed or about to be."""
        self.stream.close()
        parts = iter(lambda: os.read(self.reader, 1 << 16), b"")
        return b"".join(parts).decode()


@contextmanager
def opened_pipe() -> Iterator[Pipe]:
    """A pipe, closed at the end."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        yield Pipe(reader, stream)
    os.close(reader)


def no_reader() -> TextIO:
    """A pipe that nobody reads any more."""
    reader, descriptor = os.pipe()
    os.close(reader)
    return os.fdopen(descriptor, "w")


def fill(pipe: Pipe) -> None:
    """Leave no room in the pipe."""
    descriptor = pipe.stream.fileno()
    os.set_blocking(descriptor, False)
    for size in (4096, 1):
        while True:
            try:
                os.write(descriptor, b"." * size)
            except BlockingIOError:
                break
    os.set_blocking(descriptor, True)


def report(count: int, untold: int) -> str:
    """How the tests say what was dropped."""
    return f"dropped {count}, untold {untold}" if untold else f"dropped {count}"
