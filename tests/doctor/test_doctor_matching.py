import pytest

from controller.core.job import Job, Status
from controller.core.rulebook import Rulebook
from controller.doctor.check import Check, Verdict
from controller.doctor.matching import check_matching
from controller.rules.loader import load_rules

NOW = 1_795_000_000.0
RULES = """\
calendars: {c: {timezone: UTC, hours: {mon-sun: ["09:00-17:00"]}}}
campaigns:
  spring: {match: {names: ["Spring *"]}, calendars: [c]}
  autumn: {match: {workspaces: [west], names: ["Autumn *"]}, calendars: [c]}
  winter: {match: {names: ["Winter *"], except_workspaces: [west]}, calendars: [c]}
"""


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return Rulebook(load_rules({"a.yaml": RULES.encode()}, now=NOW).rules)


def jobs(workspace: str, *names: str) -> list[Job]:
    return [
        Job(workspace, f"j{number}", name, Status.ACTIVE, "agt", None, "ACTIVE") for number, name in enumerate(names)
    ]


def told(checks: list[Check], name: str) -> list[tuple[str, Verdict, str]]:
    return [(check.about, check.verdict, check.seen) for check in checks if check.name == name]


def test_where_all_match_one_line_each_says_so(rulebook: Rulebook) -> None:
    found = {"east": jobs("east", "Spring 1", "Winter 1"), "west": jobs("west", "Autumn 1")}
    checks = check_matching(rulebook, found)
    assert told(checks, "jobs") == [
        ("east", Verdict.OK, "a campaign matches each of 2"),
        ("west", Verdict.OK, "a campaign matches each of 1"),
    ]
    assert told(checks, "campaign") == [("", Verdict.OK, "each of 3 matches a job")]


def test_jobs_that_no_campaign_matches_are_named_as_far_as_there_is_room(rulebook: Rulebook) -> None:
    found = {"east": jobs("east", "Spring 1", *(f"Sprung {number}" for number in range(7)))}
    [(workspace, verdict, seen)] = told(check_matching(rulebook, found), "jobs")
    assert (workspace, verdict) == ("east", Verdict.WARN)
    named = "Sprung 0 (j1), Sprung 1 (j2), Sprung 2 (j3), Sprung 3 (j4), Sprung 4 (j5) and 2 more"
    assert seen == f"no campaign matches 7 of 8, which are left as they are: {named}"


def test_each_campaign_that_matches_no_job_is_named(rulebook: Rulebook) -> None:
    found = {"east": jobs("east", "Spring 1", "Autumn 1"), "west": jobs("west", "Winter 1")}
    assert told(check_matching(rulebook, found), "campaign") == [
        ("autumn", Verdict.WARN, "it matches no unfinished job"),
        ("winter", Verdict.WARN, "it matches no unfinished job"),
    ]


def test_where_a_workspace_could_not_be_read_nothing_is_concluded_of_those_who_select_it(rulebook: Rulebook) -> None:
    checks = check_matching(rulebook, {"east": jobs("east", "Spring 1"), "west": None})
    assert told(checks, "jobs") == [("east", Verdict.OK, "a campaign matches each of 1")]
    assert told(checks, "campaign") == [
        ("autumn", Verdict.WARN, "it matches no job that could be read; not those of west"),
        ("winter", Verdict.WARN, "it matches no unfinished job"),
    ]


def test_rules_without_campaigns_have_none_to_tell_of() -> None:
    empty = Rulebook(load_rules({"a.yaml": b"calendars: {}\n"}, now=NOW).rules)
    checks = check_matching(empty, {"east": jobs("east", "Spring 1")})
    assert told(checks, "campaign") == []
    assert told(checks, "jobs")[0][1] is Verdict.WARN
