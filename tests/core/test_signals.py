"""What a notice does to the incident of its thing: as a table, and for senders over which anything happens."""

import math
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.campaign import Incident
from controller.core.controls import Closing, OpenedIncident, Signal
from controller.core.signals import (
    Answer,
    Change,
    Limits,
    Nothing,
    Notice,
    NoticeStatus,
    Open,
    Opening,
    Turn,
    answer,
    opening_for,
)

FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED
QUIET, LONGEST = 300, 14_400
LIMITS = Limits(QUIET, LONGEST)
BEGUN = 1_000_000.0
"""When the incident that is known was opened; its episode began 10 s before, by the sender's clock."""
EPISODE, LATER, EARLIER = BEGUN - 10, BEGUN + 500, BEGUN - 900


def notice(status: NoticeStatus, started: float) -> Notice:
    return Notice("k", status, started, {}, "hook/k", "k is firing")


def known(resolved: float | None = None, until: float = BEGUN + LONGEST, closed: float | None = None) -> OpenedIncident:
    incident = Incident("hook/k", "r", BEGUN, until, everything=True)
    closing = None if closed is None else Closing(closed, "somebody", "over")
    return OpenedIncident("1", incident, "webhook hook", Signal("k", EPISODE, resolved), closing)


OPEN = known()
QUIETENING = known(resolved=BEGUN + 1000, until=BEGUN + 1000 + QUIET)
RAN_OUT = known(closed=BEGUN + LONGEST)
CLOSED_BY_ANN = known(closed=BEGUN + 1000)
CLOSED_BY_ANN_IN_QUIET = replace(QUIETENING, closed=Closing(BEGUN + 1100, "ann", "over"))
ENDED = replace(QUIETENING, closed=Closing(BEGUN + 1300, "controller", "its end came"))
HELD_BY_ANN = known(until=math.inf)
HELD_THEN_CLOSED_BY_ANN = known(until=math.inf, closed=BEGUN + 1000)
LENGTHENED_IN_QUIET = known(resolved=BEGUN + 1000, until=BEGUN + 9000)
HELD_IN_QUIET = known(resolved=BEGUN + 1000, until=math.inf)
UNSIGNALLED = replace(OPEN, signal=None)
"""No notice ever spoke of it, and so none can be about it."""


def told(decided: Answer) -> str:
    """The answer in words, its end in seconds after BEGUN."""
    match decided:
        case Open(_signal, until, why):
            return f"open {until - BEGUN:g}: {why}"
        case Change(turn, _signal, until, why):
            return f"{turn} {until - BEGUN:g}: {why}"
        case Nothing(why):
            return f"nothing: {why}"


ANEW = "it is firing"
STALE = "nothing: stale: a later episode is known"
OVERTAKEN = "nothing: it was called resolved just now: taken for an earlier notice that comes late"


