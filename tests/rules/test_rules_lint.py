"""Valid rules that may not mean what they say."""

from datetime import UTC, datetime

import pytest

from controller.rules.loader import load_rules

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
OPEN = "hours: {mon-fri: [09:00-17:00]}"


def warnings(text: str) -> list[str]:
    return [str(warning) for warning in load_rules({"a.yaml": text.encode()}, now=NOW).warnings]


def calendar(body: str, zone: str = "UTC") -> list[str]:
    """The warnings of a calendar that a campaign of ordinary policy uses."""
    return warnings(f"calendars:\n  k:\n    timezone: {zone}\n    {body}\n  z: {{timezone: UTC, {OPEN}}}\n" + CAMPAIGN)


CAMPAIGN = "campaigns: {c: {match: {ids: [x]}, calendars: [z]}}\n"


def campaign(policy: str, hours: str = OPEN, more: str = "") -> list[str]:
    return warnings(
        f"calendars:\n  k: {{timezone: UTC, {hours}}}\n{more}campaigns:\n  c:\n    match: {{ids: [x]}}\n    {policy}\n",
    )


def test_ordinary_rules_raise_no_doubt() -> None:
    assert calendar("hours: {mon-fri: [09:00-17:00], sat: []}", "America/New_York") == []
    assert campaign("calendars: [k]") == []


def test_rules_without_any_campaign_control_nothing() -> None:
    assert warnings("# nothing\n") == ["a.yaml: campaigns: no file has one, so no job is controlled"]


def test_a_calendar_that_never_opens_is_doubted() -> None:
    never = "a.yaml:2:3: calendars.k: it never opens in the next 400 days, check hours, holidays and dates"
    assert [line for line in calendar("hours: {mon: []}") if "never" in line] == [never.replace("2:3", "3:5")]
    assert calendar("dates: {2026-01-01: [09:00-17:00]}") == [never.replace("2:3", "3:5")]
    assert calendar("dates: {2027-12-01: [09:00-17:00]}") == []


def test_calendars_that_are_never_open_together_are_doubted() -> None:
    other = "  l: {timezone: UTC, hours: {sat: [09:00-17:00]}}\n"
    assert campaign("calendars: [k, l]", more=other) == [
        (
            "a.yaml:7:16: campaigns.c.calendars: these calendars are never open together in the next 400 days, "
            "check zones, hours and holidays"
        ),
    ]


def test_a_campaign_of_a_calendar_that_never_opens_is_not_doubted_twice() -> None:
    assert len(campaign("calendars: [k]", hours="hours: {}")) == 1


def test_a_window_no_longer_than_close_early_is_doubted_by_its_first_interval() -> None:
    assert campaign("calendars: [k]\n    close_early: 30m", hours='hours: {mon: ["09:00-09:30", "10:00-10:31"]}') == [
        (
            "a.yaml:7:18: campaigns.c.close_early: the interval Mon 2026-11-30 09:00 UTC to Mon 2026-11-30 09:30 UTC "
            "is no longer than close_early (1800 s), so that it never opens; lengthen the window or "
            "shorten close_early "
            "(so it is with 57 in the next 400 days)"
        ),
    ]


def test_the_default_close_early_is_doubted_at_the_campaign_itself() -> None:
    (found,) = campaign("calendars: [k]", hours='hours: {mon: ["09:00-09:01"]}')
    assert found.startswith("a.yaml:4:3: campaigns.c.close_early: the interval ")


def test_launching_and_overruling_people_are_doubted() -> None:
    assert campaign("calendars: [k]\n    start: true\n    resume: any") == [
        "a.yaml:7:12: campaigns.c.start: every matching job in INIT is launched in open hours, write false if not",
        (
            "a.yaml:8:13: campaigns.c.resume: pauses that people made are undone too, at every pass; "
            "write own if they are to stay"
        ),
    ]


@pytest.mark.parametrize(("field", "key"), [("hours", "mon"), ("dates", "2026-12-24")])
def test_an_end_one_minute_before_midnight_is_doubted(field: str, key: str) -> None:
    (found,) = calendar(f"{field}: {{{key}: [09:00-23:59]}}")
    message = "09:00-23:59 leaves out the last minute of the day, write 24:00 if it is meant"
    assert found.endswith(f"calendars.k.{field}.{key}[0]: {message}")


