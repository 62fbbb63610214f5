from collections.abc import Callable
from datetime import date
from itertools import chain, combinations
from typing import Any

import pytest

from controller.core.calendar import Calendar
from controller.core.campaign import OnDrift
from controller.core.decide import decide, judge, verdicts
from controller.core.decision import Desired, Reason
from controller.core.finding import FindingKind
from controller.core.hours import CampaignHours
from controller.core.job import Status
from controller.core.situation import Situation
from tests.core.build import (
    ALWAYS,
    DAY,
    HOUR,
    NEVER,
    at,
    calendar,
    drift,
    every_day,
    hold,
    hours,
    incident,
    job,
    situation,
    windows,
)

NOON = at("2026-11-23T12:00")
TODAY = date(2026, 11, 23)

ALWAYS_OPEN = calendar("always", hours=ALWAYS)
CLOSED_BY: dict[Reason, Calendar] = {
    Reason.SPECIAL_DATE: calendar("dated", hours=ALWAYS, dates={TODAY: windows("13:00-14:00")}),
    Reason.HOLIDAY: calendar("feast", hours=ALWAYS, holidays={TODAY: ("Labor Thanksgiving Day",)}),
    Reason.OUTSIDE_HOURS: calendar("shut", hours=NEVER),
}
SAYS = {
    Reason.INCIDENT: "one-way: one-way audio",
    Reason.HOLD: "ada: wrong list",
    Reason.SPECIAL_DATE: "dated: closed by the dates entry 2026-11-23",
    Reason.HOLIDAY: "feast: Labor Thanksgiving Day",
    Reason.OUTSIDE_HOURS: "shut: no window is open",
    Reason.SCHEDULE_DRIFT: "schedule_wider: too wide",
}
PAUSING = tuple(SAYS)
SUBSETS = tuple(chain.from_iterable(combinations(PAUSING, size) for size in range(len(PAUSING) + 1)))


def in_one_campaign(*calendars: Calendar, **policy: Any) -> tuple[CampaignHours, ...]:
    return (hours(*calendars, **policy),)


def in_a_campaign_each(*calendars: Calendar, **policy: Any) -> tuple[CampaignHours, ...]:
    return tuple(hours(each, name=each.name, **policy) for each in calendars)


def where(reasons: tuple[Reason, ...], spread: Callable[..., tuple[CampaignHours, ...]]) -> Situation:
    closed = [CLOSED_BY[reason] for reason in reasons if reason in CLOSED_BY]
    return situation(
        *spread(ALWAYS_OPEN, *closed, on_drift=OnDrift.PAUSE),
        incidents=(incident(),) if Reason.INCIDENT in reasons else (),
        holds=(hold(),) if Reason.HOLD in reasons else (),
        drift=(drift(),) if Reason.SCHEDULE_DRIFT in reasons else (),
    )


@pytest.mark.parametrize("spread", [in_one_campaign, in_a_campaign_each])
@pytest.mark.parametrize("reasons", SUBSETS, ids="+".join)
def test_the_first_row_that_applies_gives_the_reason_and_the_detail_names_the_others(
    reasons: tuple[Reason, ...], spread: Callable[..., tuple[CampaignHours, ...]]
) -> None:
    judgement = judge(where(reasons, spread), NOON)
    if not reasons:
        assert (judgement.desired, judgement.reason, judgement.detail) == (Desired.DIAL, Reason.OPEN, "")
        return
    first, *behind = reasons
    assert (judgement.desired, judgement.reason) == (Desired.PAUSE, first)
    assert judgement.detail == "; ".join([SAYS[first], *(f"also {reason} ({SAYS[reason]})" for reason in behind)])


@pytest.mark.parametrize("reasons", SUBSETS, ids="+".join)
def test_the_verdicts_name_exactly_the_rows_that_apply(reasons: tuple[Reason, ...]) -> None:
    rows = verdicts(job(), where(reasons, in_one_campaign), NOON)
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6, 7, 9, 10]
    assert {row.reason: row.detail for row in rows if row.applies} == (
        {reason: SAYS[reason] for reason in reasons} or {Reason.OPEN: "every matching campaign is open"}
    )
    assert all(row.detail == "" for row in rows if not row.applies)


@pytest.mark.parametrize("reasons", SUBSETS, ids="+".join)
@pytest.mark.parametrize("status", [Status.COMPLETE, Status.CANCELLED])
def test_a_finished_job_is_left_alone_whatever_else_applies(reasons: tuple[Reason, ...], status: Status) -> None:
    decision = decide(job(status), where(reasons, in_one_campaign), NOON)
    assert (decision.desired, decision.reason, decision.until) == (Desired.LEAVE, Reason.FINISHED, None)


def test_the_verdict_on_a_finished_job_says_its_status() -> None:
    first, *others = verdicts(job(Status.CANCELLED), where((), in_one_campaign), NOON)
    assert (first.applies, first.detail) == (True, "the status is CANCELLED")
    assert not any(row.applies for row in others)