@pytest.mark.parametrize(
    ("incident", "said", "started", "now", "wanted"),
    [
        (None, FIRING, EPISODE, 0, f"open {LONGEST}: {ANEW}"),
        (UNSIGNALLED, FIRING, EPISODE, 5, f"open {5 + LONGEST}: {ANEW}"),
        (UNSIGNALLED, RESOLVED, EPISODE, 5, "nothing: nothing is open for it"),
        (OPEN, FIRING, EPISODE, 5, "nothing: it is open already"),
        (OPEN, FIRING, EARLIER, 5, STALE),
        (OPEN, FIRING, LATER, 600, f"open {600 + LONGEST}: {ANEW}"),
        (OPEN, RESOLVED, EPISODE, 600, f"ending {600 + QUIET}: it is resolved"),
        (OPEN, RESOLVED, LATER, 600, f"ending {600 + QUIET}: it is resolved"),
        (OPEN, RESOLVED, EARLIER, 600, STALE),
        (OPEN, RESOLVED, EPISODE, LONGEST - 1, f"ending {LONGEST - 1 + QUIET}: it is resolved"),
        (OPEN, RESOLVED, EPISODE, LONGEST, "nothing: nothing is open for it"),
        (OPEN, FIRING, EPISODE, LONGEST, "nothing: its incident is over"),
        (OPEN, FIRING, LATER, LONGEST, f"open {2 * LONGEST}: {ANEW}"),
        (HELD_BY_ANN, RESOLVED, EPISODE, 600, "ending inf: it is resolved; a person gave it a later end, which stays"),
        (HELD_BY_ANN, FIRING, LATER, 600, f"open inf: {ANEW}"),
        (QUIETENING, FIRING, EPISODE, 1060, OVERTAKEN),
        (QUIETENING, FIRING, EPISODE, 1061, f"kept {LONGEST}: it is firing again"),
        (QUIETENING, FIRING, LATER, 1001, f"open {1001 + LONGEST}: {ANEW}"),
        (QUIETENING, RESOLVED, EPISODE, 1100, "nothing: it was called resolved before"),
        (QUIETENING, RESOLVED, LATER, 1100, f"ending {1100 + QUIET}: it is resolved"),
        (QUIETENING, RESOLVED, EARLIER, 1100, STALE),
        (LENGTHENED_IN_QUIET, RESOLVED, LATER, 1100, "ending 9000: it is resolved"),
        (LENGTHENED_IN_QUIET, FIRING, EPISODE, 1100, f"kept {LONGEST}: it is firing again"),
        (HELD_IN_QUIET, FIRING, EPISODE, LONGEST - 1, "kept inf: it is firing again"),
        (HELD_IN_QUIET, FIRING, EPISODE, LONGEST, f"open inf: {ANEW}"),
        (ENDED, FIRING, EPISODE, 1400, f"open {1400 + LONGEST}: {ANEW}"),
        (ENDED, FIRING, LATER, 1400, f"open {1400 + LONGEST}: {ANEW}"),
        (ENDED, FIRING, EARLIER, 1400, STALE),
        (ENDED, RESOLVED, EPISODE, 1400, "nothing: it was called resolved before"),
        (ENDED, RESOLVED, LATER, 1400, "nothing: nothing is open for it"),
        (RAN_OUT, FIRING, EPISODE, LONGEST + 5, "nothing: its incident is over"),
        (RAN_OUT, FIRING, LATER, LONGEST + 5, f"open {2 * LONGEST + 5}: {ANEW}"),
        (CLOSED_BY_ANN, FIRING, EPISODE, 1100, "nothing: its incident is over"),
        (CLOSED_BY_ANN, FIRING, LATER, 1100, f"open {1100 + LONGEST}: {ANEW}"),
        (HELD_THEN_CLOSED_BY_ANN, FIRING, LATER, 1100, f"open {1100 + LONGEST}: {ANEW}"),
        (CLOSED_BY_ANN_IN_QUIET, FIRING, EPISODE, 2000, "nothing: a person closed it"),
        (
            known(BEGUN + LONGEST - 9, BEGUN + LONGEST + QUIET),
            FIRING,
            LATER,
            LONGEST + 5,
            f"open {2 * LONGEST + 5}: {ANEW}",
        ),
    ],
)
def test_each_notice_does_what_the_known_incident_leaves_to_do(
    incident: OpenedIncident | None, said: NoticeStatus, started: float, now: float, wanted: str
) -> None:
    decided = answer(incident, None, notice(said, started), BEGUN + now, LIMITS)
    assert told(decided) == wanted
    if isinstance(decided, Open | Change):
        assert decided.signal == Signal("k", started, None if said is FIRING else BEGUN + now)
    if isinstance(decided, Open):
        assert decided.since == BEGUN + now


def test_a_begin_that_was_moved_back_is_the_known_episode_where_it_ended_later() -> None:
    merged = replace(notice(RESOLVED, EPISODE - 15), ended=EPISODE + 90)
    decided = answer(OPEN, None, merged, BEGUN + 100, LIMITS)
    assert isinstance(decided, Change)
    assert decided.signal == Signal("k", EPISODE - 15, BEGUN + 100)
    older = replace(notice(RESOLVED, EPISODE - 15), ended=EPISODE)
    assert isinstance(answer(OPEN, None, older, BEGUN + 100, LIMITS), Nothing)


def test_without_a_begin_repeats_change_nothing_while_it_is_open_and_open_anew_after_it() -> None:
    repeat = replace(notice(FIRING, LATER), dated=False)
    assert answer(OPEN, None, repeat, BEGUN + 600, LIMITS) == Nothing("it is open already")
    assert isinstance(answer(OPEN, None, repeat, BEGUN + LONGEST, LIMITS), Open)
    assert isinstance(answer(QUIETENING, None, repeat, BEGUN + 1001, LIMITS), Open)
    over = replace(notice(RESOLVED, LATER), dated=False)
    assert answer(QUIETENING, None, over, BEGUN + 1001, LIMITS) == Nothing("it was called resolved before")
    now = BEGUN + 1400
    assert answer(ENDED, None, over, now, LIMITS) == Nothing("nothing is open for it", Signal("k", LATER, now))


def test_an_incident_begins_after_the_one_before_it_whatever_the_clock_does() -> None:
    opened = answer(CLOSED_BY_ANN, None, notice(FIRING, LATER), BEGUN - 3600, LIMITS)
    assert isinstance(opened, Open)
    assert opened.since > BEGUN


def test_without_a_quiet_time_a_resolved_closes() -> None:
    now = BEGUN + 5
    decided = answer(OPEN, None, notice(RESOLVED, EPISODE), now, Limits(0, LONGEST))
    assert decided == Change(Turn.CLOSED, Signal("k", EPISODE, now), now, "it is resolved")


