"""What rules files mean once they are loaded."""

import math
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from controller.core.calendar import MonthDay, Window
from controller.core.campaign import Incident, OnDrift, Resume, RuleSet, Selector
from controller.rules.loader import LoadedRules, load_rules, load_rules_folder, sources_hash

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
CONFIG = Path(__file__).parents[2] / "config"


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def rules(text: str, through: float | None = None) -> RuleSet:
    return load_rules({"a.yaml": text.encode()}, now=NOW, through=through).rules


def hours_of(text: str) -> tuple[tuple[Window, ...], ...]:
    return rules(f"calendars: {{c: {{timezone: UTC, hours: {text}}}}}").calendars["c"].hours


def sample() -> LoadedRules:
    return load_rules_folder(CONFIG / "rules", now=NOW, workspaces=frozenset({"main"}))


def test_the_sample_rules_are_valid_and_raise_no_doubt() -> None:
    loaded = sample()
    assert loaded.warnings == ()
    (campaign,) = loaded.rules.campaigns
    assert (campaign.name, campaign.close_early, campaign.resume) == ("us-renewals", 120, Resume.OWN)
    assert campaign.match == Selector(workspaces=("main",), names=("US renewals *",), except_names=("* test",))
    assert campaign.calendars == (loaded.rules.calendars["us-floor"],)
    assert loaded.rules.sources == {"us-renewals.yaml": (CONFIG / "rules/us-renewals.yaml").read_text()}


def test_the_sample_calendar_has_its_hours_holidays_and_dates() -> None:
    calendar = sample().rules.calendars["us-floor"]
    assert calendar.zone.key == "America/New_York"
    weekday = (Window(540, 750), Window(810, 1020))
    assert calendar.hours == (weekday, weekday, weekday, weekday, weekday, (Window(600, 840),), ())
    assert calendar.holidays[date(2026, 11, 26)] == ("Thanksgiving Day",)
    assert date(2026, 10, 12) not in calendar.holidays
    assert calendar.holiday_years == range(2025, 2029)
    assert calendar.dates.exact == {date(2026, 12, 24): (Window(540, 720),)}
    assert calendar.dates.ranges == ((date(2026, 12, 28), date(2027, 1, 1), ()),)


def test_the_versions_of_the_data_stand_beside_the_revision() -> None:
    loaded = sample()
    assert len(loaded.rules.revision) == 12
    assert loaded.tzdata_version.startswith("20")
    assert loaded.holidays_version.startswith("0.")


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon", {0}),
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("fri-mon", {4, 5, 6, 0}),
        ("sun-sat", {0, 1, 2, 3, 4, 5, 6}),
        ('"mon,wed"', {0, 2}),
        ('"mon-tue, sat"', {0, 1, 5}),
    ],
)
def test_a_day_key_stands_for_its_weekdays(key: str, days: set[int]) -> None:
    hours = hours_of(f'{{{key}: ["10:00-11:00"]}}')
    assert {day for day in range(7) if hours[day]} == days


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("09:00-12:30", Window(540, 750)),
        ("00:00-24:00", Window(0, 1440)),
        ("22:00-24:00", Window(1320, 1440)),
        ("22:00-00:00", Window(1320, 1440)),
        ("22:00-02:00", Window(1320, 1560)),
        ("10:00-09:59", Window(600, 2039)),
        ("23:59-00:00", Window(1439, 1440)),
    ],
)
def test_a_window_is_read_in_minutes_of_the_day_it_starts_on(text: str, window: Window) -> None:
    assert hours_of(f'{{mon: ["{text}"]}}')[0] == (window,)
    assert hours_of(f"{{mon: [{text}]}}")[0] == (window,)


def test_windows_are_sorted_and_each_is_kept_once() -> None:
    assert hours_of('{mon: ["13:00-14:00", "09:00-10:00", "13:00-14:00"]}')[0] == (Window(540, 600), Window(780, 840))


