"""Lines to a stream by a thread of their own, so that a reader who is slow, stuck or gone blocks nobody else."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Protocol, TextIO

from controller.telemetry.alarms import Alarms, Line
from controller.telemetry.outlet import PIPE_BUF, Outlet

QUEUED_LINES: Final = 10_000
ALARM_ROOM: Final = 1_000
"""How many more lines the queue takes where they are alarms: others leave them no room."""
_POLL_MILLISECONDS: Final = 20
"""How soon the thread notices, while the reader is stuck, that it is to give up or to tell alarms."""
_GATHERING_SECONDS: Final = 0.01
"""How long lines may gather, where few wait, so that the thread does not take the interpreter from the event loop for
each.
"""
_ENOUGH: Final = 10
"""So many lines wait for no more of them: about as many as are written together."""


class LineWriter:
    """Takes lines from any thread and never blocks: what does not fit into the queue is dropped and counted.

    Where the line in hand has waited for its reader for as long as `alarms` have patience, the queue is full, or the
    stream is broken, the alarms that wait go their second way too; once the reader is back they come in their order.

    `report` renders the line that says how many lines were dropped, and how many alarms could not go the second way;
    it is written once there is room again. A stream with a file descriptor is written below Python's own buffering, so
    that a stuck reader cannot hold up the exit either.
    """

    def __init__(
        self,
        stream: TextIO,
        report: Callable[[int, int], str],
        limit: int = QUEUED_LINES,
        alarms: Alarms | None = None,
    ) -> None:
        self._sink = _sink(stream)
        self._report = report
        self._limit = limit
        self._alarms = alarms or Alarms(stream, None)
        # Not queue.Queue: a logging call made by the garbage collector inside of `put` would wait for itself.
        self._queue: SimpleQueue[Line | None] = SimpleQueue()
        self._count = threading.RLock()
        self._dropped = 0
        self._unreported = 0
        self._untold_reported = 0
        self._closed = False
        self._giving_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were lost so far: queue full, stream broken, or unwritten at the end."""
        return self._dropped

    @property
    def untold(self) -> int:
        """How many alarms could not go their second way so far, although it was time; they may be written yet."""
        return self._alarms.untold

    def put(self, text: str) -> None:
        """Queue a line, without its newline."""
        with self._count:
            self._put(Line(text, time.monotonic()), self._limit)

    def put_alarm(self, text: str) -> None:
        """Queue a line that somebody must see, by a second way where the reader does not come."""
        line = Line(text, time.monotonic())
        with self._count:
            if not self._closed:
                self._alarms.expect(line)
            self._put(line, self._limit + ALARM_ROOM)

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

    def _put(self, line: Line, limit: int) -> None:
        if self._closed or self._queue.qsize() >= limit:
            self._drop(1)
        else:
            self._queue.put(line)

    def _run(self) -> None:
        over = False
        while not over and not self._giving_up.is_set():
            lines, over = self._next_lines()
            self._carry(lines)
            if self._queue.qsize() < _ENOUGH:
                self._giving_up.wait(_GATHERING_SECONDS)
        if over:
            self._say_dropped()
        self._alarms.give_up()

    def _next_lines(self) -> tuple[list[Line], bool]:
        """Wait for a line, and take those behind it that can be written with it; whether no more will come."""
        lines: list[Line] = []
        line = self._queue.get()
        room = PIPE_BUF if self._sink.ready() else 0
        while line is not None:
            lines.append(line)
            room -= len(line.text) + 1
            if room <= 0:
                return lines, False
            try:
                line = self._queue.get_nowait()
            except Empty:
                return lines, False
        return lines, True

    def _carry(self, lines: list[Line]) -> None:
        while lines:
            written = self._write(lines)
            for line in lines[:written]:
                self._alarms.written(line)
            if written < len(lines):
                self._drop(1)
                self._alarms.tell()
            elif self._queue.qsize() <= self._limit // 2:
                self._say_dropped()
            lines = lines[written + 1 :]

    def _say_dropped(self) -> None:
        with self._count:
            count, self._unreported = self._unreported, 0
        untold = self._alarms.untold
        if not count and untold == self._untold_reported:
            return
        if self._write([Line(self._report(count, untold - self._untold_reported), time.monotonic())]):
            self._untold_reported = untold
        else:
            with self._count:
                self._unreported += count

    def _write(self, lines: list[Line]) -> int:
        """How many of these were written; the next one could not be."""
        self._look_after(lines[0])
        return self._sink.write([f"{line.text}\n" for line in lines], lambda: self._goes_on(lines[0]))

    def _goes_on(self, line: Line) -> bool:
        """Whether to go on trying to write this line, and those behind it, which the stream does not take now."""
        self._look_after(line)
        return not self._giving_up.is_set()

    def _look_after(self, line: Line) -> None:
        """Tell what waits behind a line that comes late, and what may not come at all."""
        late = time.monotonic() - line.queued >= self._alarms.patience
        if late or self._queue.qsize() >= self._limit:
            self._alarms.tell()

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


class _Sink(Protocol):
    def ready(self) -> bool:
        """Whether some lines may be written at once, since none of them will have to wait."""

    def write(self, texts: Sequence[str], go_on: Callable[[], bool]) -> int:
        """Write these, and ask whether to go on whenever that had to wait. Gives how many were written whole; where
        that is not all, the next one could not be: a broken pipe, a full disk, a closed stream, or it was to give up.
        """


def _sink(stream: TextIO) -> _Sink:
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError):  # a stream in memory
        return _StreamSink(stream)
    stream.flush()
    return _DescriptorSink(Outlet(descriptor))


class _StreamSink:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def ready(self) -> bool:
        return False

    def write(self, texts: Sequence[str], go_on: Callable[[], bool]) -> int:  # noqa: ARG002 - it never waits
        try:
            self._stream.write("".join(texts))
            self._stream.flush()
        except (OSError, ValueError):
            return 0
        return len(texts)


class _DescriptorSink:
    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def ready(self) -> bool:
        return self._outlet.ready

    def write(self, texts: Sequence[str], go_on: Callable[[], bool]) -> int:
        self._outlet.load(texts)
        with suppress(OSError):
            while not self._outlet.done:
                if not self._outlet.push(_POLL_MILLISECONDS) and not go_on():
                    break
        return self._outlet.whole