@pytest.mark.parametrize("incident", [None, ENDED])
def test_a_resolved_that_overtakes_its_firing_keeps_it_from_opening_for_a_minute(
    incident: OpenedIncident | None,
) -> None:
    now = BEGUN + 2000
    first = answer(incident, None, notice(RESOLVED, LATER), now, LIMITS)
    assert isinstance(first, Nothing)
    assert first.told == Signal("k", LATER, now)
    assert isinstance(answer(incident, first.told, notice(FIRING, LATER), now + 60, LIMITS), Nothing)
    assert isinstance(answer(incident, first.told, notice(FIRING, LATER), now + 61, LIMITS), Open)
    assert isinstance(answer(incident, first.told, notice(FIRING, LATER + 1), now + 1, LIMITS), Open)


def test_the_first_entry_whose_labels_all_match_decides() -> None:
    trunk = Opening({"alertname": "CarrierDown", "trunk": "3*"}, reason="trunk 3")
    others = Opening({"alertname": "Carrier*"}, reason="another trunk")
    found = {
        "": opening_for([trunk, others], {"alertname": "CarrierDown", "trunk": "31", "more": "x"}),
        "other": opening_for([trunk, others], {"alertname": "CarrierDown", "trunk": "4"}),
        "lacking": opening_for([trunk, others], {"alertname": "CarrierDown"}),
        "none": opening_for([trunk, others], {"alertname": "carrierdown"}),
    }
    assert found == {"": trunk, "other": others, "lacking": others, "none": None}


def test_an_opening_that_says_no_more_covers_matched_jobs_alone_and_gives_the_reason_of_the_notice() -> None:
    plain = Opening({"alertname": "CarrierDown"})
    assert (plain.match, plain.everything, plain.reason) == (None, False, None)


@dataclass
class Life:
    """The incidents of one thing, as the program would keep them."""

    now: float = BEGUN
    last: OpenedIncident | None = None
    told: Signal | None = None
    ids: int = field(default=0)

    def take(self, said: Notice) -> None:
        decided = answer(self.last, self.told, said, self.now, LIMITS)
        match decided:
            case Open(signal, until):
                self.ids += 1
                incident = Incident("hook/k", "r", decided.since, until)
                self.last = OpenedIncident(str(self.ids), incident, "webhook hook", signal)
            case Change(_turn, signal, until):
                assert self.last is not None
                self.last = replace(self.last, incident=replace(self.last.incident, until=until), signal=signal)
            case Nothing(_why, told):
                self.told = told or self.told

    def open_until(self) -> float:
        return -math.inf if self.last is None else self.last.incident.until


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[tuple[float, Notice]], bool]:
    """Episodes as they are, then lost, doubled and swapped with a neighbour; the last notice of all is not lost. Each
    with its delay; whether the thing is firing at the end.
    """
    count = draw(st.integers(1, 6))
    firing = draw(st.booleans())
    sent = [notice(said, BEGUN + 10_000 * each) for each in range(count) for said in (FIRING, RESOLVED)]
    sent = sent[:-1] if firing else sent
    arriving = [each for each in sent[:-1] if draw(st.integers(0, 4)) > 0] + [sent[-1]]
    doubled = [each for one in arriving for each in [one] * draw(st.integers(1, 3))]
    gaps = [draw(st.one_of(st.floats(0, 30), st.floats(61, 2000), st.floats(LONGEST, 2 * LONGEST))) for _ in doubled]
    index = 0
    while index + 1 < len(doubled):
        if draw(st.booleans()):
            doubled[index], doubled[index + 1] = doubled[index + 1], doubled[index]
            gaps[index + 1] = draw(st.floats(0, 30))
            index += 1
        index += 1
    return list(zip(gaps, doubled, strict=True)), firing


@settings(max_examples=400, deadline=None)
@given(deliveries())
def test_whatever_happens_to_the_notices_the_end_is_right(happened: tuple[list[tuple[float, Notice]], bool]) -> None:
    arrivals, firing = happened
    life = Life()
    newest = max(said.started for _gap, said in arrivals)
    promised: float | None = None
    for gap, said in arrivals:
        life.now += gap
        life.take(said)
        if promised is not None:
            assert life.open_until() == promised
        elif said.started == newest and (said.status is FIRING) is firing:
            promised = life.open_until()
            if firing:
                assert life.last is not None
                assert promised == life.last.incident.since + LONGEST > life.now
    if firing:
        assert life.open_until() <= life.now + LONGEST + 1
    else:
        assert life.open_until() <= life.now + QUIET
    life.now += LONGEST + QUIET
    assert life.open_until() <= life.now