def test_dates_are_kept_by_their_four_kinds() -> None:
    dates = (
        rules(
            """\
calendars:
  c:
    timezone: UTC
    dates:
      2028-02-29: []
      "2026-12-24": ["09:00-12:00"]
      2026-12-24..2026-12-24: []
      02-29: []
      12-28..01-02: ["10:00-11:00"]
""",
        )
        .calendars["c"]
        .dates
    )
    assert dates.exact == {date(2028, 2, 29): (), date(2026, 12, 24): (Window(540, 720),)}
    assert dates.ranges == ((date(2026, 12, 24), date(2026, 12, 24), ()),)
    assert dates.yearly == {MonthDay(2, 29): ()}
    assert dates.yearly_ranges == ((MonthDay(12, 28), MonthDay(1, 2), (Window(600, 660),)),)


def test_a_campaign_that_says_little_gets_the_careful_defaults() -> None:
    (campaign,) = rules(
        "calendars: {k: {timezone: UTC}}\ncampaigns: {c: {match: {ids: [x]}, calendars: [k]}}"
    ).campaigns
    assert (campaign.close_early, campaign.resume, campaign.start, campaign.on_drift) == (
        60,
        Resume.OWN,
        False,
        OnDrift.REPORT,
    )


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("2m", 120), ("24h", 86_400)])
def test_durations_are_whole_seconds_minutes_or_hours(text: str, seconds: int) -> None:
    calendars = "calendars: {k: {timezone: UTC}}\n"
    loaded = rules(f"{calendars}campaigns: {{c: {{match: {{ids: [x]}}, calendars: [k], close_early: {text}}}}}")
    assert loaded.campaigns[0].close_early == seconds


@pytest.mark.parametrize("quote", ["", '"', "'"])
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T14:05:00-05:00", "2026-11-23T19:05:00+00:00"),
        ("2026-11-23 14:05:00-05:00", "2026-11-23T19:05:00+00:00"),
        ("2026-11-23t14:05Z", "2026-11-23T14:05:00+00:00"),
        ("2026-11-23T14:05:00.5+05:30", "2026-11-23T08:35:00.5+00:00"),
    ],
)
def test_an_instant_keeps_its_offset_quoted_or_plain(quote: str, text: str, instant: str) -> None:
    loaded = rules(f"incidents:\n  i:\n    reason: r\n    from: {quote}{text}{quote}\n")
    assert loaded.incidents == (Incident("i", "r", at(instant), math.inf, None),)


def test_an_incident_is_loaded_with_its_end_selector_and_folded_reason() -> None:
    loaded = rules(
        """\
incidents:
  i:
    reason: >
      one
      two
    match: {names: ["US *"], except_ids: [a, a]}
    from: 2026-11-23T14:05:00Z
    until: 2026-11-23T15:05:00Z
""",
    )
    since = at("2026-11-23T14:05:00+00:00")
    expected = Incident("i", "one two", since, since + 3600, Selector(names=("US *",), except_ids=("a",)))
    assert loaded.incidents == (expected,)


def test_words_that_older_yaml_misreads_stay_text() -> None:
    loaded = rules(
        "calendars: {on: {timezone: UTC, holidays: [{country: NO, subdivision: none}]}}\n"
        "campaigns: {no: {match: {names: [yes, 21:00, 0o14, 1_000, .inf], ids: [2026-12-24]}, calendars: [on]}}",
    )
    assert list(loaded.calendars) == ["on"]
    assert loaded.campaigns[0].match.names == ("yes", "21:00", "0o14", "1_000", ".inf")
    assert loaded.campaigns[0].match.ids == ("2026-12-24",)


def test_names_are_global_and_campaigns_are_sorted_by_name() -> None:
    loaded = load_rules(
        {
            "z.yaml": b"calendars: {k: {timezone: UTC}}\ncampaigns: {a: {match: {ids: [x]}, calendars: [k]}}",
            "a.yaml": b"campaigns: {b: {match: {ids: [x]}, calendars: [k, k]}}",
        },
        now=NOW,
    ).rules
    assert [campaign.name for campaign in loaded.campaigns] == ["a", "b"]
    assert loaded.campaigns[0].calendars == loaded.campaigns[1].calendars == (loaded.calendars["k"],)


