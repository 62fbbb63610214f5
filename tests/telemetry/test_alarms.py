"""Alarms by a second way, where the reader of the first does not come; on real pipes."""

import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from controller.telemetry.alarms import Alarms, Line
from controller.telemetry.writer import LineWriter
from tests.telemetry.pipes import Pipe, fill, no_reader, opened_pipe, report

NEVER = 1e9
"""Seconds of patience."""


def closed() -> TextIO:
    with no_reader() as stream:
        return stream


@pytest.fixture
def second() -> Iterator[Pipe]:
    with opened_pipe() as opened:
        yield opened


@pytest.fixture
def write(pipe: Pipe, second: Pipe) -> Iterator[Callable[..., LineWriter]]:
    """Build a writer to the pipe, whose alarms have the second one; it has no patience unless told."""
    made = []

    def build(limit: int = 1000, stream: TextIO | None = None, patience: float = 0.0, **more: Any) -> LineWriter:
        alarms = Alarms(pipe.stream, stream or second.stream, patience, **more)
        made.append(LineWriter(pipe.stream, report, limit, alarms))
        return made[-1]

    yield build
    for writer in made:
        writer.close(0)


def test_while_the_reader_is_stuck_alarms_that_wait_and_that_come_are_told_once(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]
) -> None:
    fill(pipe)
    writer = write(patience=0.05)
    writer.put("a line")
    writer.put_alarm("waited")
    assert second.read_until("\n") == "waited\n"
    writer.put("another line")
    writer.put_alarm("came")
    assert second.read_until("\n") == "came\n"
    assert pipe.read_until("came\n").lstrip(".") == "a line\nwaited\nanother line\ncame\n"
    writer.close(5)
    assert second.read_all() == ""
    assert writer.dropped == 0


def test_a_reader_that_gets_stuck_again_is_told_of_no_alarm_twice(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]
) -> None:
    writer = write()
    fill(pipe)
    writer.put_alarm("first")
    assert second.read_until("\n") == "first\n"
    pipe.read_until("first\n")
    fill(pipe)
    writer.put_alarm("second")
    assert second.read_until("\n") == "second\n"


def test_a_reader_that_comes_in_time_leaves_the_second_way_silent(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]
) -> None:
    fill(pipe)
    writer = write(patience=NEVER)
    writer.put_alarm("alarm")
    pipe.read_until("alarm\n")
    writer.close(5)
    assert second.read_all() == ""


def test_a_full_queue_loses_no_alarm_and_tells_it_at_once(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]
) -> None:
    fill(pipe)
    writer = write(limit=2, patience=NEVER)
    for _ in range(10):
        writer.put("line")
    writer.put_alarm("alarm")
    assert second.read_until("\n") == "alarm\n"
    pipe.read()
    writer.close(5)
    assert "alarm\n" in pipe.read_all()
    assert writer.dropped in (7, 8), "two waited, and perhaps one was in the thread's hand"


def test_an_alarm_that_finds_no_room_at_all_is_told_all_the_same(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.telemetry.writer.ALARM_ROOM", 1)
    fill(pipe)
    writer = write(limit=0, patience=NEVER)
    for number in range(4):
        writer.put_alarm(f"alarm {number}")
    assert second.read_until("alarm 3\n") == "".join(f"alarm {number}\n" for number in range(4))
    assert writer.dropped in (2, 3), "one is in the thread's hand by now or not, and one waits"


def test_where_nobody_reads_either_way_nobody_waits_and_all_is_counted(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]
) -> None:
    fill(pipe)
    fill(second)
    before = threading.active_count()
    writer = write(limit=10)
    caller = threading.Thread(target=lambda: [writer.put_alarm("alarm") for _ in range(5000)], daemon=True)
    caller.start()
    caller.join(5)
    assert not caller.is_alive()
    writer.close(0)
    assert threading.active_count() == before
    assert writer.dropped == 5000
    assert writer.untold == 5000


def test_what_the_second_way_does_not_take_at_once_it_takes_later(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]
) -> None:
    fill(pipe)
    fill(second)
    writer = write()
    for alarm in ("first", "second"):
        writer.put_alarm(alarm)
    assert second.read_until("second\n").lstrip(".") == "first\nsecond\n"
    assert writer.untold == 0


