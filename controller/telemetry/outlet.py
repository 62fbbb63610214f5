"""A file descriptor that is written as far as it takes it without blocking."""

import os
import select
from typing import Final

_PIPE_BUF: Final = 4096
"""What a pipe that polls as writable takes without blocking (Linux's PIPE_BUF)."""


class Outlet:
    """Takes one text after the other, below Python's own buffering, so that whoever is stuck holds up no exit."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._rest = memoryview(b"")
        self._torn = False

    @property
    def done(self) -> bool:
        """Whether all of the text is written."""
        return not self._rest

    def load(self, text: str) -> None:
        """Begin a text, in the place of what is left of the one before."""
        # A line that was cut short must not swallow this one.
        self._rest = memoryview((b"\n" if self._torn else b"") + text.encode(errors="backslashreplace"))

    def push(self, patience_milliseconds: int) -> bool:
        """Write a part of the text, waiting for room for at most so long; whether there was any. Raises OSError."""
        if not self._writable.poll(patience_milliseconds):
            return False
        try:
            written = os.write(self._descriptor, self._rest[:_PIPE_BUF])
        except BlockingIOError:
            return False
        except OSError:  # a broken pipe, a full disk: what is left gets no second try
            self._rest = memoryview(b"")
            raise
        self._rest = self._rest[written:]
        self._torn = not self.done
        return True
