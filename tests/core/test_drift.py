from datetime import date
from typing import Any

import pytest

from controller.core.drift import find_drift
from controller.core.finding import FindingKind
from tests.core.build import ALWAYS, HOUR, KEY, NEVER, at, calendar, campaign, every_day, provider, weekdays, windows
from tests.core.compared import EAST, NOW, WORKDAYS, found, slots, spans, wider


def test_a_job_without_campaigns_is_compared_with_nothing() -> None:
    assert find_drift(KEY, None, (), NOW) == ()
    assert find_drift(KEY, "7", (), NOW) == ()


def test_no_schedule_at_all_is_a_finding() -> None:
    finding = found(None, campaign())[FindingKind.SCHEDULE_MISSING]
    assert (
        finding.detail
        == "the job has no provider schedule: nothing but us keeps it from dialing outside the rules' hours"
    )


def test_an_unreadable_schedule_is_a_finding_with_its_place_and_what_stands_there() -> None:
    finding = found(provider({7: [("09:00", "17:00")]}), campaign())[FindingKind.SCHEDULE_UNREADABLE]
    assert finding.detail == "schedule.days[0].dayOfWeek says 7, which is not a number from 0 (Sunday) to 6"
    assert finding.facts == {
        "field": "schedule.days[0].dayOfWeek",
        "says": 7,
        "want": "a number from 0 (Sunday) to 6",
    }


@pytest.mark.parametrize(
    "schedule",
    [
        slots(("09:00", "17:00")),
        slots(("09:00", "12:00"), ("11:00", "13:00"), ("13:00", "17:00")),
        slots(("09:00", "17:00"), zone="Etc/UTC"),
        slots(("09:00", "17:00"), zone="Africa/Abidjan"),
        slots(("10:00", "18:00"), zone="Africa/Lagos"),
    ],
)
def test_a_schedule_that_allows_the_same_instants_is_no_drift(schedule: str) -> None:
    assert found(schedule, campaign()) == {}


def test_a_whole_day_may_be_written_with_either_end() -> None:
    everything = campaign(calendar(hours=ALWAYS))
    for end in ("24:00", "00:00"):
        assert found(slots(("00:00", end), days=range(7)), everything) == {}


def test_a_window_past_midnight_may_be_written_as_two_slots() -> None:
    nights = campaign(calendar(hours=every_day("22:00-02:00")))
    assert found(slots(("00:00", "02:00"), ("22:00", "24:00"), days=range(7)), nights) == {}


def test_holidays_dates_and_close_early_make_no_drift() -> None:
    special = calendar(
        holidays={date(2026, 6, 4): ("Feast",)}, dates={date(2026, 6, 5): (), date(2026, 6, 6): windows("09:00-17:00")}
    )
    assert found(slots(("09:00", "17:00")), campaign(special, close_early=HOUR)) == {}


def test_what_the_rules_forbid_is_listed_with_exact_intervals_in_both_zones() -> None:
    finding = wider(slots(("06:00", "14:30"), zone="America/Los_Angeles"), campaign(EAST))
    assert finding.facts["minutes_a_week"] == 150
    assert len(finding.facts["forbidden"]) == 5
    assert finding.facts["forbidden"][0] == {
        "from": "2026-06-03T21:00:00Z",
        "until": "2026-06-03T21:30:00Z",
        "rules_time": "Wed 2026-06-03 17:00 to 17:30 America/New_York",
        "provider_time": "Wed 2026-06-03 14:00 to 14:30 America/Los_Angeles",
    }
    assert finding.detail == (
        "the provider schedule allows 150 minutes a week that the rules forbid: "
        "Wed 2026-06-03 17:00 to 17:30 America/New_York (there Wed 2026-06-03 14:00 to 14:30 America/Los_Angeles)"
        " and 4 more"
    )


def test_an_interval_past_midnight_names_both_dates_and_a_single_one_no_more() -> None:
    finding = wider(provider({day: [("09:00", "24:00" if day == 5 else "17:00")] for day in WORKDAYS}), campaign())
    assert finding.facts["forbidden"][0]["rules_time"] == "Fri 2026-06-05 17:00 to Sat 2026-06-06 00:00 UTC"
    assert finding.detail == (
        "the provider schedule allows 420 minutes a week that the rules forbid: "
        "Fri 2026-06-05 17:00 to Sat 2026-06-06 00:00 UTC"
    )


def test_a_forbidden_interval_that_is_under_way_is_listed_whole() -> None:
    finding = wider(slots(("09:00", "18:00")), campaign(), now=at("2026-06-03T17:30"))
    assert spans(finding)[0] == ("2026-06-03T17:00:00Z", "2026-06-03T18:00:00Z")
    assert finding.facts["minutes_a_week"] == 300


def test_a_forbidden_interval_of_days_is_listed_whole_in_its_middle() -> None:
    mondays = campaign(calendar(hours=(windows("00:00-24:00"), *((),) * 6)))
    finding = wider(slots(("00:00", "24:00"), days=range(7)), mondays, now=at("2026-06-07T12:00"))
    assert spans(finding) == [("2026-06-02T00:00:00Z", "2026-06-08T00:00:00Z")]
    assert finding.facts["minutes_a_week"] == 6 * 1440


