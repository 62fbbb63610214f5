"""Whatever a rules file holds: refused with places, or taken for what it says; never a crash, never a hang.

A few seconds by default; `--hypothesis-profile=thorough`, as `make fuzz` has it, looks for minutes.
"""

import random
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from controller.core.calendar import Calendar, open_intervals
from controller.core.campaign import Campaign, RuleSet
from controller.core.interval import Interval
from controller.rules.loader import holiday_years, load_rules
from controller.rules.problem import Problem, RulesError
from tests.rules.hostile import REAL, Slip, flipped, mistaken, slips, with_slips
from tests.rules.styles import files, in_some_style
from tests.rules.written_out import written_out

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
YEARS = holiday_years(NOW, None)
fewer = settings(max_examples=settings().max_examples // 3)
"""For whole rules, which take the longest."""
chances = st.randoms(use_true_random=False)
AROUND = Interval(NOW - 30 * 86_400, NOW + 90 * 86_400)
WHOLE_FILE = ("the file is empty, write something into it or remove it", "the file is larger than")
CPU_SECONDS = 30.0
"""What one file may take of the processor, so that a busy machine fails nothing; a hundred times what it takes."""


class TakesForeverError(BaseException):
    """Not an Exception: nothing may take it for a mistake in a file."""


@contextmanager
def cpu_budget(seconds: float = CPU_SECONDS) -> Iterator[None]:
    """Break off what takes longer than that."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TakesForeverError

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def load(data: bytes) -> RuleSet:
    with cpu_budget():
        return load_rules({"a.yaml": data}, now=NOW).rules


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(RulesError) as caught, cpu_budget():
        load_rules({"a.yaml": text.encode()}, now=NOW)
    return caught.value.problems


def calendar_meaning(calendar: Calendar) -> tuple[object, ...]:
    dates = calendar.dates
    kinds = (dates.exact, sorted(dates.ranges), dates.yearly, sorted(dates.yearly_ranges))
    found = (calendar.zone.key, calendar.hours, calendar.holidays, calendar.holiday_years, kinds)
    return calendar.name, found, open_intervals(calendar, AROUND)


def campaign_meaning(campaign: Campaign) -> tuple[object, ...]:
    policy = (campaign.close_early, campaign.resume, campaign.start, campaign.on_drift)
    return campaign.name, campaign.match, [calendar.name for calendar in campaign.calendars], policy


def meaning(rules: RuleSet) -> tuple[object, ...]:
    """All that rules say, and when their calendars are open around now."""
    return (
        rules.revision,
        [calendar_meaning(calendar) for calendar in rules.calendars.values()],
        [campaign_meaning(campaign) for campaign in rules.campaigns],
        rules.incidents,
    )


DAYS = [f"{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]


def _ends(key: str) -> tuple[str, str]:
    first, _, last = key.partition("..")
    return first, last


def check_problem(problem: Problem, data: bytes) -> None:
    """A problem stands on one line and names a place that the file has."""
    assert problem.file == "a.yaml"
    assert "\n" not in str(problem)
    assert str(problem).isprintable()
    assert problem.message
    if problem.message.startswith(WHOLE_FILE):
        assert (problem.line, problem.column) == (0, 0)
        return
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\r|\n", text)
    assert 1 <= problem.line <= len(lines), problem
    assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem


def refused_or_taken_for_what_it_says(data: bytes) -> None:
    """What holds for any bytes."""
    problems: tuple[Problem, ...] | None = None
    try:
        rules = load(data)
    except RulesError as error:
        problems = error.problems
    event("taken" if problems is None else "refused")
    if problems is None:
        assert meaning(load(written_out(rules, YEARS).encode())) == meaning(rules)
    else:
        assert problems
        for problem in problems:
            check_problem(problem, data)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_the_files_that_mistakes_are_made_in_are_right_and_written_out_whole(path: Path) -> None:
    rules = load(path.read_bytes())
    assert meaning(load(written_out(rules, YEARS).encode())) == meaning(rules)


@given(st.binary())
def test_no_bytes_crash_the_loader_or_are_taken_for_what_they_are_not(data: bytes) -> None:
    refused_or_taken_for_what_it_says(data)


@given(st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_text_crashes_the_loader_or_is_taken_for_what_it_is_not(data: bytes) -> None:
    refused_or_taken_for_what_it_says(data)


@given(flipped)
def test_changed_bytes_in_real_rules_are_refused_with_places_or_taken_for_what_they_say(data: bytes) -> None:
    refused_or_taken_for_what_it_says(data)


@given(mistaken)
def test_mistakes_in_real_rules_are_refused_with_places_or_taken_for_what_they_say(text: str) -> None:
    refused_or_taken_for_what_it_says(text.encode("utf-8", "surrogatepass"))


def check_said(content: dict[str, Any], rules: RuleSet) -> None:
    """The rules hold what the plain values say, as far as that needs no reading of times and dates."""
    assert {name: each.zone.key for name, each in rules.calendars.items()} == {
        name: entry["timezone"] for name, entry in content["calendars"].items()
    }
    policies = {
        each.name: (each.resume, each.start, each.on_drift, [calendar.name for calendar in each.calendars])
        for each in rules.campaigns
    }
    defaults = {"resume": "own", "start": False, "on_drift": "report"}
    assert policies == {
        name: (*((defaults | entry)[key] for key in defaults), list(dict.fromkeys(entry["calendars"])))
        for name, entry in content["campaigns"].items()
    }
    for section, found in (("campaigns", rules.campaigns), ("incidents", rules.incidents)):
        for each in found:
            for key, items in content[section][each.name].get("match", {}).items():
                assert getattr(each.match, key) == tuple(dict.fromkeys(items))
    assert {each.name: each.reason for each in rules.incidents} == {
        name: entry["reason"] for name, entry in content["incidents"].items()
    }


@fewer
@given(files, chances)
def test_rules_say_the_same_in_whatever_style_they_are_written(content: dict[str, Any], chance: random.Random) -> None:
    rules = load(in_some_style(content, chance).encode())
    check_said(content, rules)
    assert meaning(load(in_some_style(content, chance).encode())) == meaning(rules)
    assert meaning(load(written_out(rules, YEARS).encode())) == meaning(rules)


@fewer
@given(files, chances, st.lists(slips, min_size=1, max_size=3))
def test_mistakes_in_any_rules_are_refused_with_places_or_taken_for_what_they_say(
    content: dict[str, Any], chance: random.Random, made: list[Slip]
) -> None:
    text = with_slips(in_some_style(content, chance), made)
    refused_or_taken_for_what_it_says(text.encode("utf-8", "surrogatepass"))


CALENDAR = "calendars:\n  floor:\n    timezone: UTC\n    hours: {mon-fri: ['09:00-17:00']}\n"


def test_thousands_of_dates_are_read_as_fast_as_a_few() -> None:
    days = [date.fromordinal(date(2000, 1, 1).toordinal() + number) for number in range(8_000)]
    rules = load((CALENDAR + "    dates:\n" + "".join(f"      {day}: []\n" for day in days)).encode())
    assert len(rules.calendars["floor"].dates.exact) == 8_000


def test_thousands_of_ranges_that_share_a_date_are_each_told_once() -> None:
    ranges = "".join(
        f"      {year}-01-01..2999-{month:02}-01: []\n" for year in range(1970, 2270) for month in range(1, 13)
    )
    problems = problems_of(CALENDAR + "    dates:\n" + ranges)
    assert len({problem.line for problem in problems}) == 3_599


def test_the_same_mistake_thousands_of_times_is_told_each_time_in_no_time() -> None:
    text = "calendars:\n" + "".join(f"  c{number}: {{timezone: America/New_Yorc}}\n" for number in range(8_000))
    problems = problems_of(text)
    assert len(problems) == 8_000
    assert all(problem.message.endswith("did you mean 'America/New_York'?") for problem in problems)


@given(st.lists(st.tuples(*[st.integers(1, 12), st.integers(1, 28)] * 2), min_size=2, max_size=6, unique=True))
def test_every_range_that_shares_a_date_with_another_is_told_of(ends: list[tuple[int, int, int, int]]) -> None:
    keys = [f"{a:02}-{b:02}..{c:02}-{d:02}" for a, b, c, d in ends]
    held = [{day for day in DAYS if (a <= day <= b if a <= b else day >= a or day <= b)} for a, b in map(_ends, keys)]
    shared = [
        [other for other in range(len(keys)) if other != number and held[number] & held[other]]
        for number in range(len(keys))
    ]
    assume(any(shared))
    problems = problems_of(CALENDAR + "    dates:\n" + "".join(f"      {key}: []\n" for key in keys))
    told = set()
    for problem in problems:
        later = keys.index(problem.key_path.removeprefix("calendars.floor.dates."))
        day, _, rest = problem.message.partition(" is already in ")
        earlier = keys.index(rest.split("'")[1])
        assert earlier < later
        assert day in held[earlier] & held[later]
        told |= {earlier, later}
    assert told == {number for number, others in enumerate(shared) if others}
