"""Judgements are kept while they hold, and say nothing else than one made anew."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core import judgements as kept_module
from controller.core.campaign import OnDrift
from controller.core.decide import HORIZON, judge, judged_until
from controller.core.decision import Judgement
from controller.core.finding import FindingKind
from controller.core.hours import BLOCK
from controller.core.judgements import KEPT, Judgements, grounds
from controller.core.situation import Situation
from tests.core.build import ALWAYS, DAY, HOUR, at, calendar, claim, drift, hold, hours, incident, situation
from tests.core.chance import BASE, instants, situations

NOON = at("2026-11-23T12:00")
OPEN = calendar("open", hours=ALWAYS)


def kept_at(kept: Judgements, where: Situation, now: float) -> Judgement:
    return kept.at(where, grounds(where), now)


def edges(where: Situation) -> list[float]:
    """Where incidents and holds begin and end, with and without the lead, and until where the horizon sees them."""
    stops = [*where.incidents, *where.holds]
    ends = [edge for each in stops for edge in (each.since, each.since - where.close_early, each.until)]
    return [edge - ahead for edge in ends if math.isfinite(edge) for ahead in (0, HORIZON, HORIZON + 1)]


@settings(max_examples=150)
@given(st.lists(situations(), min_size=1, max_size=3), st.data())
def test_a_kept_judgement_is_what_one_made_anew_would_be(of: list[Situation], data: st.DataObject) -> None:
    kept = Judgements()
    block = math.ceil(BASE / BLOCK) * BLOCK
    for _ in range(8):
        where = data.draw(st.sampled_from(of))
        near = st.sampled_from([*edges(where), BASE, block]) | instants
        now = data.draw(near) + data.draw(st.sampled_from((-60, -1, -0.001, 0, 0.001, 0.5, 1, HOUR)))
        assert kept_at(kept, where, now) == judge(where, now)
        later = now + data.draw(st.sampled_from((0.001, 1, 60, HOUR, DAY)))
        assert kept_at(kept, where, later) == judge(where, later)


@settings(max_examples=100)
@given(situations(), instants)
def test_a_judgement_holds_until_it_is_said_to(where: Situation, now: int) -> None:
    judgement = judge(where, now)
    until = judged_until(where, judgement, now)
    assert now <= until
    assert until <= now + DAY or not where.campaigns
    for place in (0.0, 0.3, 0.9, 0.999999):
        later = now + place * (min(until, now + 500 * DAY) - now)
        assert judge(where, later) == judgement


@pytest.mark.parametrize(
    ("what", "where", "until"),
    [
        ("the close", situation(hours(close_early=60)), at("2026-11-23T16:59")),
        ("midnight", situation(hours(OPEN)), at("2026-11-24T00:00")),
        (
            "an incident less its lead",
            situation(hours(OPEN, close_early=60), incidents=(incident(NOON + 600),)),
            NOON + 540,
        ),
        ("the end of an incident", situation(hours(OPEN), incidents=(incident(NOON, NOON + 600),)), NOON + 600),
        ("a hold", situation(hours(OPEN, close_early=60), holds=(hold(NOON + 600),)), NOON + 600),
        ("the end of a hold", situation(hours(OPEN), holds=(hold(NOON, NOON + 600),)), NOON + 600),
        ("for ever", Situation(()), math.inf),
        (
            "what comes into sight",
            situation(hours(OPEN), incidents=(incident(NOON + HORIZON + HOUR),)),
            NOON + HOUR - 1,
        ),
        ("no time, just before", situation(hours(OPEN), incidents=(incident(NOON + HORIZON + 0.5),)), NOON),
        (
            "what would come into sight changes nothing",
            situation(
                hours(OPEN, on_drift=OnDrift.PAUSE), drift=(drift(),), incidents=(incident(NOON + HORIZON + HOUR),)
            ),
            at("2026-11-24T00:00"),
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_until_when_a_judgement_holds(what: str, where: Situation, until: float) -> None:
    assert judged_until(where, judge(where, NOON), NOON) == until, what


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When something was judged anew."""
    asked: list[float] = []

    def counting(where: Situation, now: float) -> Judgement:
        asked.append(now)
        return judge(where, now)

    monkeypatch.setattr(kept_module, "judge", counting)
    return asked


def test_a_situation_is_judged_once_between_two_changes(judged: list[float]) -> None:
    kept, where = Judgements(), situation(hours())
    close = at("2026-11-23T17:00")
    for now in (NOON, NOON + 1, close - 0.001, close, close + 1, NOON, NOON + 1):
        kept_at(kept, where, now)
    assert judged == [NOON, close, NOON]


def test_only_so_many_situations_are_remembered(judged: list[float]) -> None:
    kept, campaign_hours = Judgements(), hours(OPEN)
    many = [situation(campaign_hours, incidents=(incident(name=f"i{number}"),)) for number in range(KEPT + 1)]
    for each in many[:-1]:
        kept_at(kept, each, NOON)
    kept_at(kept, many[0], NOON)
    assert (len(judged), len(kept._kept)) == (KEPT, KEPT)
    kept_at(kept, many[-1], NOON)
    assert len(kept._kept) == 1


def test_the_grounds_leave_out_what_no_judgement_rests_on() -> None:
    east = hours(on_drift=OnDrift.REPORT)
    assert grounds(situation(east, drift=(drift(),), claim=claim(), unproven=True)) == grounds(situation(east))
    strict = hours(on_drift=OnDrift.PAUSE)
    kinds = (FindingKind.SCHEDULE_WIDER, FindingKind.SCHEDULE_NARROWER)
    apart = [situation(strict)] + [situation(strict, drift=(drift(kind, text),)) for kind in kinds for text in "ab"]
    apart += [situation(strict, incidents=(incident(),)), situation(strict, holds=(hold(),)), situation(east)]
    apart += [situation(strict, incidents=(incident(reason="another"),))]
    assert len({grounds(each) for each in apart}) == len(apart)
