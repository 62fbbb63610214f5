import math
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.core.calendar import Calendar, DayKind, SpecialDates, Window
from controller.core.campaign import Campaign, Selector
from controller.core.hours import CampaignHours, Closed
from controller.core.interval import Interval

DAY = 86_400
NO_DATES = SpecialDates({}, (), {}, ())
WEEKDAYS = (*((Window(9 * 60, 17 * 60),),) * 5, (), ())
ALWAYS = ((Window(0, 1440),),) * 7
NEVER: tuple[tuple[Window, ...], ...] = ((),) * 7


def at(text: str) -> int:
    """Read an instant, UTC unless the text says otherwise."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def calendar(name: str, zone: str, hours: tuple[tuple[Window, ...], ...] = WEEKDAYS) -> Calendar:
    return Calendar(name, ZoneInfo(zone), hours, {}, None, NO_DATES)


def campaign(*calendars: Calendar, close_early: int = 60) -> CampaignHours:
    return CampaignHours(Campaign("renewals", Selector(names=("*",)), calendars, close_early=close_early))


NEW_YORK = calendar("east", "America/New_York")
LOS_ANGELES = calendar("west", "America/Los_Angeles")
MONDAY = at("2026-06-01T09:00-04:00")


def test_several_calendars_are_open_together_where_each_of_them_is() -> None:
    hours = campaign(NEW_YORK, LOS_ANGELES)
    assert hours.hours(MONDAY).open_interval_at(at("2026-06-01T13:00-04:00")) == Interval(
        at("2026-06-01T09:00-07:00"), at("2026-06-01T17:00-04:00")
    )
    assert not hours.hours(MONDAY).is_open(MONDAY)
    assert hours.hours(MONDAY).next_change(MONDAY) == at("2026-06-01T09:00-07:00")


def test_dialing_ends_close_early_before_the_close_and_begins_with_the_opening() -> None:
    hours = campaign(NEW_YORK, close_early=120)
    close = at("2026-06-01T17:00-04:00")
    assert hours.hours(MONDAY).open_interval_at(MONDAY) == Interval(MONDAY, close)
    assert hours.dialing(MONDAY).open_interval_at(MONDAY) == Interval(MONDAY, close - 120)


def test_what_the_calendars_share_is_shortened_and_not_each_calendar() -> None:
    until_noon = calendar("mornings", "UTC", ((Window(0, 720),),) * 7)
    from_noon = calendar("late mornings", "UTC", ((Window(700, 1440),),) * 7)
    hours = campaign(until_noon, from_noon, close_early=600)
    noon = at("2026-06-01T12:00")
    assert hours.dialing(noon).open_interval_at(noon - 1200) == Interval(noon - 1200, noon - 600)


def test_windows_that_touch_at_midnight_are_not_closed_early_there() -> None:
    hours = campaign(calendar("nights", "UTC", ((Window(1320, 1440), Window(0, 120)),) * 7))
    midnight = at("2026-06-02T00:00")
    assert hours.dialing(midnight).open_interval_at(midnight - 30) == Interval(midnight - 7200, midnight + 7140)


def test_an_interval_no_longer_than_close_early_is_never_dialed() -> None:
    hours = campaign(calendar("short", "UTC", ((Window(600, 610),),) * 7), close_early=600)
    assert hours.hours(MONDAY).intervals
    assert hours.dialing(MONDAY).intervals == ()


def test_close_early_is_real_time_where_the_clock_is_changed() -> None:
    """New York's 02:00 is 07:00Z on 2026-03-08, and the hour that begins then does not exist."""
    hours = campaign(calendar("night", "America/New_York", ((Window(0, 150),),) * 7), close_early=1800)
    change = at("2026-03-08T07:00")
    assert hours.hours(change).open_interval_at(change - 60) == Interval(change - 7200, change)
    assert hours.dialing(change).open_interval_at(change - 3600) == Interval(change - 7200, change - 1800)


@given(st.floats(0, 2e9))
@example(28 * DAY - 1)
@example(28 * DAY)
def test_the_timelines_reach_from_8_days_before_now_until_400_days_after_it(now: float) -> None:
    hours = campaign(calendar("always", "UTC", ALWAYS))
    for timeline in (hours.hours(now), hours.dialing(now)):
        assert now - 36 * DAY < timeline.span.start <= now - 8 * DAY
        assert now + 400 * DAY <= timeline.span.end <= now + 428 * DAY
        assert timeline.intervals == (timeline.span,)
        assert timeline.next_change(now) is None


@pytest.mark.parametrize("close_early", [0, 60, 3 * DAY])
def test_the_end_of_what_is_compiled_is_never_taken_for_a_close(close_early: int) -> None:
    hours = campaign(calendar("always", "UTC", ALWAYS), close_early=close_early)
    assert hours.dialing(MONDAY) == hours.hours(MONDAY)


