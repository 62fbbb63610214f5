"""Places for requests: how many, and whose turn it is."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.vogent.budget import Budget


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Bench:
    """Requests that hold their place until told to finish, and a log of who was admitted."""

    def __init__(self, limit: int) -> None:
        self.budget = Budget(limit)
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.ends: dict[str, asyncio.Event] = {}
        self.admitted: list[str] = []
        self.holding: set[str] = set()

    def start(self, lane: str) -> str:
        name = f"{lane}{len(self.tasks)}"
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, getattr(self.budget, lane)))
        return name

    async def _hold(self, name: str, place: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        async with place():
            self.admitted.append(name)
            self.holding.add(name)
            try:
                await self.ends[name].wait()
            finally:
                self.holding.discard(name)

    def holders(self, lane: str) -> list[str]:
        return [name for name in self.holding if name.startswith(lane)]

    def waiters(self, lane: str) -> list[str]:
        return [
            name
            for name, task in self.tasks.items()
            if name.startswith(lane) and name not in self.holding and not task.done()
        ]

    async def finish_all(self) -> None:
        for end in self.ends.values():
            end.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_no_more_than_the_limit_are_in_flight() -> None:
    bench = Bench(3)
    for _ in range(5):
        bench.start("other")
    await settle()
    assert len(bench.holding) == bench.budget.in_flight == 3
    assert bench.budget.waiting == 2
    await bench.finish_all()
    assert bench.budget.in_flight == bench.budget.waiting == 0


async def test_a_pause_that_comes_last_gets_the_next_place() -> None:
    bench = Bench(1)
    first = bench.start("other")
    bench.start("other")
    await settle()
    bench.start("pause")
    await settle()
    bench.ends[first].set()
    await settle()
    assert bench.admitted == ["other0", "pause2"]
    await bench.finish_all()
    assert bench.admitted == ["other0", "pause2", "other1"]


@pytest.mark.parametrize(("limit", "share"), [(1, 1), (2, 1), (3, 1), (10, 5), (100, 50)])
async def test_others_get_at_most_half_while_a_pause_is_under_way(limit: int, share: int) -> None:
    bench = Bench(limit)
    with bench.budget.reserve():
        for _ in range(limit + 1):
            bench.start("other")
        await settle()
        assert len(bench.holding) == share
    await settle()
    assert len(bench.holding) == limit, "and all of it again afterwards"
    await bench.finish_all()


async def test_a_pause_finds_the_reserved_half_free_at_once() -> None:
    bench = Bench(4)
    with bench.budget.reserve():
        for _ in range(4):
            bench.start("other")
        await settle()
        bench.start("pause")
        await settle()
        assert len(bench.holders("pause")) == 1
        await bench.finish_all()


async def test_a_place_granted_to_a_request_cancelled_in_the_same_instant_is_not_lost() -> None:
    bench = Bench(1)
    first, second = bench.start("pause"), bench.start("pause")
    third = bench.start("other")
    await settle()
    bench.tasks[first].cancel()
    await asyncio.sleep(0)  # the place is handed to the second, which has not run yet
    bench.tasks[second].cancel()
    await settle()
    assert bench.holding == {third}
    await bench.finish_all()
    assert bench.budget.in_flight == 0


async def test_a_place_that_frees_for_a_request_just_cancelled_goes_to_the_next() -> None:
    bench = Bench(1)
    first, second, third = (bench.start("other") for _ in range(3))
    await settle()
    bench.ends[first].set()
    bench.tasks[second].cancel()  # it has yet to notice when the first gives its place back
    await settle()
    assert bench.holding == {third}
    await bench.finish_all()
    assert bench.budget.in_flight == 0


async def test_a_failing_request_gives_its_place_back() -> None:
    budget = Budget(1)
    for place in (budget.pause, budget.other):
        with pytest.raises(RuntimeError, match="boom"):
            async with place():
                raise RuntimeError("boom")
    assert budget.in_flight == 0


@pytest.mark.parametrize("limit", [0, -1])
def test_a_budget_that_admits_nothing_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="give at least 1"):
        Budget(limit)


STEPS = st.sampled_from(["pause", "other", "finish", "cancel", "reserve", "unreserve", "rest"])


def fits_the_rules(bench: Bench, others_before: int, *, reserved: bool) -> None:
    """Check what must hold whenever nothing moves any more."""
    budget, limit = bench.budget, bench.budget.limit
    assert budget.in_flight == len(bench.holding) <= limit
    assert budget.waiting == len(bench.waiters("pause")) + len(bench.waiters("other"))
    if bench.waiters("pause"):
        assert budget.in_flight == limit, "a pause waits although a place is free"
    others, half = len(bench.holders("other")), max(1, limit // 2)
    if reserved:
        assert others <= max(half, others_before), "others grew beyond their half"
    if bench.waiters("other"):
        assert budget.in_flight == limit or (reserved and others >= half), "a place is free and nobody gets it"
    for lane in ("pause", "other"):
        admitted = [number(name) for name in bench.admitted if name.startswith(lane)]
        overtaken = [name for name in bench.waiters(lane) if number(name) < max(admitted, default=-1)]
        assert not overtaken, "somebody jumped the queue of a lane"


def number(name: str) -> int:
    """Tell when a request came: the name that `Bench.start` gives ends in it."""
    return int(name.removeprefix("pause").removeprefix("other"))


class Play:
    """Plays steps on a bench and checks the rules after each moment of rest."""

    def __init__(self, limit: int, random: Random) -> None:
        self.bench = Bench(limit)
        self.random = random
        self.reservations: list[AbstractContextManager[None]] = []
        self.others = 0

    async def step(self, name: str) -> None:
        await getattr(self, name)()

    async def pause(self) -> None:
        self.bench.start("pause")

    async def other(self) -> None:
        self.bench.start("other")

    async def finish(self) -> None:
        if self.bench.holding:
            self.bench.ends[self.random.choice(sorted(self.bench.holding))].set()

    async def cancel(self) -> None:
        living = [task for task in self.bench.tasks.values() if not task.done()]
        if living:
            self.random.choice(living).cancel()

    async def reserve(self) -> None:
        await settle()
        self.others = len(self.bench.holders("other"))
        self.reservations.append(self.bench.budget.reserve())
        self.reservations[-1].__enter__()

    async def unreserve(self) -> None:
        if self.reservations:
            self.reservations.pop().__exit__(None, None, None)

    async def rest(self) -> None:
        await settle()
        fits_the_rules(self.bench, self.others, reserved=bool(self.reservations))

    async def end(self) -> None:
        await self.rest()
        while self.reservations:
            await self.unreserve()
        await self.bench.finish_all()


@given(st.integers(1, 7), st.lists(STEPS, max_size=60), st.randoms(use_true_random=False))
def test_in_whatever_order_requests_come_end_and_are_cancelled_the_rules_hold(
    limit: int,
    steps: list[str],
    random: Random,
) -> None:
    async def run() -> Bench:
        play = Play(limit, random)
        for step in steps:
            await play.step(step)
        await play.end()
        return play.bench

    bench = asyncio.run(run())
    assert bench.budget.in_flight == bench.budget.waiting == 0


async def test_whoever_has_many_pauses_is_held_back_until_few_wait_for_their_place() -> None:
    bench = Bench(1)
    first, second, third = (bench.start("pause") for _ in range(3))
    await settle()
    held_back = [asyncio.create_task(bench.budget.short_line(1)) for _ in range(2)]
    await settle()
    assert [task.done() for task in held_back] == [False, False]
    bench.ends[first].set()
    await settle()
    assert bench.waiters("pause") == [third]
    assert [task.done() for task in held_back] == [True, True]
    bench.ends[second].set()
    await bench.budget.short_line(0)
    await bench.finish_all()


async def test_who_is_no_longer_held_back_holds_up_nobody_behind_it() -> None:
    bench = Bench(1)
    names = [bench.start("pause") for _ in range(2)]
    await settle()
    gone, other = (asyncio.create_task(bench.budget.short_line(0)) for _ in range(2))
    await settle()
    gone.cancel()
    bench.ends[names[0]].set()
    await settle()
    assert other.done()
    await bench.finish_all()