def test_a_schedule_around_the_clock_forbids_nights_and_weekends() -> None:
    finding = wider(slots(("00:00", "24:00"), days=range(7)), campaign())
    assert finding.facts["minutes_a_week"] == 7 * 1440 - 5 * 480
    assert spans(finding)[2] == ("2026-06-05T17:00:00Z", "2026-06-08T09:00:00Z")


def test_what_is_forbidden_for_ever_counts_no_more_minutes_than_a_week_has() -> None:
    finding = wider(slots(("00:00", "24:00"), days=range(7)), campaign(calendar(hours=NEVER)))
    assert finding.facts["minutes_a_week"] == 7 * 1440
    assert spans(finding) == [("2026-06-03T00:00:00Z", "2026-06-10T00:00:00Z")]


def test_rules_and_provider_that_both_never_dial_agree() -> None:
    assert found(provider({}), campaign(calendar(hours=NEVER))) == {}


def test_hours_that_the_provider_takes_away_are_narrower_and_not_dangerous() -> None:
    findings = found(slots(("10:00", "16:30")), campaign())
    assert list(findings) == [FindingKind.SCHEDULE_NARROWER]
    finding = findings[FindingKind.SCHEDULE_NARROWER]
    assert finding.facts["minutes_a_week"] == 5 * 90
    assert spans(finding, "lost")[:2] == [
        ("2026-06-03T16:30:00Z", "2026-06-03T17:00:00Z"),
        ("2026-06-04T09:00:00Z", "2026-06-04T10:00:00Z"),
    ]
    assert finding.detail == (
        "the provider schedule takes 450 minutes a week of the rules' hours: "
        "Wed 2026-06-03 16:30 to 17:00 UTC and 9 more"
    )


def test_one_lost_interval_a_week_is_told_alone() -> None:
    finding = found(provider({day: [("09:00", "17:00")] for day in range(1, 5)}), campaign())
    assert finding[FindingKind.SCHEDULE_NARROWER].detail.endswith(
        "480 minutes a week of the rules' hours: Fri 2026-06-05 09:00 to 17:00 UTC"
    )


@pytest.mark.parametrize(
    ("schedule", "kinds"),
    [
        (provider({}), {FindingKind.SCHEDULE_DISJOINT}),
        (slots(days=range(7)), {FindingKind.SCHEDULE_DISJOINT}),
        (slots(("17:00", "24:00")), {FindingKind.SCHEDULE_DISJOINT, FindingKind.SCHEDULE_WIDER}),
        (slots(("09:00", "17:00"), days=range(1)), {FindingKind.SCHEDULE_DISJOINT, FindingKind.SCHEDULE_WIDER}),
    ],
)
def test_a_schedule_without_a_minute_in_common_would_never_dial(schedule: str, kinds: set[FindingKind]) -> None:
    findings = found(schedule, campaign())
    assert set(findings) == kinds
    assert findings[FindingKind.SCHEDULE_DISJOINT].detail == (
        "the provider schedule and the rules' hours have no minute in common: the job would never dial"
    )


def test_several_campaigns_and_calendars_allow_only_what_all_of_them_allow() -> None:
    mornings = calendar("mornings", hours=weekdays("06:00-12:00"))
    late = calendar("late", hours=weekdays("10:00-20:00"))
    assert found(slots(("10:00", "12:00")), campaign(mornings), campaign(late, name="b")) == {}
    assert found(slots(("10:00", "12:00")), campaign(mornings, late), campaign(late, mornings, name="b")) == {}
    finding = wider(slots(("09:00", "12:00")), campaign(mornings), campaign(late, name="b"))
    assert finding.facts["minutes_a_week"] == 300


def test_facts_hold_json_values_only() -> None:
    def is_json(value: Any) -> bool:
        match value:
            case dict():
                return all(isinstance(key, str) and is_json(each) for key, each in value.items())
            case list():
                return all(is_json(each) for each in value)
            case _:
                return value is None or type(value) in (str, int, float, bool)

    for schedule in (slots(("10:00", "18:00")), provider({7: []}), None):
        assert all(is_json(finding.facts) for finding in find_drift(KEY, schedule, (campaign(),), NOW))


def test_two_intervals_a_week_are_one_and_one_more() -> None:
    thursday_and_friday = provider({day: [("09:00", "18:00" if day > 3 else "17:00")] for day in WORKDAYS})
    assert wider(thursday_and_friday, campaign()).detail.endswith("Thu 2026-06-04 17:00 to 18:00 UTC and 1 more")
    less = provider({day: [("09:00", "16:00" if day > 3 else "17:00")] for day in WORKDAYS})
    narrower = found(less, campaign())[FindingKind.SCHEDULE_NARROWER]
    assert narrower.detail.endswith("Thu 2026-06-04 16:00 to 17:00 UTC and 1 more")


def test_a_forbidden_interval_that_ends_now_is_over() -> None:
    finding = wider(slots(("09:00", "18:00")), campaign(), now=at("2026-06-03T18:00"))
    assert spans(finding)[0] == ("2026-06-04T17:00:00Z", "2026-06-04T18:00:00Z")
