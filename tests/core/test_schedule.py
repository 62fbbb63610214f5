import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.calendar import Window
from controller.core.interval import Interval
from controller.core.schedule import ProviderSchedule, UnreadableScheduleError, read_schedule
from tests.core.build import at, provider, windows

NINE = {"startTime": "09:00", "endTime": "17:00"}


def read(raw: Any) -> ProviderSchedule:
    return read_schedule(json.dumps(raw))


def week(*slots: Any, number: Any = 1, zone: Any = "America/New_York") -> dict[str, Any]:
    return {"timezone": zone, "days": [{"dayOfWeek": number, "timeSlots": list(slots)}]}


@pytest.mark.parametrize(("number", "weekday"), [(0, 6), (1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5)])
def test_the_providers_week_begins_on_sunday_and_ours_on_monday(number: int, weekday: int) -> None:
    hours = read(week(NINE, number=number)).hours
    assert [day for day in range(7) if hours[day]] == [weekday]
    assert hours[weekday] == windows("09:00-17:00")


def test_the_documented_shape_is_read_and_extra_fields_are_tolerated() -> None:
    schedule = read(
        {
            "timezone": "America/New_York",
            "disableSchedule": False,
            "days": [
                {"dayOfWeek": 1, "timeSlots": [NINE, {"startTime": "18:30", "endTime": "20:15", "id": "x"}], "x": 1},
                {"dayOfWeek": 6, "timeSlots": []},
            ],
        }
    )
    assert schedule.zone.key == "America/New_York"
    assert schedule.hours[0] == windows("09:00-17:00", "18:30-20:15")
    assert not any(schedule.hours[1:])


def test_a_day_that_comes_twice_has_the_slots_of_both() -> None:
    raw = {"timezone": "UTC", "days": [{"dayOfWeek": 1, "timeSlots": [NINE]}, *week(number=2)["days"]]}
    raw["days"].append({"dayOfWeek": 1, "timeSlots": [{"startTime": "10:00", "endTime": "18:00"}]})
    assert read(raw).hours[0] == windows("09:00-17:00", "10:00-18:00")


def test_no_days_is_a_schedule_that_never_dials() -> None:
    assert not any(read({"timezone": "UTC", "days": []}).hours)


@pytest.mark.parametrize("end", ["24:00", "00:00"])
@pytest.mark.parametrize(("start", "minute"), [("00:00", 0), ("22:00", 1320), ("23:59", 1439)])
def test_an_end_of_24_00_or_00_00_is_the_end_of_the_day(end: str, start: str, minute: int) -> None:
    assert read(week({"startTime": start, "endTime": end})).hours[0] == (Window(minute, 1440),)


def test_overlapping_and_touching_slots_dial_without_a_break() -> None:
    text = provider({1: [("09:00", "12:00"), ("11:00", "13:00"), ("13:00", "24:00")], 2: [("00:00", "01:00")]})
    monday = at("2026-11-23T00:00")
    found = read_schedule(text).intervals(Interval(monday, monday + 5 * 86_400))
    assert found == (Interval(at("2026-11-23T09:00"), at("2026-11-24T01:00")),)


def test_the_intervals_are_those_of_the_schedules_own_zone() -> None:
    text = provider({0: [("01:00", "03:00")]}, "America/New_York")
    sunday = at("2026-11-01T00:00")  # the clock goes back at 02:00: that hour is read twice
    found = read_schedule(text).intervals(Interval(sunday, sunday + 86_400))
    assert found == (Interval(at("2026-11-01T01:00-04:00"), at("2026-11-01T03:00-05:00")),)


UNREADABLE: list[tuple[Any, str, str]] = [
    (7, "schedule", "schedule says 7, which is not an object"),
    ("mon-fri", "schedule", 'schedule says "mon-fri", which is not an object'),
    ([], "schedule", "schedule says [], which is not an object"),
    (True, "schedule", "schedule says true, which is not an object"),
    ({}, "schedule.timezone", "schedule.timezone says null, which is not an IANA time zone"),
    ({"days": []}, "schedule.timezone", "schedule.timezone says null, which is not an IANA time zone"),
    ({"timezone": "UTC"}, "schedule.days", "schedule.days says null, which is not a list"),
    ({"timezone": "UTC", "days": None}, "schedule.days", "schedule.days says null, which is not a list"),
    ({"timezone": "UTC", "days": {}}, "schedule.days", "schedule.days says {}, which is not a list"),
    ({"timezone": "UTC", "days": ["mon"]}, "schedule.days[0]", 'schedule.days[0] says "mon", which is not an object'),
    (
        {"timezone": "UTC", "days": [{"timeSlots": []}]},
        "schedule.days[0].dayOfWeek",
        "schedule.days[0].dayOfWeek says null, which is not a number from 0 (Sunday) to 6",
    ),
    (
        {"timezone": "UTC", "days": [{"dayOfWeek": 1}]},
        "schedule.days[0].timeSlots",
        "schedule.days[0].timeSlots says null, which is not a list",
    ),
    (week("09:00-17:00"), "schedule.days[0].timeSlots[0]", 'timeSlots[0] says "09:00-17:00", which is not an object'),
    (week(NINE, {"endTime": "17:00"}), "schedule.days[0].timeSlots[1].startTime", "null, which is not a time as HH:MM"),
    (week({"startTime": "09:00"}), "schedule.days[0].timeSlots[0].endTime", "null, which is not a time as HH:MM"),
]


