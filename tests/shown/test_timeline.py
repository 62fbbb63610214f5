import re
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from controller.core.calendar import Calendar, Windows
from controller.core.campaign import Incident, Selector
from controller.core.interval import Interval
from controller.core.rulebook import Rulebook
from controller.shown.local_day import local_days
from controller.shown.week import Week, week_of
from tests.core.build import (
    at,
    calendar,
    campaign,
    every_day,
    incident,
    job,
    provider,
    rules,
    weekdays,
    windows,
)
from tests.shown.drawing import SVG, Drawing, drawn

NEW_YORK = "America/New_York"
TUESDAY = "2026-11-24T14:05-05:00"
WORKDAYS = weekdays("09:00-12:30", "13:30-17:00")
EIGHT = [("09:00", "12:29"), ("13:30", "16:59")]


def floor(zone: str = NEW_YORK, hours: tuple[Windows, ...] = WORKDAYS, **more: Any) -> Calendar:
    return calendar("us-floor", zone, hours, **more)


def test_a_week_has_a_strip_a_day_from_today_on_with_its_open_hours() -> None:
    week = drawn(floor(), TUESDAY)
    assert [week.words(day) for day in range(7)] == [
        "Tue 24 Nov now 14:05 09:00-12:29 13:30-16:59",
        "Wed 25 Nov 09:00-12:29 13:30-16:59",
        "Thu 26 Nov 09:00-12:29 13:30-16:59",
        "Fri 27 Nov 09:00-12:29 13:30-16:59",
        "Sat 28 Nov closed",
        "Sun 29 Nov closed",
        "Mon 30 Nov 09:00-12:29 13:30-16:59",
    ]
    assert [week.boxes(day, "open") for day in range(7)] == [EIGHT, EIGHT, EIGHT, EIGHT, [], [], EIGHT]
    assert week.boxes(4, "closed") == [("00:00", "24:00")]


def test_now_is_marked_where_it_is_and_what_is_past_is_veiled() -> None:
    week = drawn(floor(), TUESDAY)
    assert week.now() == [(0, "14:05")]
    assert week.boxes(0, "past") == [("00:00", "14:05")]
    assert not week.boxes(1, "past")


@pytest.mark.parametrize("now", ["2026-11-24T00:00-05:00", "2026-11-24T23:59-05:00"])
def test_the_day_that_now_is_in_is_the_first_from_its_first_minute_to_its_last(now: str) -> None:
    week = drawn(floor(), now)
    assert week.now() == [(0, now[11:16])]
    assert week.words(0).startswith("Tue 24 Nov")


def test_a_holiday_and_a_special_date_are_named_on_their_strip_and_above_it() -> None:
    feasts = {date(2026, 11, 26): ("Thanksgiving Day",)}
    week = drawn(floor(holidays=feasts, dates={date(2026, 11, 27): windows("10:00-12:00")}), TUESDAY)
    assert week.words(2) == "Thu 26 Nov Holiday (us-floor: Thanksgiving Day)"
    assert (week.boxes(2, "holiday"), week.labels(2)) == ([("00:00", "24:00")], ["Thanksgiving Day"])
    assert week.boxes(3, "open") == [("10:00", "11:59")]
    assert week.words(3).startswith("Fri 27 Nov 10:00-11:59; Special date (us-floor: closed by the dates entry")


def test_an_incident_across_midnight_stands_on_both_days_once_by_its_name() -> None:
    storm = incident(
        at("2026-11-27T15:00-05:00"), at("2026-11-28T02:00-05:00"), name="storm", reason="agents sent home"
    )
    week = drawn(floor(), TUESDAY, [storm])
    assert week.words(3) == "Fri 27 Nov 09:00-12:29 13:30-14:59; Incident (storm: agents sent home)"
    assert week.boxes(3, "incident") == [("14:59", "24:00")], "an incident that is known closes early"
    assert week.labels(3) == ["storm: agents sent home"]
    assert week.words(4) == "Sat 28 Nov Incident (storm: agents sent home)"
    assert week.boxes(4, "incident") == [("00:00", "02:00")]
    assert week.boxes(4, "closed") == [("02:00", "24:00")]


def test_an_incident_without_an_end_reaches_the_end_of_the_week() -> None:
    week = drawn(floor(), TUESDAY, [incident(at("2026-11-29T12:00-05:00"))])
    assert [week.boxes(day, "incident") for day in (5, 6)] == [[("11:59", "24:00")], [("00:00", "24:00")]]


def test_an_incident_of_some_jobs_leaves_the_hours_and_is_named() -> None:
    some = incident(at("2026-11-25T10:00-05:00"), at("2026-11-25T11:00-05:00"), match=Selector(ids=("job-1",)))
    week = drawn(floor(), TUESDAY, [some], [None, None])
    assert week.boxes(1, "open") == EIGHT
    assert week.boxes(1, "partial") == [("10:00", "11:00")]
    assert week.words(1).endswith("; some jobs: Incident (one-way: one-way audio)")


