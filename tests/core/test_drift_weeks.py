"""Which weeks drift is looked for in, and what a week is where clocks are changed."""

from controller.core.finding import FindingKind
from tests.core.build import HOUR, WEEK, at, calendar, campaign, every_day, provider, windows
from tests.core.compared import EAST, found, slots, spans, wider


def test_a_week_in_which_the_clock_is_changed_counts_each_weekday_once() -> None:
    """From Friday 17:00 to the next Friday 17:00 New York's clock runs for an hour less than seven days."""
    friday = at("2026-03-06T17:30-05:00")
    finding = wider(slots(("09:00", "18:00"), zone="America/New_York"), campaign(EAST), now=friday)
    assert finding.facts["minutes_a_week"] == 300
    assert [each["rules_time"][:14] for each in finding.facts["forbidden"]] == [
        "Fri 2026-03-06",
        "Mon 2026-03-09",
        "Tue 2026-03-10",
        "Wed 2026-03-11",
        "Thu 2026-03-12",
    ]


PANAMA = slots(("09:00", "17:00"), zone="America/Panama")  # New York's winter time, all the year


def test_a_zone_that_differs_only_after_a_change_in_the_coming_weeks_is_found_with_its_whole_week() -> None:
    findings = found(PANAMA, campaign(EAST), now=at("2026-02-10T00:00"))
    assert set(findings) == {FindingKind.SCHEDULE_WIDER, FindingKind.SCHEDULE_NARROWER}
    finding = findings[FindingKind.SCHEDULE_WIDER]
    assert finding.facts["minutes_a_week"] == 300
    assert finding.facts["forbidden"][0]["rules_time"] == "Mon 2026-03-09 17:00 to 18:00 America/New_York"
    assert finding.facts["forbidden"][0]["provider_time"] == "Mon 2026-03-09 16:00 to 17:00 America/Panama"
    assert spans(findings[FindingKind.SCHEDULE_NARROWER], "lost")[0] == (
        "2026-03-09T13:00:00Z",
        "2026-03-09T14:00:00Z",
    )


def test_a_change_that_is_more_than_four_weeks_away_is_not_told_yet() -> None:
    assert found(PANAMA, campaign(EAST), now=at("2026-02-08T00:00")) == {}


def test_four_weeks_end_before_the_instant_that_is_four_weeks_away() -> None:
    monday = at("2026-03-09T13:00")  # the first hour that Panama's clock loses
    assert found(PANAMA, campaign(EAST), now=monday - 4 * WEEK) == {}
    assert set(found(PANAMA, campaign(EAST), now=monday - 4 * WEEK + 1)) == {FindingKind.SCHEDULE_NARROWER}


def test_what_differs_first_at_the_end_of_the_four_weeks_is_still_told_with_its_whole_week() -> None:
    """New York's clock changes on a Sunday morning: that day's evening slot is the first, the next Sunday's early one
    (in Panama's evening of the day before) the last.
    """
    day_and_evening = [("09:00", "17:00"), ("20:00", "22:00")]
    schedule = slots(*day_and_evening, days=range(7), zone="America/Panama")
    rules = campaign(calendar("east", "America/New_York", every_day("09:00-17:00", "20:00-22:00")))
    first = at("2026-03-08T21:00")
    finding = found(schedule, rules, now=first - 4 * WEEK + HOUR)[FindingKind.SCHEDULE_WIDER]
    evenings, days = ("T02:00:00Z", "T03:00:00Z"), ("T21:00:00Z", "T22:00:00Z")
    in_order = [
        (f"2026-03-{day:02}{start}", f"2026-03-{day:02}{end}")
        for day in range(8, 16)
        for start, end in (evenings, days)
    ]
    assert spans(finding) == in_order[1:-1]
    assert finding.facts["minutes_a_week"] == 14 * 60


def test_what_is_over_is_not_told() -> None:
    """New York's clock came back to Panama's some hours ago; the days before, the two differed."""
    assert set(found(PANAMA, campaign(EAST), now=at("2026-10-30T12:00"))) != set()
    assert found(PANAMA, campaign(EAST), now=at("2026-11-01T12:00")) == {}


def test_the_week_of_lost_hours_is_one_by_the_clock_of_the_rules() -> None:
    """New York's clock goes forward within it; by the provider's, the next week's loss would count too."""
    wednesday = (*((),) * 2, windows("09:00-10:00"), windows("09:00-10:00"), *((),) * 3)
    schedule = provider({4: [("13:00", "15:00")]})
    rules = campaign(calendar("east", "America/New_York", wednesday))
    finding = found(schedule, rules, now=at("2027-03-08T00:00"))[FindingKind.SCHEDULE_NARROWER]
    assert spans(finding, "lost") == [("2027-03-10T14:00:00Z", "2027-03-10T15:00:00Z")]


def test_the_week_of_forbidden_hours_is_one_by_the_clock_of_the_rules() -> None:
    """As above: by the provider's clock, the next Wednesday's hour would count too."""
    but_wednesday = (
        (windows("00:00-24:00"),) * 2 + (windows("00:00-09:00", "10:00-24:00"),) + (windows("00:00-24:00"),) * 4
    )
    rules = campaign(calendar("east", "America/New_York", but_wednesday))
    finding = wider(slots(("00:00", "24:00"), days=range(7)), rules, now=at("2027-03-08T00:00"))
    assert spans(finding) == [("2027-03-10T14:00:00Z", "2027-03-10T15:00:00Z")]


MONDAY_MORNINGS = campaign(calendar("east", "America/New_York", (windows("09:00-10:00"), *((),) * 6)))
AROUND_THE_CLOCK = slots(("00:00", "24:00"), days=range(7))


def test_a_forbidden_interval_of_nearly_a_week_is_listed_whole_in_its_last_hour() -> None:
    finding = wider(AROUND_THE_CLOCK, MONDAY_MORNINGS, now=at("2026-06-08T12:59"))
    assert spans(finding) == [("2026-06-01T14:00:00Z", "2026-06-08T13:00:00Z")]


def test_a_forbidden_interval_that_a_change_of_the_clock_makes_a_whole_week_is_listed_whole() -> None:
    finding = wider(AROUND_THE_CLOCK, MONDAY_MORNINGS, now=at("2026-10-29T12:00"))
    assert spans(finding) == [("2026-10-26T14:00:00Z", "2026-11-02T14:00:00Z")]
    assert finding.facts["minutes_a_week"] == 7 * 1440
