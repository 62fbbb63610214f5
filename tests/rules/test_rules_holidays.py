"""Which days a calendar's `holidays` close."""

from datetime import UTC, date, datetime

import holidays
import pytest

from controller.core.calendar import Calendar
from controller.rules.holidays import Observed, Years, check_years, holidays_of
from controller.rules.loader import load_rules
from controller.rules.problem import RulesError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
YEARS = Years(range(2025, 2029), range(2025, 2029))


def calendar(entries: str, *, now: float = NOW, through: datetime | None = None) -> Calendar:
    text = f"calendars: {{c: {{timezone: UTC, holidays: [{entries}]}}}}"
    last = None if through is None else through.timestamp()
    return load_rules({"a.yaml": text.encode()}, now=now, through=last).rules.calendars["c"]


def test_a_calendar_without_holidays_knows_every_year() -> None:
    assert calendar("").holiday_years is None


def test_observed_days_are_holidays_too() -> None:
    days = calendar("{country: US, subdivision: none}").holidays
    assert days[date(2026, 7, 3)] == ("Independence Day (observed)",)
    assert days[date(2027, 12, 31)] == ("New Year's Day (observed)",)


def test_leaving_a_name_out_leaves_its_observed_day_out_too() -> None:
    days = calendar('{country: US, subdivision: none, without: ["Independence Day"]}').holidays
    assert date(2026, 7, 3) not in days
    assert date(2026, 7, 4) not in days


def test_leaving_only_the_observed_day_out_keeps_the_day_itself() -> None:
    days = calendar('{country: US, subdivision: none, without: ["Independence Day (observed)"]}').holidays
    assert date(2026, 7, 3) not in days
    assert date(2026, 7, 4) in days


def test_one_of_two_names_of_a_date_is_left_out_alone() -> None:
    both = calendar("{country: US, subdivision: NY}").holidays[date(2027, 2, 15)]
    assert both == ("Susan B. Anthony Day", "Washington's Birthday")
    one = calendar('{country: US, subdivision: NY, without: ["Susan B. Anthony Day"]}').holidays[date(2027, 2, 15)]
    assert one == ("Washington's Birthday",)


def test_a_name_that_falls_only_every_few_years_may_be_left_out() -> None:
    assert calendar('{country: US, subdivision: DC, without: ["Inauguration Day"]}').holiday_years == range(2025, 2029)


def test_several_entries_are_united() -> None:
    days = calendar("{country: US, subdivision: none}, {country: CA, subdivision: none}").holidays
    assert date(2026, 7, 1) in days
    assert days[date(2026, 12, 25)] == ("Christmas Day",)
    assert list(days) == sorted(days)


def test_a_subdivision_adds_its_own_days_by_code_or_name() -> None:
    by_code, by_name = (calendar(f"{{country: DE, subdivision: {name}}}").holidays for name in ("BY", "Bayern"))
    assert date(2026, 11, 1) in by_code
    assert by_code == by_name
    assert date(2026, 11, 1) not in calendar("{country: DE, subdivision: none}").holidays


def test_categories_choose_which_days_are_meant() -> None:
    days = calendar("{country: JP, categories: [public, bank]}").holidays
    assert date(2027, 12, 31) in days
    assert date(2027, 12, 31) not in calendar("{country: JP}").holidays


def test_names_are_english_where_the_package_has_them() -> None:
    assert calendar("{country: JP}").holidays[date(2027, 1, 1)] == ("New Year's Day",)
    assert calendar("{country: NZ, subdivision: none}").holidays[date(2027, 1, 1)] == ("New Year's Day",)


def test_years_reach_as_far_as_is_asked_on_both_sides() -> None:
    later = calendar("{country: JP}", through=datetime(2031, 6, 1, tzinfo=UTC))
    assert later.holiday_years == range(2025, 2033)
    assert date(2031, 1, 1) in later.holidays
    earlier = calendar("{country: JP}", through=datetime(2020, 6, 1, tzinfo=UTC))
    assert earlier.holiday_years == range(2019, 2029)


def test_years_that_are_asked_but_unknown_are_not_covered() -> None:
    known = calendar(
        "{country: LK}", now=datetime(2024, 5, 1, tzinfo=UTC).timestamp(), through=datetime(2029, 1, 1, tzinfo=UTC)
    )
    assert known.holiday_years == range(2023, 2027)
    assert {day.year for day in known.holidays} == set(range(2023, 2027))
    days, years = holidays_of(Observed("LK", None, ("public",), ()), Years(range(2004, 2006), range(2001, 2006)))
    assert years == range(2003, 2006)
    assert min(days).year == 2003


def test_a_year_that_is_needed_but_unknown_is_a_problem() -> None:
    with pytest.raises(RulesError, match="no holidays are known for 2027, 2028"):
        calendar("{country: LK}")
    with pytest.raises(ValueError, match="2025, 2026, 2027, 2028"):
        check_years(Observed("HM", None, ("public",), ()), YEARS)


@pytest.mark.parametrize("country", sorted(holidays.list_supported_countries(include_aliases=False)))
def test_every_country_either_loads_or_says_which_years_are_unknown(country: str) -> None:
    observed = Observed(country, None, ("public",), ())
    try:
        check_years(observed, YEARS)
    except ValueError as error:
        assert "no holidays are known for" in str(error)  # noqa: PT017 - most countries raise nothing
        return
    days, years = holidays_of(observed, YEARS)
    assert years == YEARS.needed
    assert all(names and all(name == name.strip() for name in names) for names in days.values())