@pytest.mark.parametrize("match", [Selector(ids=("job-9",)), Selector(campaigns=("another",))])
def test_an_incident_that_covers_none_of_the_jobs_is_not_shown(match: Selector) -> None:
    others = incident(at("2026-11-25T10:00-05:00"), at("2026-11-25T11:00-05:00"), match=match)
    week = drawn(floor(), TUESDAY, [others], [None, None])
    assert week.boxes(1, "partial") == []
    assert week.words(1) == "Wed 25 Nov 09:00-12:29 13:30-16:59"


def test_on_the_day_of_25_hours_the_hour_that_comes_twice_has_two_halves() -> None:
    week = drawn(floor(hours=every_day("00:30-01:30", "09:00-17:00")), "2026-10-31T09:30-04:00")
    assert week.boxes(1, "open") == [
        ("00:30", "01:00"),
        ("01:00", "01:29^"),
        ("01:00", "01:29_"),
        ("09:00", "16:59"),
    ]
    assert week.words(1).endswith("clocks go back 60 min")
    assert week.lines[1].startswith("Sun 1 Nov, 25 hours: ")
    assert week.boxes(2, "open") == [("00:30", "01:29"), ("09:00", "16:59")]


def test_now_is_marked_in_the_half_it_is_in() -> None:
    first, second = (drawn(floor(), f"2026-11-01T01:15{offset}") for offset in ("-04:00", "-05:00"))
    assert first.now() == second.now() == [(0, "01:15")]
    assert first.boxes(0, "past") == [("00:00", "01:00"), ("01:00", "01:15^")]
    assert second.boxes(0, "past") == [("00:00", "01:00"), ("01:00", "02:00^"), ("01:00", "01:15_")]


def test_on_the_day_of_23_hours_the_skipped_hour_is_shown_as_such() -> None:
    week = drawn(floor(hours=every_day("01:30-03:30")), "2027-03-13T09:30-05:00")
    assert week.boxes(1, "open") == [("01:30", "02:00"), ("03:00", "03:29")]
    assert week.boxes(1, "skipped") == [("02:00", "03:00")]
    assert week.lines[1].startswith("Sun 14 Mar, 23 hours: 01:30-03:29; clocks go forward 60 min")
    assert not week.boxes(0, "skipped")


@pytest.mark.parametrize(
    ("zone", "now"),
    [("Asia/Kolkata", "2026-11-24T14:05+05:30"), ("Asia/Kathmandu", "2026-11-24T14:05+05:45")],
)
def test_a_zone_that_is_ahead_by_odd_minutes_has_its_own_midnights(zone: str, now: str) -> None:
    week = drawn(floor(zone), now)
    assert week.now() == [(0, "14:05")]
    assert week.boxes(1, "open") == EIGHT
    assert f"{zone} time" in week.text


def test_a_clock_that_moves_by_half_an_hour_moves_by_half_an_hour() -> None:
    week = drawn(floor("Australia/Lord_Howe", every_day("01:30-03:30")), "2026-10-03T12:00+10:30")
    assert week.boxes(1, "skipped") == [("02:00", "02:30")]
    assert week.lines[1].startswith("Sun 4 Oct, 23.5 hours: ")


def test_a_day_that_begins_after_a_skipped_midnight_is_drawn_from_there() -> None:
    week = drawn(floor("Africa/Cairo", every_day("00:00-02:00")), "2026-04-23T12:00+02:00")
    assert week.boxes(1, "skipped") == [("00:00", "01:00")]
    assert week.boxes(1, "open") == [("01:00", "01:59")]


@pytest.mark.parametrize(
    ("zone", "now"),
    [(NEW_YORK, "2026-10-30T09:00Z"), (NEW_YORK, "2027-03-10T09:00Z"), ("Africa/Cairo", "2026-04-20T09:00Z")],
)
def test_the_boxes_of_a_day_are_as_long_as_the_day(zone: str, now: str) -> None:
    for day in local_days(calendar(zone=zone).zone, at(now), 7):
        drawn_hours = sum(place.width * place.height for place in day.places(Interval(day.start, day.end))) * 24
        twice = sum(place.width / 2 for place in day.places(Interval(day.start, day.end)) if place.height < 1) * 24
        assert drawn_hours + twice == pytest.approx(day.hours)


SLOTS = {number: [("09:00", "12:30"), ("13:30", "17:00")] for number in range(1, 6)}


def test_a_provider_schedule_like_the_weekly_hours_is_a_line_without_drift() -> None:
    week = drawn(floor(holidays={date(2026, 11, 26): ("Thanksgiving Day",)}), TUESDAY, (), [provider(SLOTS, NEW_YORK)])
    assert week.boxes(1, "agreed") == [("09:00", "12:30"), ("13:30", "17:00")]
    assert week.boxes(2, "agreed"), "a weekly schedule cannot hold a holiday: that is no drift"
    assert not [box for day in range(7) for kind in ("wider", "narrower") for box in week.boxes(day, kind)]
    assert week.lines[-1] == "Provider schedules: 1 job, 1 schedule; as the weekly hours."