@pytest.mark.parametrize(
    ("reasons", "desired", "reason", "detail"),
    [
        ((), Desired.LEAVE, Reason.UNMATCHED, "no campaign matches this job"),
        ((Reason.INCIDENT,), Desired.PAUSE, Reason.INCIDENT, SAYS[Reason.INCIDENT]),
        ((Reason.HOLD,), Desired.PAUSE, Reason.HOLD, SAYS[Reason.HOLD]),
        (
            (Reason.INCIDENT, Reason.HOLD),
            Desired.PAUSE,
            Reason.INCIDENT,
            "one-way: one-way audio; also hold (ada: wrong list)",
        ),
    ],
)
def test_an_unmatched_job_is_paused_by_incidents_and_holds_and_otherwise_left(
    reasons: tuple[Reason, ...], desired: Desired, reason: Reason, detail: str
) -> None:
    bare = Situation(
        (),
        incidents=(incident(everything=True),) if Reason.INCIDENT in reasons else (),
        holds=(hold(),) if Reason.HOLD in reasons else (),
        drift=(drift(),),
    )
    judgement = judge(bare, NOON)
    assert (judgement.desired, judgement.reason, judgement.detail) == (desired, reason, detail)
    rows = verdicts(job(), bare, NOON)
    assert [row.reason for row in rows if row.applies] == [*reasons, Reason.UNMATCHED]


def test_several_things_of_one_row_are_all_named() -> None:
    both = situation(
        hours(calendar("a", hours=NEVER), calendar("b", hours=NEVER)),
        incidents=(incident(name="one", reason="r1"), incident(name="two", reason="r2")),
        holds=(hold(), hold(author="grace", reason="asked to")),
    )
    assert judge(both, NOON).detail == (
        "one: r1; two: r2; also hold (ada: wrong list; grace: asked to); "
        "also outside_hours (a: no window is open; b: no window is open)"
    )


def test_a_calendar_that_two_campaigns_share_is_named_once() -> None:
    shut = calendar("shut", hours=NEVER)
    assert judge(situation(hours(shut, name="a"), hours(shut, name="b")), NOON).detail == "shut: no window is open"


def test_one_closed_campaign_is_enough_to_pause() -> None:
    judgement = judge(situation(hours(ALWAYS_OPEN), hours(CLOSED_BY[Reason.OUTSIDE_HOURS])), NOON)
    assert (judgement.desired, judgement.reason) == (Desired.PAUSE, Reason.OUTSIDE_HOURS)


@pytest.mark.parametrize(
    ("instant", "desired"),
    [
        ("2026-11-23T12:59", Desired.PAUSE),
        ("2026-11-23T13:00", Desired.DIAL),
        ("2026-11-23T13:59", Desired.DIAL),
        ("2026-11-23T14:00", Desired.PAUSE),
    ],
)
def test_a_dates_entry_with_windows_is_open_in_them_even_on_a_holiday(instant: str, desired: Desired) -> None:
    both = calendar(hours=ALWAYS, holidays={TODAY: ("A",)}, dates={TODAY: windows("13:00-14:00")})
    judgement = judge(situation(hours(both)), at(instant))
    assert judgement.desired is desired
    assert judgement.reason is (Reason.OPEN if desired is Desired.DIAL else Reason.SPECIAL_DATE)


def test_the_last_moments_of_a_dates_entry_are_outside_hours() -> None:
    dated = hours(CLOSED_BY[Reason.SPECIAL_DATE], close_early=120)
    judgement = judge(situation(dated), at("2026-11-23T13:58"))
    assert (judgement.reason, judgement.detail) == (Reason.OUTSIDE_HOURS, "renewals: within 120 s of its close")


def test_a_year_whose_holidays_are_not_known_is_closed_as_a_holiday() -> None:
    unknown = calendar(hours=ALWAYS, years=range(2020, 2026))
    judgement = judge(situation(hours(unknown)), NOON)
    assert (judgement.desired, judgement.reason) == (Desired.PAUSE, Reason.HOLIDAY)
    assert judgement.detail == "floor: the holidays of 2026 are not known"


@pytest.mark.parametrize(
    ("calendar_of_the_night", "reason"),
    [
        (calendar(hours=every_day("22:00-02:00"), holidays={TODAY: ("A",)}), Reason.HOLIDAY),
        (calendar(hours=every_day("22:00-02:00"), dates={TODAY: ()}), Reason.SPECIAL_DATE),
        (calendar(hours=every_day("22:00-02:00")), Reason.OPEN),
    ],
)
def test_what_cuts_the_tail_of_last_nights_window_gives_the_reason(
    calendar_of_the_night: Calendar, reason: Reason
) -> None:
    assert judge(situation(hours(calendar_of_the_night)), at("2026-11-23T01:00")).reason is reason