@pytest.mark.parametrize(
    "text", ["# all of it is commented out\n", "calendars:\ncampaigns:\nincidents:\n", "\ufeff# x"]
)
def test_a_file_whose_entries_are_all_commented_out_is_valid(text: str) -> None:
    loaded = rules(text)
    assert (loaded.calendars, loaded.campaigns, loaded.incidents) == ({}, (), ())
    assert loaded.sources == {"a.yaml": text}


BASE = """\
calendars:
  k: {timezone: UTC, hours: {mon-tue: ["09:00-10:00", "11:00-12:00"]}, dates: {12-24: []}}
campaigns:
  c: {match: {names: [x, y]}, calendars: [k], close_early: 2m}
incidents:
  i: {reason: r, from: 2026-12-01T00:00:00Z}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("campaigns:", "# a comment\ncampaigns:"),
        (
            'mon-tue: ["09:00-10:00", "11:00-12:00"]',
            'tue: ["11:00-12:00", "09:00-10:00"], mon: [09:00-10:00, 11:00-12:00]',
        ),
        ("mon-tue:", "wed: [], mon-tue:"),
        ("names: [x, y]", "names: [y, x, x]"),
        ("close_early: 2m", "resume: own, close_early: 120s"),
        ("2026-12-01T00:00:00Z", "2026-12-01T01:00:00+01:00"),
    ],
)
def test_spelling_does_not_change_the_revision(old: str, new: str) -> None:
    assert old in BASE
    assert rules(BASE.replace(old, new)).revision == rules(BASE).revision


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UTC", "Europe/London"),
        ("mon-tue", "mon-wed"),
        ("11:00-12:00", "11:00-12:01"),
        ("12-24: []", "12-25: []"),
        ("dates:", "holidays: [{country: JP}], dates:"),
        ("names: [x, y]", "names: [x]"),
        ("names: [x, y]", "ids: [x, y]"),
        ("2m", "3m"),
        ("2m", "2m, start: true"),
        ("2m", "2m, resume: never"),
        ("2m", "2m, on_drift: pause"),
        ("reason: r", "reason: s"),
        ("reason: r", "reason: r, until: 2026-12-02T00:00:00Z"),
        ("reason: r", "reason: r, match: {names: [x]}"),
        ("i: {", "j: {"),
    ],
)
def test_meaning_changes_the_revision(old: str, new: str) -> None:
    assert old in BASE
    assert rules(BASE.replace(old, new, 1)).revision != rules(BASE).revision


def test_how_rules_are_split_into_files_does_not_change_the_revision() -> None:
    head, _, tail = BASE.partition("campaigns:")
    split = {"1.yaml": head.encode(), "2.yaml": b"campaigns:" + tail.encode()}
    assert load_rules(split, now=NOW).rules.revision == rules(BASE).revision


def test_the_sources_hash_sees_every_byte_and_every_name() -> None:
    seen = {
        sources_hash(sources) for sources in ({"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""}, {"a": b"bc\n"}, {})
    }
    assert len(seen) == 5
    assert sources_hash({"a": b"1", "b": b"2"}) == sources_hash({"b": b"2", "a": b"1"})


def test_five_hundred_campaigns_load_within_seconds() -> None:
    campaigns = "".join(f"  c{number}: {{match: {{names: [x{number}]}}, calendars: [k]}}\n" for number in range(500))
    before = time.monotonic()
    loaded = rules("calendars: {k: {timezone: UTC, hours: {mon: [09:00-10:00]}}}\ncampaigns:\n" + campaigns)
    assert len(loaded.campaigns) == 500
    assert time.monotonic() - before < 10