def test_drift_is_told_from_what_is_agreed_both_ways() -> None:
    slots = {**SLOTS, 3: [("09:00", "12:30"), ("13:30", "21:00")], 5: [("09:00", "12:30")]}
    week = drawn(floor(), TUESDAY, (), [provider(slots, NEW_YORK)])
    assert week.boxes(1, "wider") == [("17:00", "21:00")]
    assert week.boxes(3, "narrower") == [("13:30", "17:00")]
    assert week.lines[1].endswith("; the provider also allows 17:00-21:00")
    assert week.lines[3].endswith("; the provider does not allow 13:30-17:00")
    assert week.lines[-1] == "Provider schedules: 1 job, 1 schedule; too wide and too narrow."


def test_one_job_of_many_that_drifts_is_seen() -> None:
    wide = {**SLOTS, 6: [("10:00", "11:00")]}
    week = drawn(floor(), TUESDAY, (), [*[provider(SLOTS, NEW_YORK)] * 9, provider(wide, NEW_YORK)])
    assert week.boxes(4, "wider") == [("10:00", "11:00")]
    assert week.lines[-1] == "Provider schedules: 10 jobs, 2 schedules; too wide."


def test_a_schedule_in_another_zone_is_drawn_by_the_campaigns_clock() -> None:
    week = drawn(floor(), TUESDAY, (), [provider(SLOTS, "America/Chicago")])
    assert week.boxes(1, "wider") == [("12:30", "13:30"), ("17:00", "18:00")]
    assert week.boxes(1, "narrower") == [("09:00", "10:00"), ("13:30", "14:30")]


def test_a_job_without_a_schedule_and_one_that_cannot_be_read_are_told() -> None:
    week = drawn(floor(), TUESDAY, (), [None, '{"timezone":"Mars"}'])
    assert week.boxes(5, "wider") == [("00:00", "24:00")]
    assert week.lines[-1] == (
        "Provider schedules: 2 jobs, 1 schedule; 1 without any, so nothing but us limits them; "
        "1 with one that cannot be read; too wide."
    )


def test_without_jobs_there_is_no_line() -> None:
    week = drawn(floor(), TUESDAY)
    assert week.lines[-1] == "Provider schedules: no jobs that may dial."
    assert not week.boxes(1, "agreed")


HOSTILE = [
    "</title><script>alert(1)</script>",
    '" onload="alert(1)',
    "]]>&amp;<!--",
    "\x00\x08\x1b[31m",
    "\u202egnp.exe",
    "\ud800",
    "\ufffe",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_and_reasons_stay_text_whatever_they_are(text: str) -> None:
    storm = incident(at("2026-11-25T10:00-05:00"), at("2026-11-25T11:00-05:00"), name=text, reason=text)
    feasts = {date(2026, 11, 26): (text,)}
    week = Drawing(drawn_week(text, feasts, storm))
    tags = {each.tag.removeprefix(SVG) for each in week.root.iter()}
    assert tags <= {"svg", "title", "desc", "defs", "pattern", "rect", "line", "text", "tspan", "g", "circle"}
    assert not [name for name in week.attributes() if name.startswith("on")]
    assert "\u202e" not in week.text


def drawn_week(name: str, feasts: dict[date, tuple[str, ...]], storm: Incident) -> Week:
    book = Rulebook(rules(campaign(calendar(name, NEW_YORK, WORKDAYS, holidays=feasts), name=name)))
    return week_of(book, book.campaigns[name], [storm], [job(name=name)], at(TUESDAY))


def test_it_is_told_to_who_cannot_see_it_in_full() -> None:
    week = drawn(floor(), TUESDAY)
    root = week.root
    assert root.get("role") == "img"
    title, desc = (root.find(f"{SVG}{tag}") for tag in ("title", "desc"))
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "renewals: 7 days from Tue 24 Nov, America/New_York time"
    assert [line.strip() for line in desc.text.split("\n")] == list(week.lines)
    assert week.lines[0] == "Tue 24 Nov, today: 09:00-12:29 13:30-16:59"


def test_every_box_says_what_it_is_to_who_points_at_it() -> None:
    week = drawn(floor(), TUESDAY)
    titles = [each.text for each in week.root.iter(f"{SVG}title")]
    assert "09:00-12:29 open" in titles
    assert "16:59-17:00 Outside hours (renewals: within 60 s of its close)" in titles


def test_it_brings_no_colour_and_no_style_of_its_own() -> None:
    week = drawn(floor(holidays={date(2026, 11, 26): ("Thanksgiving Day",)}), TUESDAY, (), [None])
    assert "style" not in week.attributes()
    assert {value for each in week.root.iter() if (value := each.get("fill"))} == {
        f"url(#{next(week.root.iter(f'{SVG}pattern')).get('id')})"
    }
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", week.text)


def test_two_campaigns_on_a_page_have_ids_of_their_own() -> None:
    first, second = (
        {each.get("id") for each in ET.fromstring(text).iter() if each.get("id")}  # noqa: S314 - our own
        for text in (drawn(floor(), TUESDAY).text, Drawing(drawn_week("other", {}, incident(0, 1))).text)
    )
    assert first.isdisjoint(second)