def test_a_night_that_a_range_of_dates_cuts_is_doubted() -> None:
    assert calendar("dates: {2026-12-01..2026-12-03: [20:00-21:00, 22:00-02:00]}") == [
        (
            "a.yaml:4:51: calendars.k.dates.2026-12-01..2026-12-03[1]: 22:00-02:00 is cut at midnight, since each next "
            'date of the range has its own entry; add "00:00-02:00" if the night is meant, or write 22:00-24:00'
        ),
    ]
    assert calendar("dates: {2026-12-01: [22:00-02:00]}") == []
    assert calendar("dates: {12-01..12-01: [22:00-02:00]}") == []


def test_an_incident_long_over_is_doubted() -> None:
    text = f"calendars: {{z: {{timezone: UTC, {OPEN}}}}}\n{CAMPAIGN}incidents:\n  i:\n    reason: r\n"
    times = "    from: 2026-01-01T00:00:00Z\n    until: {}\n"
    assert warnings(text + times.format("2026-10-24T12:00:00Z")) == []
    assert warnings(text + times.format("2026-10-24T11:59:59Z")) == [
        "a.yaml:7:12: incidents.i.until: it has been over since 2026-10-24T11:59:59Z, remove the incident",
    ]
    assert warnings(text + times.splitlines()[0]) == []


RIGHT = "move the window, or give the date its own entry, if that is not meant"


def test_a_window_that_a_missing_hour_cuts_is_doubted_with_date_and_zone() -> None:
    assert calendar("hours: {sun: [02:30-05:00], mon: [02:30-05:00]}", "America/New_York") == [
        (
            "a.yaml:4:19: calendars.k.hours.sun[0]: 02:30-05:00 of 2027-03-14 loses 30 minutes, as the clock "
            f"in America/New_York goes forward from 2027-03-14 02:00 to 2027-03-14 03:00; {RIGHT}"
        ),
    ]


def test_a_window_that_a_repeated_hour_doubles_is_doubted() -> None:
    assert calendar("hours: {sun: [01:15-01:45]}", "America/New_York") == [
        (
            "a.yaml:4:19: calendars.k.hours.sun[0]: 01:15-01:45 of 2027-11-07 is open twice for 30 "
            "minutes, as the clock "
            f"in America/New_York goes back from 2027-11-07 02:00 to 2027-11-07 01:00; {RIGHT}"
        ),
    ]


def test_a_night_that_begins_the_day_before_is_doubted_unless_the_date_cuts_it() -> None:
    night = "hours: {sat: [22:00-02:30]}"
    (found,) = calendar(night + "\n    dates: {2027-03-14: []}", "America/New_York")
    assert "22:00-02:30 of 2027-11-06 is open twice for 60 minutes" in found
    assert calendar(night + "\n    dates: {2027-03-14: [], 11-07: []}", "America/New_York") == []


def test_windows_of_special_dates_are_doubted_where_they_stand() -> None:
    body = "hours: {sun: [02:00-03:00]}\n    dates: {2027-03-14: [01:00-01:30, 01:30-02:15], 2027-03-21: [], 11-07: []}"
    assert calendar(body, "America/New_York") == [
        (
            "a.yaml:5:39: calendars.k.dates.2027-03-14[1]: 01:30-02:15 of 2027-03-14 loses 15 minutes, as the clock in "
            f"America/New_York goes forward from 2027-03-14 02:00 to 2027-03-14 03:00; {RIGHT}"
        ),
    ]


def test_a_holiday_on_the_date_of_the_change_leaves_nothing_to_doubt() -> None:
    hours = "hours: {sun: [02:00-03:00]}"
    easter_and_reformation_day = "\n    holidays: [{country: DE, subdivision: BB}]"
    assert len(calendar(hours, "Europe/Berlin")) == 2
    assert calendar(hours + easter_and_reformation_day, "Europe/Berlin") == []
