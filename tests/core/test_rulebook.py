from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.campaign import Campaign, Incident, RuleSet, Selector
from controller.core.drift import find_drift
from controller.core.finding import Finding
from controller.core.job import Job, JobKey, Status
from controller.core.rulebook import Rulebook
from tests.core.build import ALWAYS, calendar
from tests.runtime.scene import HandClock, at, rulebook


def job(name: str, schedule: str | None = None) -> Job:
    return Job("main", "j1", name, Status.ACTIVE, "a", schedule, "ACTIVE")


def book(*incidents: Incident) -> Rulebook:
    rules = rulebook(HandClock(at("10:00")), "", "").rules
    return Rulebook(RuleSet("r", rules.calendars, rules.campaigns, incidents, {}))


def test_a_renamed_job_is_matched_anew() -> None:
    rules = book()
    assert [hours.campaign.name for hours in rules.campaigns_of(job("R 1"))] == ["renewals"]
    assert rules.campaigns_of(job("other")) == ()
    rules.forget([job("other").key])
    assert rules.campaigns_of(job("other")) == ()


def test_the_next_transition_is_the_earliest_of_all_campaigns_and_incidents_with_their_lead() -> None:
    assert book().next_transition(at("10:00")) == at("16:59")
    incident = Incident("i", "why", at("12:00"), at("13:00"))
    assert book(incident).next_transition(at("10:00")) == at("11:59")
    assert book(incident).next_transition(at("12:00")) == at("13:00")
    assert Rulebook(RuleSet("r", {}, (), (), {})).next_transition(at("10:00")) is None


def test_incidents_cover_the_jobs_that_a_campaign_matches() -> None:
    incident = Incident("i", "why", at("12:00"))
    assert book(incident).incidents_of(job("R 1")) == (incident,)
    assert book(incident).incidents_of(job("other")) == ()
    assert book().incidents_of(job("R 1")) == ()


def test_drift_is_compared_once_a_day_and_named_for_each_job() -> None:
    rules = book()
    found = rules.drift_of(job("R 1"), at("10:00"))
    assert [finding.kind for finding in found] == ["schedule_missing"]
    assert rules.drift_of(job("R 1"), at("10:01")) == found
    assert rules.drift_of(job("R 1"), at("10:00") + 86_400) == found
    assert rules.drift_of(job("other"), at("10:00")) == ()


def test_a_selector_by_agent_matches() -> None:
    rules = rulebook(HandClock(at("10:00")), "", "").rules
    campaign = Campaign("by-agent", Selector(agents=("a",)), rules.campaigns[0].calendars)
    assert len(Rulebook(RuleSet("r", {}, (campaign,), (), {})).campaigns_of(job("x"))) == 1


def test_a_job_is_matched_once_while_its_name_and_agent_stay() -> None:
    rules = book()
    first = rules.campaigns_of(job("R 1"))
    assert rules.campaigns_of(job("R 1")) is first
    assert rules.campaigns_of(replace(job("R 1"), status=Status.PAUSED)) is first


@given(
    st.lists(st.tuples(st.sampled_from("12"), st.sampled_from(["R 1", "R 2", "x"]), st.sampled_from("ab")), max_size=9)
)
def test_what_is_remembered_of_a_job_is_what_is_said_of_it_anew(looks: list[tuple[str, str, str]]) -> None:
    rules = book()
    known: dict[str, tuple[str, str]] = {}
    for job_id, name, agent in looks:
        looked_at = replace(job(name), id=job_id, agent_id=agent)
        with mock.patch.object(Selector, "matches", autospec=True, side_effect=Selector.matches) as matches:
            found = rules.matching(looked_at)
            assert found is rules.matching(replace(looked_at, status=Status.PAUSED))
        assert found.names == book().matching(looked_at).names
        assert matches.call_count == (0 if known.get(job_id) == (name, agent) else len(rules.campaigns))
        assert rules._matched[looked_at.key].status is Status.PAUSED
        known[job_id] = (name, agent)


def test_a_job_whose_agent_or_name_changed_is_matched_anew() -> None:
    calendars = book().rules.campaigns[0].calendars
    by_agent = Campaign("by-agent", Selector(agents=("a",)), calendars)
    rules = Rulebook(RuleSet("r", {}, (by_agent,), (), {}))
    names = [
        [hours.campaign.name for hours in rules.campaigns_of(replace(job("x"), agent_id=agent))] for agent in "aba"
    ]
    assert names == [["by-agent"], [], ["by-agent"]]


def test_a_forgotten_job_is_not_remembered() -> None:
    rules = book()
    rules.campaigns_of(job("R 1"))
    rules.forget([job("R 1").key, job("never seen").key])
    assert rules._matches == rules._matched == {}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When schedules were compared."""
    instants: list[float] = []

    def counting(key: JobKey, schedule: str | None, campaigns: tuple[Campaign, ...], now: float) -> tuple[Finding, ...]:
        instants.append(now)
        return find_drift(key, schedule, campaigns, now)

    monkeypatch.setattr("controller.core.rulebook.find_drift", counting)
    return instants


def test_the_same_schedule_of_the_same_campaigns_is_compared_once_a_day(compared: list[float]) -> None:
    rules, midnight = book(), at("00:00") + 86_400
    other = replace(job("R 2"), id="j2")
    for now in (midnight - 3600, midnight - 1, midnight, midnight + 1, midnight + 86_399, midnight + 86_400):
        for each in (job("R 1"), other):
            assert [finding.job for finding in rules.drift_of(each, now)] == [each.key]
    assert compared == [midnight - 3600, midnight, midnight + 86_400]
    assert len(rules._drift) == 1


def test_the_begin_of_an_incident_is_a_transition_for_jobs_without_a_lead_too() -> None:
    incident = Incident("i", "why", at("12:00"), at("13:00"))
    assert book(incident).next_transition(at("11:59")) == at("12:00")
    alone = Rulebook(RuleSet("r", {}, (), (incident,), {}))
    assert [alone.next_transition(at(now)) for now in ("10:00", "11:59")] == [at("11:59"), at("12:00")]


def test_an_open_incident_that_has_begun_has_no_transition_to_come() -> None:
    rules = Rulebook(RuleSet("r", {}, (), (Incident("i", "why", at("09:00")),), {}))
    assert rules.next_transition(at("10:00")) is None


def test_a_campaign_that_never_changes_hides_no_transition_of_another() -> None:
    renewals = book().rules.campaigns[0]
    always = Campaign("always", Selector(names=("*",)), (calendar("always", hours=ALWAYS),))
    rules = Rulebook(RuleSet("r", {}, (always, renewals), (), {}))
    assert rules.next_transition(at("10:00")) == at("16:59")
    assert Rulebook(RuleSet("r", {}, (always,), (), {})).next_transition(at("10:00")) is None
