import errno
import io
import os
import threading
from pathlib import Path

import pytest

from controller.telemetry import writer as writer_module
from controller.telemetry.writer import LineWriter
from tests.telemetry.pipes import Pipe, fill, report


def test_lines_arrive_whole_and_in_order(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stream, report)
    for number in range(100):
        writer.put(f"line {number}")
    writer.close(5)
    assert pipe.read_all().splitlines() == [f"line {number}" for number in range(100)]
    assert writer.dropped == 0


def test_lines_gather_for_a_while_once_only_and_not_for_each_that_is_written_with_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_GATHERING_SECONDS", 0.5)
    with (tmp_path / "log").open("w") as stream:
        writer = LineWriter(stream, report)
        for number in range(5000):
            writer.put(f"{number} {'x' * 300}")
        writer.close(5)  # a second for each 24 of these lines would be two hundred
    assert writer.dropped == 0
    assert len((tmp_path / "log").read_text().splitlines()) == 5000


def test_a_line_longer_than_a_pipe_takes_at_once_arrives_whole(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stream, report)
    line = "x" * 1_000_000
    writer.put(line)
    received = ""
    while not received.endswith("\n"):
        received += pipe.read()
    writer.close(5)
    assert received == line + "\n"


def test_a_stuck_reader_blocks_no_caller_and_what_does_not_fit_is_counted(pipe: Pipe) -> None:
    fill(pipe)
    writer = LineWriter(pipe.stream, report, limit=10)
    caller = threading.Thread(target=lambda: [writer.put("line") for _ in range(1000)], daemon=True)
    caller.start()
    caller.join(5)
    assert not caller.is_alive()
    assert writer.dropped in (989, 990)  # ten wait in the queue, and perhaps one in the thread's hand
    writer.close(0)
    assert writer.dropped == 1000


def test_what_was_dropped_is_said_once_there_is_room_again(pipe: Pipe) -> None:
    fill(pipe)
    writer = LineWriter(pipe.stream, report, limit=10)
    for _ in range(100):
        writer.put("line")
    dropped = writer.dropped
    received = ""
    while "dropped" not in received:
        received += pipe.read().lstrip(".")  # what filled the pipe
    writer.put("later")
    writer.close(5)
    received += pipe.read_all()
    assert received.count(f"dropped {dropped}\n") == received.count("dropped") == 1
    assert received.count("line\n") == 100 - dropped
    assert received.endswith("later\n")


def test_what_was_dropped_after_the_last_line_is_said_at_close(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stream, report, limit=0)
    writer.put("no room")
    writer.close(5)
    assert pipe.read_all() == "dropped 1\n"


def test_close_gives_up_at_its_deadline_and_leaves_no_thread(pipe: Pipe) -> None:
    fill(pipe)
    before = threading.active_count()
    writer = LineWriter(pipe.stream, report)
    writer.put("one")
    writer.put("two")
    writer.close(0.01)
    assert threading.active_count() == before
    assert writer.dropped == 2


def test_a_second_close_does_nothing(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stream, report)
    writer.close(5)
    writer.close(5)
    assert writer.dropped == 0


def test_a_line_after_close_is_dropped_and_counted(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stream, report)
    writer.close(5)
    writer.put("late")
    assert writer.dropped == 1
    assert pipe.read_all() == ""


def test_a_reader_who_went_away_costs_the_lines_and_not_the_process() -> None:
    reader, descriptor = os.pipe()
    os.close(reader)
    with os.fdopen(descriptor, "w") as stream:
        writer = LineWriter(stream, report)
        for _ in range(5):
            writer.put("line")
        writer.close(5)
    assert writer.dropped == 5


def test_a_pipe_set_to_non_blocking_loses_nothing(pipe: Pipe) -> None:
    os.set_blocking(pipe.stream.fileno(), False)
    writer = LineWriter(pipe.stream, report)
    for _ in range(3):
        writer.put("x" * 100_000)
    received = ""
    while received.count("\n") < 3:
        received += pipe.read()
    writer.close(5)
    assert writer.dropped == 0
    assert received == ("x" * 100_000 + "\n") * 3


def test_a_write_that_would_block_after_all_is_tried_again(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    refusals = iter([BlockingIOError()])

    def reluctant(descriptor: int, data: memoryview) -> int:
        for refusal in refusals:
            raise refusal
        return write(descriptor, data)

    monkeypatch.setattr("controller.telemetry.outlet.os.write", reluctant)
    writer = LineWriter(pipe.stream, report)
    writer.put("line")
    writer.close(5)
    monkeypatch.undo()
    assert pipe.read_all() == "line\n"


def test_a_line_cut_short_does_not_swallow_the_next_one(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    steps = iter(["half", "full", "full"])

    def disk_full_for_a_while(descriptor: int, data: memoryview) -> int:
        match next(steps, "ok"):
            case "half":
                return write(descriptor, data[:3])
            case "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            case _:
                return write(descriptor, data)

    monkeypatch.setattr("controller.telemetry.outlet.os.write", disk_full_for_a_while)
    writer = LineWriter(pipe.stream, report)
    for line in ("first", "second", "third"):
        writer.put(line)
    writer.close(5)
    monkeypatch.undo()
    received = pipe.read_all().splitlines()
    assert received[:2] == ["fir", "third"]
    assert received[2:] == ["dropped 2"]


def test_no_write_cuts_a_line_that_a_pipe_takes_at_once(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    written: list[bytes] = []

    def seen(descriptor: int, data: memoryview) -> int:
        written.append(bytes(data))
        return write(descriptor, data)

    monkeypatch.setattr("controller.telemetry.outlet.os.write", seen)
    writer = LineWriter(pipe.stream, report)
    lines = [f"{number} " + "\u00fc" * 150 for number in range(100)]
    for line in lines:
        writer.put(line)
    writer.close(5)
    monkeypatch.undo()
    assert pipe.read_all().splitlines() == lines
    assert all(data.endswith(b"\n") and len(data) <= 4096 for data in written)
    assert len(written) < 50, "some were written together"


def test_a_report_that_cannot_be_written_is_kept_for_later(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    steps = iter(["full", "ok", "full"])

    def disk_full_twice(descriptor: int, data: memoryview) -> int:
        if next(steps, "ok") == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr("controller.telemetry.outlet.os.write", disk_full_twice)
    writer = LineWriter(pipe.stream, report)
    for line in ("first", "second", "third"):
        writer.put(line)
    writer.close(5)
    monkeypatch.undo()
    assert pipe.read_all().splitlines() == ["second", "third", "dropped 1"]
    assert writer.dropped == 1


def test_half_a_surrogate_pair_is_written_as_its_escape(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stream, report)
    writer.put("a\ud800b")
    writer.close(5)
    assert pipe.read_all() == "a\\ud800b\n"


def test_a_stream_in_memory_is_written_too() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream, report)
    writer.put("line")
    writer.close(5)
    assert stream.getvalue() == "line\n"


def test_a_closed_stream_costs_the_lines() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream, report)
    stream.close()
    writer.put("line")
    writer.close(5)
    assert writer.dropped == 1