def test_an_alarm_longer_than_a_pipe_takes_at_once_is_told_whole(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]
) -> None:
    fill(pipe)
    writer = write()
    writer.put_alarm("x" * 300_000)
    assert second.read_until("\n") == "x" * 300_000 + "\n"


def test_a_broken_second_way_costs_its_alarms_and_nothing_else(pipe: Pipe, write: Callable[..., LineWriter]) -> None:
    fill(pipe)
    with no_reader() as broken:
        writer = write(stream=broken)
        for _ in range(3):
            writer.put_alarm("alarm")
        pipe.read()
        writer.close(5)
    received = pipe.read_all()
    assert received.count("alarm\n") == 3
    assert received.count("dropped 0, untold 3\n") == received.count("dropped") == 1
    assert (writer.dropped, writer.untold) == (0, 3)


def test_where_nobody_reads_the_first_way_any_more_alarms_are_told_at_once(second: Pipe) -> None:
    with no_reader() as gone:
        writer = LineWriter(gone, report, alarms=Alarms(gone, second.stream, NEVER))
        writer.put("line")
        writer.put_alarm("alarm")
        assert second.read_until("\n") == "alarm\n"
        writer.close(5)
    assert writer.dropped == 2


def test_what_nobody_reads_at_the_end_is_told(pipe: Pipe, second: Pipe, write: Callable[..., LineWriter]) -> None:
    fill(pipe)
    writer = write(patience=NEVER)
    writer.put_alarm("waited")
    writer.put("line")
    writer.put_alarm("came last")
    writer.close(0.01)
    writer.put_alarm("came later")
    assert second.read_all() == "waited\ncame last\n"
    assert (writer.dropped, writer.untold) == (4, 0)


def test_an_alarm_that_the_second_way_took_in_part_swallows_no_later_one(
    pipe: Pipe, second: Pipe, write: Callable[..., LineWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    steps = iter(["half", "full"])

    def disk_full_for_a_while(descriptor: int, data: memoryview) -> int:
        match next(steps, "ok"):
            case "half":
                return real(descriptor, data[:3])
            case "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            case _:
                return real(descriptor, data)

    fill(pipe)
    monkeypatch.setattr("controller.telemetry.outlet.os.write", disk_full_for_a_while)
    writer = write()
    writer.put_alarm("first")
    writer.put_alarm("second")
    assert second.read_until("second\n") == "fir\nsecond\n"
    assert writer.untold == 1


def test_no_more_alarms_are_kept_for_the_second_way_than_fit(pipe: Pipe, second: Pipe) -> None:
    alarms = Alarms(pipe.stream, second.stream, limit=2)
    for number in range(3):
        alarms.expect(Line(f"alarm {number}", 0.0))
    assert alarms.untold == 1
    alarms.give_up()
    assert second.read_all() == "alarm 0\nalarm 1\n"
    assert alarms.untold == 1


def test_the_same_pipe_is_no_second_way(pipe: Pipe) -> None:
    fill(pipe)
    with os.fdopen(os.dup(pipe.stream.fileno()), "w") as again:
        writer = LineWriter(pipe.stream, report, alarms=Alarms(pipe.stream, again, 0.0))
        writer.put_alarm("alarm")
        received = pipe.read_until("alarm\n")
        writer.close(5)
    assert received.count("alarm") == 1
    assert pipe.read_all() == ""


def test_the_same_file_opened_twice_is_no_second_way(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("a") as first, path.open("a") as second:
        alarms = Alarms(first, second)
        alarms.expect(Line("alarm", 0.0))
        alarms.give_up()
    assert path.read_text() == ""


@pytest.mark.parametrize("stream", [None, io.StringIO(), closed()])
def test_what_cannot_be_written_to_below_pythons_buffering_is_no_second_way(pipe: Pipe, stream: TextIO | None) -> None:
    writer = LineWriter(pipe.stream, report, alarms=Alarms(pipe.stream, stream, 0.0))
    writer.put_alarm("alarm")
    writer.close(5)
    assert pipe.read_all() == "alarm\n"
    assert writer.untold == 0