@pytest.mark.parametrize(
    ("instant", "reason", "detail"),
    [
        ("2026-11-23T16:57:59", Reason.OPEN, ""),
        ("2026-11-23T16:58:00", Reason.OUTSIDE_HOURS, "renewals: within 120 s of its close"),
        ("2026-11-23T16:59:59", Reason.OUTSIDE_HOURS, "renewals: within 120 s of its close"),
        ("2026-11-23T17:00:00", Reason.OUTSIDE_HOURS, "floor: no window is open"),
    ],
)
def test_the_pause_comes_close_early_before_the_close(instant: str, reason: Reason, detail: str) -> None:
    judgement = judge(situation(hours(close_early=120)), at(instant))
    assert (judgement.reason, judgement.detail) == (reason, detail)


def test_close_early_counts_for_each_campaigns_own_hours() -> None:
    until_five = hours(name="day", close_early=60)
    until_six = hours(calendar("late", hours=every_day("09:00-18:00")), name="late", close_early=2 * HOUR)
    both = situation(until_five, until_six)
    assert judge(both, at("2026-11-23T15:59")).reason is Reason.OPEN
    assert judge(both, at("2026-11-23T16:00")).detail == "late: within 7200 s of its close"
    assert judge(both, at("2026-11-23T16:59:30")).detail == (
        "day: within 60 s of its close; late: within 7200 s of its close"
    )


@pytest.mark.parametrize(
    ("offset", "covered"),
    [(-301, False), (-300, True), (0, True), (HOUR - 1, True), (HOUR, False)],
)
def test_an_incident_holds_from_the_greatest_close_early_before_its_begin_to_before_its_end(
    offset: int, covered: bool
) -> None:
    known = situation(
        hours(ALWAYS_OPEN, close_early=60),
        hours(ALWAYS_OPEN, close_early=300),
        incidents=(incident(NOON, NOON + HOUR),),
    )
    assert judge(known, NOON + offset).reason is (Reason.INCIDENT if covered else Reason.OPEN)


@pytest.mark.parametrize(("offset", "covered"), [(-61, False), (-60, True), (0, True), (DAY * 300, True)])
def test_an_incident_on_an_unmatched_job_has_the_default_lead_and_may_have_no_end(offset: int, covered: bool) -> None:
    bare = Situation((), incidents=(incident(NOON, everything=True),))
    assert judge(bare, NOON + offset).reason is (Reason.INCIDENT if covered else Reason.UNMATCHED)


@pytest.mark.parametrize(("offset", "held"), [(-1, False), (0, True), (HOUR - 1, True), (HOUR, False)])
def test_a_hold_holds_from_its_begin_to_before_its_end_without_any_lead(offset: int, held: bool) -> None:
    on_it = situation(hours(ALWAYS_OPEN, close_early=300), holds=(hold(NOON, NOON + HOUR),))
    assert judge(on_it, NOON + offset).reason is (Reason.HOLD if held else Reason.OPEN)


DANGEROUS = {FindingKind.SCHEDULE_MISSING, FindingKind.SCHEDULE_WIDER, FindingKind.SCHEDULE_UNREADABLE}


@pytest.mark.parametrize("kind", FindingKind)
def test_only_drift_that_lets_the_provider_dial_too_much_pauses(kind: FindingKind) -> None:
    judgement = judge(situation(hours(ALWAYS_OPEN, on_drift=OnDrift.PAUSE), drift=(drift(kind, "so"),)), NOON)
    if kind in DANGEROUS:
        assert (judgement.desired, judgement.reason) == (Desired.PAUSE, Reason.SCHEDULE_DRIFT)
        assert judgement.detail == f"{kind}: so"
    else:
        assert judgement.desired is Desired.DIAL


@pytest.mark.parametrize(
    ("policies", "paused"),
    [
        ((OnDrift.REPORT,), False),
        ((OnDrift.REPAIR,), False),
        ((OnDrift.REPAIR, OnDrift.REPORT), False),
        ((OnDrift.REPORT, OnDrift.PAUSE), True),
        ((OnDrift.PAUSE, OnDrift.REPAIR), True),
    ],
)
def test_drift_pauses_if_any_campaign_wants_it(policies: tuple[OnDrift, ...], paused: bool) -> None:
    campaigns = (hours(ALWAYS_OPEN, on_drift=policy) for policy in policies)
    judgement = judge(situation(*campaigns, drift=(drift(),)), NOON)
    assert judgement.desired is (Desired.PAUSE if paused else Desired.DIAL)


def test_the_verdict_of_a_row_names_everything_for_which_it_applies() -> None:
    two = (hold(), hold(author="grace", reason="asked to"))
    found = verdicts(job(), situation(hours(calendar(hours=ALWAYS)), holds=two), at("2026-11-23T12:00"))
    assert [verdict.detail for verdict in found if verdict.applies] == ["ada: wrong list; grace: asked to"]
