"""The store's own thread: one step after the other, each outcome to whoever asked for it."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.store.thread import StoreThread


@pytest.fixture
def thread() -> Iterator[StoreThread]:
    made = StoreThread()
    yield made
    made.stop()


async def test_steps_run_in_their_order_and_each_caller_gets_its_own_outcome(thread: StoreThread) -> None:
    order: list[int] = []

    def step(number: int) -> int:
        order.append(number)
        if number == 1:
            raise KeyError(number)
        return number * 10

    outcomes = await asyncio.gather(
        *(thread.run(lambda number=number: step(number)) for number in range(3)), return_exceptions=True
    )
    assert order == [0, 1, 2]
    assert outcomes[::2] == [0, 20]
    assert isinstance(outcomes[1], KeyError)


async def test_all_steps_run_in_one_thread_that_is_not_the_event_loops(thread: StoreThread) -> None:
    seen = {await thread.run(threading.get_ident) for _ in range(5)}
    assert len(seen) == 1
    assert threading.get_ident() not in seen


async def test_a_caller_that_is_cancelled_stops_waiting_and_its_step_runs_all_the_same(thread: StoreThread) -> None:
    gate, ran = threading.Event(), threading.Event()

    def step() -> None:
        gate.wait()
        ran.set()

    waiting = asyncio.create_task(thread.run(step))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    await thread.run(lambda: None)
    assert ran.is_set()


def test_an_outcome_that_comes_after_the_loop_was_closed_is_told_to_nobody(thread: StoreThread) -> None:
    gate = threading.Event()

    async def leave() -> None:
        waiting = asyncio.create_task(thread.run(gate.wait))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(leave())
    gate.set()
    assert asyncio.run(thread.run(lambda: "goes on")) == "goes on"


def test_a_step_that_hangs_does_not_hold_the_end_of_the_process() -> None:
    program = (
        "import asyncio, threading\n"
        "from controller.store.thread import StoreThread\n"
        "async def main():\n"
        "    waiting = asyncio.create_task(StoreThread().run(threading.Event().wait))\n"
        "    await asyncio.sleep(0.01)\n"
        "    waiting.cancel()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], cwd=root, timeout=30, check=True)
