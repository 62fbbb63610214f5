import pytest

from controller.core.campaign import Incident, Selector
from tests.core.build import job


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("US renewals *", "US renewals 7", True),
        ("US renewals *", "US renewals ", True),
        ("US renewals *", "US renewals", False),
        ("US*", "my US job", False),
        ("*US*", "my US job", True),
        ("us *", "US renewals", False),
        ("US ?", "US 7", True),
        ("US ?", "US 77", False),
        ("US ?", "US ", False),
        ("*", "", True),
        ("?", "", False),
        ("job [ab]", "job a", False),
        ("job [ab]", "job [ab]", True),
        ("job [!a]*", "job [!a] 3", True),
        ("a.c", "abc", False),
        ("a+", "aaa", False),
        ("a|b", "a", False),
        ("a|b", "a|b", True),
        ("(a)^$", "(a)^$", True),
        ("tail\\*", "tail\\ of it", True),
        ("tail\\*", "tail*", False),
        ("tail\\?", "tail\\x", True),
        ("two\nlines", "two\nlines", True),
        ("two*", "two\nlines", True),
        ("two?lines", "two\nlines", True),
        ("exact", "exact\n", False),
        ("Ü*", "Übung", True),
        ("ü*", "Übung", False),
    ],
)
def test_only_the_star_and_the_question_mark_are_special_and_case_counts(glob: str, name: str, matches: bool) -> None:
    assert Selector(names=(glob,)).matches(job(name=name)) is matches
    assert Selector(agents=("agt_1",), except_names=(glob,)).matches(job(name=name)) is not matches


def test_the_items_of_one_key_are_alternatives() -> None:
    either = Selector(names=("US *", "UK ?"), agents=("agt_1", "agt_2"))
    assert either.matches(job(name="US 12", agent_id="agt_2"))
    assert either.matches(job(name="UK 1", agent_id="agt_1"))
    assert not either.matches(job(name="UK 12", agent_id="agt_1"))


def test_an_alternative_must_match_the_whole_name() -> None:
    assert not Selector(names=("US", "US renewals")).matches(job(name="US renewals 7"))


@pytest.mark.parametrize(
    "other",
    [{"workspace": "test"}, {"id": "job-2"}, {"agent_id": "agt_2"}, {"name": "UK 1"}],
)
def test_every_key_must_agree(other: dict[str, str]) -> None:
    selector = Selector(workspaces=("main",), ids=("job-1",), agents=("agt_1",), names=("US *",))
    assert selector.matches(job())
    assert not selector.matches(job(**other))


@pytest.mark.parametrize(
    "exception",
    [
        {"except_workspaces": ("main", "other")},
        {"except_ids": ("job-1",)},
        {"except_agents": ("agt_1",)},
        {"except_names": ("never", "*7")},
    ],
)
def test_one_exception_is_enough_to_leave_a_job_out(exception: dict[str, tuple[str, ...]]) -> None:
    assert not Selector(names=("*",), **exception).matches(job())
    assert Selector(names=("*",), **exception).matches(
        job(workspace="w", id="job-2", agent_id="agt_2", name="US renewals 8")
    )


def test_ids_agents_and_workspaces_are_no_globs() -> None:
    assert not Selector(ids=("job-*",)).matches(job())
    assert not Selector(agents=("agt_?",)).matches(job())
    assert not Selector(workspaces=("*",)).matches(job())


def test_the_campaigns_key_asks_for_one_of_the_campaigns_that_match_the_job() -> None:
    selector = Selector(campaigns=("renewals", "surveys"))
    assert selector.matches(job(), ("renewals",))
    assert selector.matches(job(), ("other", "surveys"))
    assert not selector.matches(job(), ("other",))
    assert not selector.matches(job())


def test_except_campaigns_leaves_out_a_job_that_any_of_them_matches() -> None:
    selector = Selector(names=("*",), except_campaigns=("surveys",))
    assert selector.matches(job())
    assert selector.matches(job(), ("renewals",))
    assert not selector.matches(job(), ("renewals", "surveys"))


def test_an_incident_without_match_covers_every_job_that_a_campaign_matches() -> None:
    incident = Incident("i", "r", 0.0)
    assert incident.covers(job(), ("renewals",))
    assert not incident.covers(job(), ())


def test_an_incident_with_match_covers_the_jobs_that_it_selects_also_unmatched_ones() -> None:
    incident = Incident("i", "r", 0.0, match=Selector(names=("US *",)))
    assert incident.covers(job(), ())
    assert not incident.covers(job(name="UK 1"), ("renewals",))


def test_an_incident_for_everything_covers_unmatched_jobs_too() -> None:
    assert Incident("i", "r", 0.0, everything=True).covers(job(name="UK 1"), ())


def test_equal_selectors_are_equal_values() -> None:
    assert Selector(names=("a",)) == Selector(names=("a",))
    assert len({Selector(names=("a",)), Selector(names=("a",)), Selector(names=("b",))}) == 2
