"""A provider that answers 429: all but pauses wait, in time that jumps, so that nobody waits here."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import pairwise
from typing import Any

import pytest
import stamina
import structlog

from controller.core.job import Status
from controller.vogent.api import WithdrawnError
from controller.vogent.client import VogentClient
from tests.vogent.throttled import Stage, play

LEAD = 0.2
"""By how much a pause is ahead of the others."""


def others(second: float) -> float:
    """When those that are no pauses go out, where a pause may go at that second."""
    return round(second + LEAD, 3)


@pytest.fixture(autouse=True)
def _as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.vogent.throttle.HELD_AT_MOST", 60.0 + LEAD)
    stamina.set_testing(testing=False)


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


def test_a_pause_goes_out_at_once_while_a_read_waits() -> None:
    async def scene() -> None:
        stage = Stage().refusing("GET", until=1.0)
        first = stage.start(stage.api.get_job("j"))
        second = stage.start(stage.api.get_job("j"), at=5.0)
        pause = stage.start(stage.api.pause("j"), at=5.0)
        assert (await pause).status is Status.PAUSED
        assert asyncio.get_running_loop().time() == pytest.approx(5.1)
        await asyncio.gather(first, second)
        assert stage.provider.times("POST") == [5.0]
        assert stage.provider.times("GET") == [0.0, others(60.1), others(60.1)]

    play(scene)


@pytest.mark.parametrize(
    "call",
    [lambda api: api.get_job("j"), lambda api: api.put_schedule("j", {}), lambda api: api.unpause("j")],
)
def test_whatever_is_no_pause_waits_without_a_place_and_without_being_busy(
    call: Callable[[VogentClient], Coroutine[Any, Any, Any]],
) -> None:
    async def scene() -> None:
        stage = Stage(limit=1).refusing("PUT", until=0.1, retry_after="30")
        await stage.refused()
        waiting = stage.start(call(stage.api), at=1.0)
        await asyncio.sleep(10)
        assert (stage.budget.in_flight, stage.budget.waiting) == (0, 0)
        await waiting
        assert stage.provider.seen[1][1] == others(30.1)

    assert play(scene) < 60


def test_what_queued_for_a_place_when_the_refusal_came_waits_too() -> None:
    async def scene() -> None:
        stage = Stage(limit=2).refusing("GET", until=0.05, retry_after="7")
        await asyncio.gather(*(stage.start(stage.api.get_job("j")) for _ in range(5)))
        assert stage.provider.times("GET")[:2] == [0.0, 0.0]
        assert min(stage.provider.times("GET")[2:]) == others(7.1)
        assert stage.budget.in_flight == 0

    play(scene)


def test_a_pause_obeys_its_own_retry_after_and_goes_before_those_that_wait() -> None:
    async def scene() -> None:
        stage = Stage().refusing("POST", until=1.0, retry_after="5")
        await asyncio.gather(stage.start(stage.api.pause("j")), stage.start(stage.api.get_job("j"), at=1.0))
        assert stage.provider.seen == [("POST", 0.0), ("POST", 5.1), ("GET", others(5.1))]

    play(scene)


def test_a_retry_after_of_zero_holds_nobody_back_beyond_the_head_start_of_pauses() -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=0.1, retry_after="0")
        await stage.refused()
        await stage.api.get_job("j")
        assert stage.provider.times("GET") == [others(0.1)]

    play(scene)


def test_whether_a_resume_is_still_wanted_is_asked_after_the_wait() -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=0.1, retry_after="30")
        await stage.refused()
        asked: list[float] = []

        def still_wanted() -> bool:
            asked.append(round(asyncio.get_running_loop().time(), 3))
            return False

        with pytest.raises(WithdrawnError):
            await stage.api.unpause("j", still_wanted)
        assert asked == [others(30.1)]
        assert stage.provider.times("POST") == []

    play(scene)


def test_a_provider_that_refuses_pauses_all_the_time_is_still_asked_something_else_now_and_then() -> None:
    async def scene() -> None:
        stage = Stage().refusing("POST", until=1000.0)
        pauses = [stage.start(stage.api.pause("j"), at=float(second)) for second in range(200)]
        read = stage.start(stage.api.get_job("j"), at=10.0)
        await read
        assert stage.provider.times("GET") == [others(70.0)]
        again = stage.start(stage.api.get_job("j"), at=100.0)
        await again
        assert stage.provider.times("GET")[1:] == [others(160.0)]
        await asyncio.gather(*pauses, return_exceptions=True)

    play(scene)


def test_waits_that_the_answers_do_not_name_grow_up_to_half_a_minute_and_begin_anew_afterwards() -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=1000.0, retry_after=None)
        for _ in range(8):
            await stage.refused()
        sent = stage.provider.times("PUT")
        waits = [round(after - before - 0.1 - LEAD, 3) for before, after in pairwise(sent)]
        assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
        await stage.api.get_job("j")
        await stage.refused()
        await stage.api.get_job("j")
        assert stage.provider.times("GET")[-1] == pytest.approx(stage.provider.times("PUT")[-1] + 2.1 + LEAD)

    play(scene)


def test_many_refusals_of_what_was_on_its_way_together_are_one() -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=1.0, retry_after=None)
        await asyncio.gather(*(stage.refused(at=number / 100) for number in range(9)))
        await stage.api.get_job("j")
        assert others(2.1) <= stage.provider.times("GET")[0] <= others(2.1) + LEAD

    play(scene)


@pytest.mark.parametrize("named", [("20", "5"), ("5", "20")])
def test_of_several_retry_afters_the_one_that_ends_last_counts(named: tuple[str, str]) -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", "POST", until=1.0, retry_after=named[0])
        await stage.refused()
        stage.provider.retry_after = named[1]
        await asyncio.gather(stage.start(stage.api.pause("j"), at=0.1), stage.start(stage.api.get_job("j"), at=0.3))
        assert stage.provider.times("GET") == [others(20.1 if named[0] == "20" else 20.2)]

    play(scene)


def test_a_request_that_is_cancelled_while_it_waits_leaves_nothing_behind() -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=0.1)
        await stage.refused()
        waiting = stage.start(stage.api.get_job("j"), at=1.0)
        await asyncio.sleep(2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (stage.budget.in_flight, stage.budget.waiting) == (0, 0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert stage.provider.times("GET") == []

    play(scene)


def test_it_is_said_once_when_it_begins_and_once_when_an_answer_shows_that_it_is_over(logs: list[Any]) -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=50.0, retry_after="7")
        assert not stage.api.throttled
        for _ in range(3):
            await stage.refused()
            assert stage.api.throttled
        await stage.api.pause("j")
        assert stage.api.throttled, "what did not wait shows nothing"
        await stage.api.get_job("j")
        assert not stage.api.throttled
        await stage.api.get_job("j")

    play(scene)
    assert [line for line in logs if "throttled" in line["event"]] == [
        {"event": "workspace.throttled", "log_level": "warning", "workspace": "main", "seconds": 7.0},
        {"event": "workspace.unthrottled", "log_level": "info", "workspace": "main"},
    ]


def test_a_late_answer_to_what_was_sent_before_the_refusal_does_not_end_it() -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=1.0)
        await asyncio.gather(stage.refused(), stage.start(stage.api.get_job("j"), at=0.05))
        assert stage.api.throttled

    play(scene)


@pytest.mark.parametrize(("status", "over"), [(503, True), (404, True), (401, True), (200, True), (0, False)])
def test_any_answer_but_a_429_ends_it_and_no_answer_does_not(status: int, over: bool) -> None:
    async def scene() -> None:
        stage = Stage().refusing("PUT", until=0.1, retry_after="3")
        await stage.refused()
        stage.provider.status = status
        await asyncio.gather(stage.api.get_job("j"), return_exceptions=True)
        assert stage.api.throttled is not over

    play(scene)
