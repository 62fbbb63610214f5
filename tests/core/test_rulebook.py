from controller.core.campaign import Campaign, Incident, RuleSet, Selector
from controller.core.job import Job, Status
from controller.core.rulebook import Rulebook
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
