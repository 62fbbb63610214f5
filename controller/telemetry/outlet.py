"""A file descriptor that is written as far as it takes it without blocking."""

import os
import select
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

PIPE_BUF: Final = 4096
"""What a pipe that polls as writable takes without blocking (Linux's PIPE_BUF)."""
_LINE_END: Final = ord("\n")


class Outlet:
    """Takes texts, one after the other or some at once, below Python's own buffering, so that whoever is stuck holds up
    no exit.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._rest = memoryview(b"")
        self._torn = False
        self._ends: list[int] = []
        self._taken = 0

    @property
    def done(self) -> bool:
        """Whether all of the text is written."""
        return not self._rest

    @property
    def ready(self) -> bool:
        """Whether it takes PIPE_BUF bytes at once now."""
        return bool(self._writable.poll(0))

    @property
    def whole(self) -> int:
        """How many of the texts were written to their end."""
        return sum(end <= self._taken for end in self._ends)

    def load(self, texts: Sequence[str]) -> None:
        """Begin these, in the place of what is left of those before."""
        encoded = [text.encode(errors="backslashreplace") for text in texts]
        # A line that was cut short must not swallow the first of these.
        begin = b"\n" if self._torn else b""
        self._ends = [*accumulate(map(len, encoded), initial=len(begin))][1:]
        self._taken = 0
        self._rest = memoryview(begin + b"".join(encoded))

    def push(self, patience_milliseconds: int) -> bool:
        """Write a part of the text, waiting for room for at most so long; whether there was any. Raises OSError."""
        if not self._writable.poll(patience_milliseconds):
            return False
        try:
            written = os.write(self._descriptor, self._rest[: self._portion()])
        except BlockingIOError:
            return False
        except OSError:  # a broken pipe, a full disk: what is left gets no second try
            self._rest = memoryview(b"")
            raise
        if written:
            self._torn = self._rest[written - 1] != _LINE_END
        self._rest = self._rest[written:]
        self._taken += written
        return True

    def _portion(self) -> int:
        """As many texts as are taken at once, each whole: a process that is killed, or another one that writes to the
        same pipe, cuts none of them.
        """
        whole = [end - self._taken for end in self._ends if self._taken < end <= self._taken + PIPE_BUF]
        return whole[-1] if whole else PIPE_BUF
