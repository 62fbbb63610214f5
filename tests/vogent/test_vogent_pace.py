"""How many requests may be in flight, by how the provider bears them."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from controller.vogent.budget import Budget
from controller.vogent.errors import ContractError, ErrorReason, Throttled, Unavailable
from controller.vogent.pace import Pace
from controller.vogent.refusal import Kind
from tests.vogent.throttled import Stage, play

REFUSED = Throttled("refused", retry_after=None)
NO_ANSWER = Unavailable(ErrorReason.TIMEOUT, "no answer")
UNREADABLE = ContractError(ErrorReason.CONTRACT, "not a job", status=200)


class Requests:
    """One after the other, each at its second and of its kind, before a provider that takes so long for it."""

    def __init__(self, limit: int = 50) -> None:
        self.now = 0.0
        self.budget = Budget(limit)
        self.pace = Pace("main", self.budget, lambda: self.now)

    def end(self, error: Exception | None = None, seconds: float = 0.05, kind: Kind = Kind.WRITE) -> None:
        sent_at = self.now
        self.now += seconds
        self.pace.learn(kind, sent_at, error)

    def good(self, count: int, seconds: float = 0.05) -> None:
        for _ in range(count):
            self.end(seconds=seconds)

    @property
    def limit(self) -> int:
        return self.budget.limit


def test_a_refusal_halves_what_may_be_in_flight_and_never_below_a_fifth() -> None:
    requests = Requests()
    found = []
    for _ in range(4):
        requests.end(REFUSED)
        found.append(requests.limit)
    assert found == [25, 12, 10, 10]


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_of_a_few_places_one_is_left(limit: int) -> None:
    requests = Requests(limit)
    for _ in range(5):
        requests.end(REFUSED)
    assert requests.limit == 1
    requests.good(100)
    assert requests.limit == limit


def test_refusals_of_what_was_on_its_way_before_the_first_one_came_count_once() -> None:
    requests = Requests()
    requests.now = 1.0
    for sent_at in (0.9, 0.91, 0.99):
        requests.pace.learn(Kind.WRITE, sent_at, REFUSED)
    assert requests.limit == 25
    requests.pace.learn(Kind.WRITE, 1.0, REFUSED)
    assert requests.limit == 12


def test_each_round_of_good_answers_allows_one_more_up_to_what_was_given() -> None:
    requests = Requests()
    requests.end(REFUSED)
    requests.good(24)
    assert requests.limit == 25
    requests.good(1)
    assert requests.limit == 26
    requests.good(2000)
    assert requests.limit == 50


def test_what_is_no_good_answer_allows_no_more() -> None:
    requests = Requests()
    requests.end(REFUSED)
    for _ in range(100):
        requests.end(UNREADABLE)
        requests.end(NO_ANSWER)
    assert requests.limit == 25


def test_a_refusal_begins_the_round_anew() -> None:
    requests = Requests()
    requests.end(REFUSED)
    requests.good(24)
    requests.end(REFUSED)
    requests.good(11)
    assert requests.limit == 12
    requests.good(1)
    assert requests.limit == 13


def test_answers_that_come_ever_later_halve_it_too() -> None:
    requests = Requests()
    requests.good(100)
    requests.good(30, seconds=2.0)
    assert 10 <= requests.limit < 50


def test_answers_that_always_come_late_are_usual_in_the_end() -> None:
    requests = Requests()
    requests.good(100)
    requests.good(2000, seconds=2.0)
    assert requests.limit == 50


@pytest.mark.parametrize("seconds", [0.14, 0.5])
def test_a_little_later_is_no_reason(seconds: float) -> None:
    requests = Requests()
    requests.good(100)
    requests.good(500, seconds=seconds)
    assert requests.limit == 50


def test_pages_that_take_longer_than_changes_are_no_rise() -> None:
    requests = Requests()
    for _ in range(200):
        requests.end(kind=Kind.WRITE, seconds=0.05)
        requests.end(kind=Kind.PAGE, seconds=3.0)
    assert requests.limit == 50


def test_requests_without_any_answer_lower_nothing() -> None:
    requests = Requests()
    for _ in range(50):
        requests.end(NO_ANSWER, seconds=10.0)
    assert requests.limit == 50


@given(
    st.integers(1, 60),
    st.lists(
        st.tuples(st.sampled_from([None, REFUSED, NO_ANSWER, UNREADABLE]), st.floats(0, 60), st.sampled_from(Kind)),
        max_size=200,
    ),
)
def test_it_stays_between_a_fifth_and_all(limit: int, ends: list[tuple[Exception | None, float, Kind]]) -> None:
    requests = Requests(limit)
    for error, seconds, kind in ends:
        requests.end(error, seconds, kind)
        assert max(1, limit // 5) <= requests.limit <= limit


def test_it_is_told_when_it_is_lowered_and_when_all_of_it_is_back() -> None:
    requests = Requests(4)
    with capture_logs() as logs:
        requests.end(REFUSED)
        requests.good(20)
    assert logs == [
        {"event": "workspace.narrowed", "log_level": "info", "workspace": "main", "limit": 2, "because": "refused"},
        {"event": "workspace.widened", "log_level": "info", "workspace": "main", "limit": 4},
    ]


def test_a_client_that_is_refused_sends_fewer_at_once_and_its_pauses_first() -> None:
    async def scene() -> None:
        stage = Stage(limit=10).refusing("PUT", until=0.1, retry_after="0")
        await stage.refused()
        assert stage.budget.limit == 5
        pauses = [stage.start(stage.api.pause("j"), at=1.0) for _ in range(10)]
        await asyncio.gather(*pauses)
        assert stage.provider.times("POST") == [1.0] * 5 + [1.1] * 5
        assert stage.budget.limit == 6

    play(scene)