@pytest.mark.parametrize(("raw", "field", "message"), UNREADABLE)
def test_a_wrong_shape_is_unreadable_with_its_place(raw: Any, field: str, message: str) -> None:
    with pytest.raises(UnreadableScheduleError) as caught:
        read(raw)
    assert caught.value.field == field
    assert message in str(caught.value)


@pytest.mark.parametrize("number", [7, -1, True, False, "1", 1.0, None, [], "MONDAY"])
def test_any_other_day_of_week_is_unreadable(number: Any) -> None:
    with pytest.raises(UnreadableScheduleError) as caught:
        read({"timezone": "UTC", "days": [*week(NINE)["days"], *week(NINE, number=number)["days"]]})
    assert caught.value.field == "schedule.days[1].dayOfWeek"
    assert caught.value.says == number
    assert caught.value.want == "a number from 0 (Sunday) to 6"


NO_TIMES = ["9:00", "09:0", "0900", "09:60", "25:00", "09:00:00", "09.00", " 09:00", "09:00\n", "", "9am", "-1:00"]
ARABIC_DIGITS = "\u0660\u0669:\u0660\u0660"


@pytest.mark.parametrize("text", [*NO_TIMES, ARABIC_DIGITS, None, 9, 900, True, ["09:00"]])
def test_any_other_time_is_unreadable(text: Any) -> None:
    for key, slot in (
        ("startTime", {"startTime": text, "endTime": "17:00"}),
        ("endTime", {"startTime": "09:00", "endTime": text}),
    ):
        with pytest.raises(UnreadableScheduleError) as caught:
            read(week(NINE, slot))
        assert caught.value.field == f"schedule.days[0].timeSlots[1].{key}"
        assert caught.value.says == text
        assert caught.value.want == "a time as HH:MM"


def test_24_00_is_no_start() -> None:
    with pytest.raises(UnreadableScheduleError) as caught:
        read(week({"startTime": "24:00", "endTime": "24:00"}))
    assert (caught.value.field, caught.value.says) == ("schedule.days[0].timeSlots[0].startTime", "24:00")


@pytest.mark.parametrize(
    ("start", "end"), [("22:00", "02:00"), ("09:00", "09:00"), ("17:00", "09:00"), ("00:02", "00:01")]
)
def test_a_slot_that_does_not_end_after_its_start_is_unreadable_and_no_guess_at_a_night(start: str, end: str) -> None:
    with pytest.raises(UnreadableScheduleError) as caught:
        read(week({"startTime": start, "endTime": end}))
    assert caught.value.field == "schedule.days[0].timeSlots[0].endTime"
    assert str(caught.value).endswith(f'.endTime says "{end}", which is not after the start {start}')


NO_ZONES = [
    *("Mars/Olympus", "", ".", "..", "../etc", "../../etc/localtime", "/etc/localtime", "America", "america/new_york"),
    *("America/New_York/", "America//New_York", "./UTC", " UTC", "UTC\n", "UTC\0", "+05:00", "GMT+5h", "zone.tab"),
    *("tzdata.zi", "__init__.py", "America/__init__.py", "America.Argentina/Salta", "\ud800", "Ü"),
]


@pytest.mark.parametrize(
    "zone", [*NO_ZONES, "a" * 200, "a" * 5000, "a/" * 3000 + "b", None, 5, True, ["UTC"], {"UTC": 1}]
)
def test_a_zone_that_is_no_iana_name_is_unreadable(zone: Any) -> None:
    with pytest.raises(UnreadableScheduleError) as caught:
        read(week(NINE, zone=zone))
    assert caught.value.field == "schedule.timezone"
    assert caught.value.says == zone
    assert caught.value.want == "an IANA time zone"
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    "zone", ["UTC", "EST5EDT", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "America/Port-au-Prince"]
)
def test_every_shape_of_iana_name_is_read(zone: str) -> None:
    assert read(week(NINE, zone=zone)).zone.key == zone


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("days", "timezone", "dayOfWeek", "timeSlots", "startTime", "endTime")), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values | st.builds(week, json_values, number=json_values, zone=json_values | st.just("UTC")))
def test_whatever_json_comes_is_read_or_unreadable_and_nothing_else(raw: Any) -> None:
    try:
        schedule = read(raw)
    except UnreadableScheduleError:
        return
    assert len(schedule.hours) == 7
    assert all(0 <= window.start < window.end <= 1440 for day in schedule.hours for window in day)


def test_a_week_has_seven_days_and_what_stands_there_is_told_in_sixty_characters() -> None:
    assert len(read(week(NINE)).hours) == 7
    with pytest.raises(UnreadableScheduleError) as caught:
        read(week(NINE, zone="a" * 500))
    assert str(caught.value) == f'schedule.timezone says "{"a" * 59}, which is not an IANA time zone'
