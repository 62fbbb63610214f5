"""How often somebody may ask, and how long who guesses tokens waits."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from controller.web import limits as limits_module
from controller.web import refusals as refusals_module
from controller.web.gate import Limits
from controller.web.limits import Buckets, Rate
from controller.web.problems import ProblemError
from controller.web.refusals import FORGIVEN, FREE, LONGEST, TOLD_EVERY, WAITING, Refusals
from tests.runtime.stage import until
from tests.web.door import BODY, READ, WRITE, opened_door, problem_of

WRONG = "wrong-token-0123456789"
RARE = Rate(each_second=0.1, burst=2)
MUCH = Rate(each_second=1e6, burst=10**6)


class Time:
    """Goes on when a test says so; who sleeps waits for the gate, and `slept` is for how long each would have."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.gate.wait()


@pytest.fixture
def told() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def refusals(told: list[tuple[str, int]], time: Time) -> Refusals:
    return Refusals(lambda *each: told.append(each), time, time.sleep)


async def test_too_many_changes_are_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    async with opened_door(tmp_path, limits=Limits(MUCH, RARE)) as door:
        assert [await door.change(WRITE) for _ in range(3)] == [200, 200, 429]
        answer = await door.ask("POST", "/change", WRITE, json=BODY)
        assert answer.headers["Retry-After"] == "10"
        assert (await problem_of(answer))["detail"] == "too many changes; wait 10 s"
        assert await door.look() == 200
        assert len(door.changes) == 2


async def test_too_many_reads_are_refused_and_probes_are_not(tmp_path: Path) -> None:
    async with opened_door(tmp_path, limits=Limits(RARE, MUCH)) as door:
        assert [await door.look(), await door.look(None, "/nothing"), await door.look()] == [200, 404, 429]
        assert [await door.look(None, "/healthz") for _ in range(5)] == [200] * 5
        assert await door.change(WRITE) == 200


def test_who_waits_may_ask_again(time: Time) -> None:
    buckets = Buckets(Rate(each_second=2.0, burst=3), time)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") == pytest.approx(0.5)
    assert buckets.take("b") == 0, "each address has its own"
    time.now += 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, pytest.approx(0.5)]
    time.now += 3600
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)], (
        "nothing is saved up beyond the burst"
    )


def test_only_so_many_addresses_are_remembered(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "REMEMBERED", 2)
    buckets = Buckets(Rate(each_second=0.001, burst=1), time)
    for address in ("a", "b", "a", "c"):
        buckets.take(address)
    assert buckets.take("a") > 0, "it came again, so that b was the oldest"
    assert buckets.take("b") == 0
    assert len(buckets._known) == 2


async def test_the_first_slips_cost_nothing_and_each_further_one_more(refusals: Refusals, time: Time) -> None:
    for _ in range(FREE):
        await refusals.slip("a")
    assert time.slept == []
    for _ in range(8):
        await refusals.slip("a")
    assert time.slept == [0.5, 1, 2, 4, 8, 8, 8, 8]
    await refusals.slip("b")
    assert len(time.slept) == 8, "others are not slowed down"
    time.now += FORGIVEN + 1
    await refusals.slip("a")
    assert len(time.slept) == 8, "after a while it is forgotten"


async def test_who_guesses_in_parallel_is_turned_away(refusals: Refusals, time: Time) -> None:
    for _ in range(FREE):
        await refusals.slip("a")
    time.gate.clear()
    waiting = [asyncio.create_task(refusals.slip("a")) for _ in range(WAITING)]
    await until(lambda: len(time.slept) == WAITING)
    with pytest.raises(ProblemError, match="too many wrong tokens; wait 8 s") as refused:
        await refusals.slip("a")
    assert refused.value.status == 429
    time.gate.set()
    await asyncio.gather(*waiting)
    await refusals.slip("a")


async def test_only_so_many_wait_in_all(refusals: Refusals, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals_module, "ALL_WAITING", 2)
    monkeypatch.setattr(refusals_module, "FREE", 0)
    time.gate.clear()
    waiting = [asyncio.create_task(refusals.slip(address)) for address in ("a", "b")]
    await until(lambda: len(time.slept) == 2)
    with pytest.raises(ProblemError):
        await refusals.slip("c")
    time.gate.set()
    await asyncio.gather(*waiting)


async def test_only_so_many_who_slipped_are_remembered(refusals: Refusals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals_module, "REMEMBERED", 3)
    for number in range(50):
        await refusals.slip(f"address-{number}")
    assert len(refusals._clients) == 3


async def test_slips_are_told_at_once_and_then_now_and_then_with_their_number(
    refusals: Refusals, time: Time, told: list[tuple[str, int]]
) -> None:
    for _ in range(5):
        await refusals.slip("a")
    assert told == [("a", 1)]
    time.now += TOLD_EVERY
    await refusals.slip("b")
    assert told == [("a", 1), ("b", 5)]


async def test_a_right_token_never_waits_for_the_wrong_ones(tmp_path: Path, time: Time) -> None:
    async with opened_door(tmp_path, read=True) as door:
        door.gate._refusals.sleep = time.sleep
        time.gate.clear()
        assert [await door.change(WRONG) for _ in range(FREE)] == [401] * FREE
        guesses = [asyncio.create_task(door.change(WRONG)) for _ in range(WAITING)]
        await until(lambda: len(time.slept) == WAITING)
        assert await door.change(WRONG) == 429
        assert await door.change(WRITE) == 200
        assert await door.look(READ) == 200
        assert not any(guess.done() for guess in guesses)
        time.gate.set()
        assert await asyncio.gather(*guesses) == [401] * WAITING
        assert door.told == [("127.0.0.1", 1)]


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
    ],
)
def test_of_ipv6_the_network_counts(remote: Any, address: str) -> None:
    class Request:
        def __init__(self) -> None:
            self.remote = remote

    assert limits_module.client_of(Request()) == address  # type: ignore[arg-type]


def test_the_longest_wait_is_no_longer_than_a_client_waits() -> None:
    assert LONGEST < 10
