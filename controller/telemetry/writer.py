"""Lines to a stream by a thread of their own, so that a reader who is slow, stuck or gone blocks nobody else."""

import os
import select
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, TextIO

QUEUED_LINES: Final = 10_000
_PIPE_BUF: Final = 4096
"""What a pipe that polls as writable takes without blocking (Linux's PIPE_BUF)."""
_POLL_MILLISECONDS: Final = 20
"""How soon the thread notices, while the reader is stuck, that it is to give up."""


class LineWriter:
    """Takes lines from any thread and never blocks: what does not fit into the queue is dropped and counted.

    `report` renders the line that says how many were dropped; it is written once there is room again. A stream with a
    file descriptor is written below Python's own buffering, so that a stuck reader cannot hold up the exit either.
    """

    def __init__(self, stream: TextIO, report: Callable[[int], str], limit: int = QUEUED_LINES) -> None:
        self._sink = _sink(stream)
        self._report = report
        self._limit = limit
        # Not queue.Queue: a logging call made by the garbage collector inside of `put` would wait for itself.
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._count = threading.RLock()
        self._dropped = 0
        self._unreported = 0
        self._closed = False
        self._giving_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were lost so far: queue full, stream broken, or unwritten at the end."""
        return self._dropped

    def put(self, line: str) -> None:
        """Queue a line, without its newline."""
        with self._count:
            if self._closed or self._queue.qsize() >= self._limit:
                self._drop(1)
            else:
                self._queue.put(line)

    def close(self, deadline_seconds: float) -> None:
        """Write what is queued, for at most so many seconds; the rest is dropped. Later lines are dropped too."""
        with self._count:
            if self._closed:
                return
            self._closed = True
        self._queue.put(None)
        self._thread.join(deadline_seconds)
        self._giving_up.set()
        self._thread.join(3 * _POLL_MILLISECONDS / 1000)
        self._drop(self._left())

    def _run(self) -> None:
        while not self._giving_up.is_set():
            line = self._queue.get()
            if line is None:
                self._say_dropped()
                return
            if not self._write(line):
                self._drop(1)
            elif self._unreported and self._queue.qsize() <= self._limit // 2:
                self._say_dropped()

    def _say_dropped(self) -> None:
        with self._count:
            count, self._unreported = self._unreported, 0
        if count and not self._write(self._report(count)):
            with self._count:
                self._unreported += count

    def _write(self, line: str) -> bool:
        try:
            return self._sink(f"{line}\n", self._giving_up)
        except (OSError, ValueError):  # a broken pipe, a full disk, a closed stream
            return False

    def _drop(self, lines: int) -> None:
        with self._count:
            self._dropped += lines
            self._unreported += lines

    def _left(self) -> int:
        left = 0
        try:
            while True:
                left += self._queue.get_nowait() is not None
        except Empty:
            return left


_Sink = Callable[[str, threading.Event], bool]
"""Writes a text; False where it gave up before the end. Raises OSError."""


def _sink(stream: TextIO) -> _Sink:
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError):  # a stream in memory
        return _StreamSink(stream)
    stream.flush()
    return _DescriptorSink(descriptor)


class _StreamSink:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, text: str, _: threading.Event) -> bool:
        self._stream.write(text)
        self._stream.flush()
        return True


class _DescriptorSink:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._torn = False

    def __call__(self, text: str, giving_up: threading.Event) -> bool:
        # A line that was cut short before must not swallow this one.
        data = memoryview((b"\n" if self._torn else b"") + text.encode(errors="backslashreplace"))
        while data:
            if not self._writable.poll(_POLL_MILLISECONDS):
                if giving_up.is_set():
                    return False
                continue
            try:
                data = data[os.write(self._descriptor, data[:_PIPE_BUF]) :]
            except BlockingIOError:
                continue
            self._torn = len(data) > 0
        return True
