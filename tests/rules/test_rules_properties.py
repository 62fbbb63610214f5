"""What holds for any rules files."""

import json
import random
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.calendar import Calendar
from controller.core.campaign import Campaign, RuleSet
from controller.rules.loader import load_rules
from controller.rules.problem import Problem, RulesError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()

chances = st.randoms(use_true_random=False)
minutes = st.integers(0, 1439)
clock = minutes.map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
windows = st.lists(
    st.tuples(clock, clock).filter(lambda ends: ends[0] != ends[1]).map("-".join),
    max_size=3,
)
hours = st.dictionaries(st.sampled_from(["mon", "tue-thu", "fri,sun", "sat"]), windows)
dates = st.dictionaries(
    st.sampled_from(["2026-12-24", "2026-12-28..2027-01-01", "02-29", "12-28..01-02", "06-01..06-03"]),
    windows,
)
calendars = st.fixed_dictionaries(
    {"timezone": st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"]), "hours": hours, "dates": dates},
    optional={"holidays": st.just([{"country": "JP", "categories": ["public", "bank"]}])},
)
words = st.lists(st.sampled_from(["US *", "a", "b?", "10", "no", "[x]"]), min_size=1, max_size=3)
campaigns = st.fixed_dictionaries(
    {"match": st.fixed_dictionaries({"names": words}, optional={"except_names": words}), "calendars": st.just(["k"])},
    optional={
        "close_early": st.sampled_from(["0s", "60s", "1m", "2h"]),
        "resume": st.sampled_from(["never", "own", "any"]),
        "start": st.booleans(),
        "on_drift": st.sampled_from(["report", "pause"]),
    },
)
incidents = st.fixed_dictionaries(
    {"reason": st.sampled_from(["carrier", "10"]), "from": st.just("2026-11-23T14:05:00-05:00")},
    optional={"until": st.just("2026-11-23T18:00:00-05:00"), "match": st.fixed_dictionaries({"names": words})},
)
names = st.text("abcXYZ -_.é:", min_size=1, max_size=8).filter(lambda name: name == name.strip())
files = st.fixed_dictionaries(
    {
        "calendars": st.dictionaries(names, calendars, max_size=3).flatmap(
            lambda found: calendars.map(lambda one: {**found, "k": one}),
        ),
        "campaigns": st.dictionaries(names, campaigns, max_size=3),
        "incidents": st.dictionaries(names, incidents, max_size=2),
    },
)


def load(content: object) -> RuleSet:
    return load_rules({"a.yaml": json.dumps(content).encode()}, now=NOW).rules


def meaning(rules: RuleSet) -> tuple[object, ...]:
    """All values of a rule set, without identities."""
    return (
        rules.revision,
        {name: calendar_meaning(calendar) for name, calendar in rules.calendars.items()},
        [campaign_meaning(campaign) for campaign in rules.campaigns],
        rules.incidents,
    )


def calendar_meaning(calendar: Calendar) -> tuple[object, ...]:
    dates = calendar.dates
    kinds = (dates.exact, sorted(dates.ranges), dates.yearly, sorted(dates.yearly_ranges))
    return calendar.name, calendar.zone.key, calendar.hours, calendar.holidays, calendar.holiday_years, kinds


def campaign_meaning(campaign: Campaign) -> tuple[object, ...]:
    policy = (campaign.close_early, campaign.resume, campaign.start, campaign.on_drift)
    return campaign.name, campaign.match, [calendar.name for calendar in campaign.calendars], policy


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same mappings with their keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@settings(max_examples=60)
@given(files, chances)
def test_the_order_of_keys_changes_neither_meaning_nor_revision(content: dict[str, Any], chance: random.Random) -> None:
    assert meaning(load(shuffled(content, chance))) == meaning(load(content))


@settings(max_examples=60)
@given(files, chances)
def test_the_order_of_windows_and_items_changes_no_revision(content: dict[str, Any], chance: random.Random) -> None:
    other = json.loads(json.dumps(content))
    for calendar in other["calendars"].values():
        for day in [*calendar["hours"].values(), *calendar["dates"].values()]:
            chance.shuffle(day)
    for campaign in other["campaigns"].values():
        for items in campaign["match"].values():
            chance.shuffle(items)
    assert load(other).revision == load(content).revision


def only_rules_error(data: bytes) -> None:
    found: tuple[Problem, ...] | None = None
    try:
        load_rules({"a.yaml": data}, now=NOW)
    except RulesError as error:
        found = error.problems
    assert found != ()
    for problem in found or ():
        assert (problem.line == 0) == (problem.column == 0)
        assert problem.message
        assert "\n" not in str(problem)


@settings(max_examples=300)
@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_no_bytes_crash_the_loader(data: bytes) -> None:
    only_rules_error(data)


YAML_PIECES = [
    *"\n\t -?:,[]{}#&*!|>'\"%@`~.",
    "\n  ",
    "\n    ",
    ": ",
    "- ",
    "---\n",
    "<<: ",
    "&a ",
    "*a ",
    "!!str ",
    '"\\UFFFFFFFF"',
    "\\x",
    "calendars:",
    "campaigns:",
    "incidents:",
    "timezone:",
    "UTC",
    "hours:",
    "dates:",
    "holidays:",
    "country: US",
    "match:",
    "names:",
    "2026-12-24",
    "12-24..01-02",
    "99999999999999999999999",
    "null",
    "true",
    "\ufeff",
    "\u2028",
    "\x85",
    "\r",
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(YAML_PIECES), max_size=40).map("".join))
def test_no_yaml_crashes_the_loader(text: str) -> None:
    only_rules_error(text.encode())


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def replaced(value: Any, chance: random.Random, other: Any) -> Any:
    """The same content with one value at a random place replaced."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.1:
        return other
    if isinstance(value, dict):
        chosen = chance.choice(list(value))
        return {key: replaced(item, chance, other) if key == chosen else item for key, item in value.items()}
    place = chance.randrange(len(value))
    return [replaced(item, chance, other) if index == place else item for index, item in enumerate(value)]


@settings(max_examples=300)
@given(files, chances, anything)
def test_no_value_at_any_place_crashes_the_loader(content: dict[str, Any], chance: random.Random, other: Any) -> None:
    only_rules_error(json.dumps(replaced(content, chance, other)).encode())