def test_a_change_further_away_than_the_horizon_is_none() -> None:
    closed = SpecialDates({date(2028, 6, 1): ()}, (), {}, ())
    of = Calendar("until 2028", ZoneInfo("UTC"), ALWAYS, {}, None, closed)
    hours = campaign(of)
    assert hours.hours(MONDAY).next_change(MONDAY) is None
    near = at("2028-05-30T00:00")
    assert hours.hours(near).next_change(near) == at("2028-06-01T00:00")


def test_the_answers_depend_on_now_alone_and_not_on_what_was_asked_before() -> None:
    asked = campaign(NEW_YORK, LOS_ANGELES)
    for weeks in (0, 9, 1, 60, 0, 2, 3, 4, 5, 60, -70):
        now = MONDAY + weeks * 7 * DAY
        fresh = campaign(NEW_YORK, LOS_ANGELES)
        assert asked.hours(now) == fresh.hours(now)
        assert asked.dialing(now) == fresh.dialing(now)


def test_what_was_compiled_is_kept_while_now_moves_on() -> None:
    hours = campaign(NEW_YORK)
    kept = hours.hours(MONDAY)
    seen = {id(hours.hours(MONDAY + day * DAY)) for day in range(100)}
    assert len(seen) <= 5
    assert hours.hours(MONDAY) == kept
    assert hours.hours(MONDAY) is hours.hours(MONDAY + 1)


def test_a_campaign_without_calendars_is_refused_instead_of_being_always_open() -> None:
    with pytest.raises(ValueError, match=r"^campaign 'renewals' has no calendar; it needs at least one$"):
        campaign()


RULED = Calendar(
    "floor",
    ZoneInfo("America/New_York"),
    WEEKDAYS,
    {date(2026, 7, 3): ("Independence Day (observed)",), date(2026, 12, 24): ("Staff holiday",)},
    range(2026, 2027),
    SpecialDates({date(2026, 12, 24): (Window(540, 720),)}, (), {}, ()),
)


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        ("2026-06-01T09:00-04:00", ()),
        ("2026-06-01T16:59:59-04:00", ()),
        ("2026-06-01T17:00-04:00", (Closed("floor", DayKind.HOURS, "Monday"),)),
        ("2026-06-07T12:00-04:00", (Closed("floor", DayKind.HOURS, "Sunday"),)),
        ("2026-07-03T12:00-04:00", (Closed("floor", DayKind.HOLIDAY, "Independence Day (observed)"),)),
        ("2026-07-04T03:59+00:00", (Closed("floor", DayKind.HOLIDAY, "Independence Day (observed)"),)),
        ("2026-12-24T11:59-05:00", ()),
        ("2026-12-24T12:00-05:00", (Closed("floor", DayKind.DATES, "2026-12-24"),)),
        ("2027-01-04T12:00-05:00", (Closed("floor", DayKind.UNKNOWN, "the holidays of 2027 are not known"),)),
    ],
)
def test_a_closed_calendar_names_the_rule_of_its_local_date(now: str, closed: tuple[Closed, ...]) -> None:
    assert campaign(RULED).closed_by(at(now)) == closed


def test_each_calendar_that_is_closed_is_named_and_no_other() -> None:
    evening = at("2026-06-01T17:30-04:00")
    assert campaign(NEW_YORK, LOS_ANGELES).closed_by(evening) == (Closed("east", DayKind.HOURS, "Monday"),)
    late = at("2026-06-01T23:30-04:00")
    never = calendar("never", "Asia/Tokyo", NEVER)
    assert campaign(NEW_YORK, never, LOS_ANGELES).closed_by(late) == (
        Closed("east", DayKind.HOURS, "Monday"),
        Closed("never", DayKind.HOURS, "Tuesday"),
        Closed("west", DayKind.HOURS, "Monday"),
    )


def test_within_close_early_no_calendar_is_named() -> None:
    hours = campaign(NEW_YORK)
    now = at("2026-06-01T16:59:30-04:00")
    assert not hours.dialing(now).is_open(now)
    assert hours.hours(now).is_open(now)
    assert hours.closed_by(now) == ()


@given(st.floats(at("2026-01-01T00:00"), at("2027-06-01T00:00")))
def test_a_calendar_is_named_exactly_when_the_hours_are_closed(now: float) -> None:
    hours = campaign(RULED, LOS_ANGELES)
    assert bool(hours.closed_by(now)) is not hours.hours(now).is_open(now)


@pytest.mark.parametrize("now", [math.nextafter(float(MONDAY), 0), MONDAY - 0.5])
def test_just_before_the_opening_is_closed_for_both(now: float) -> None:
    hours = campaign(NEW_YORK)
    assert hours.closed_by(now) == (Closed("east", DayKind.HOURS, "Monday"),)
    assert not hours.hours(now).is_open(now)


def test_what_is_compiled_for_other_times_is_not_kept_for_ever() -> None:
    hours = campaign(NEW_YORK)
    for month in range(6):
        hours.hours(MONDAY + month * 30 * DAY)
    assert len(hours._kept) == 2
    assert hours.hours(MONDAY + 150 * DAY) is hours.hours(MONDAY + 150 * DAY + 60)
