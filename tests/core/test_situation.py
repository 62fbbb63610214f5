from itertools import permutations, product

import pytest

from controller.core.campaign import OnDrift, Resume
from controller.core.situation import all_start, any_pauses_on_drift, least_resume
from tests.core.build import campaign, hours, situation

LEAST = {
    (Resume.NEVER, Resume.NEVER): Resume.NEVER,
    (Resume.NEVER, Resume.OWN): Resume.NEVER,
    (Resume.NEVER, Resume.ANY): Resume.NEVER,
    (Resume.OWN, Resume.OWN): Resume.OWN,
    (Resume.OWN, Resume.ANY): Resume.OWN,
    (Resume.ANY, Resume.ANY): Resume.ANY,
}


@pytest.mark.parametrize(("policies", "least"), LEAST.items())
def test_the_least_resume_policy_of_two_campaigns_holds(policies: tuple[Resume, Resume], least: Resume) -> None:
    for order in permutations(policies):
        assert least_resume(tuple(campaign(resume=policy) for policy in order)) is least


def test_the_least_resume_policy_of_many_campaigns_holds() -> None:
    policies = (Resume.ANY, Resume.OWN, Resume.NEVER, Resume.ANY)
    assert least_resume(tuple(campaign(resume=policy) for policy in policies)) is Resume.NEVER


def test_a_job_without_campaigns_has_only_our_own_pauses_resumed() -> None:
    assert least_resume(()) is Resume.OWN


@pytest.mark.parametrize("starts", list(product((True, False), repeat=3)))
def test_a_job_is_started_only_if_all_campaigns_say_so(starts: tuple[bool, ...]) -> None:
    assert all_start(tuple(campaign(start=start) for start in starts)) is (starts == (True, True, True))


def test_a_job_without_campaigns_is_never_started() -> None:
    assert all_start(()) is False


@pytest.mark.parametrize("policies", list(product(OnDrift, repeat=2)))
def test_drift_pauses_if_any_campaign_says_so(policies: tuple[OnDrift, ...]) -> None:
    asked = any_pauses_on_drift(tuple(campaign(on_drift=policy) for policy in policies))
    assert asked is (OnDrift.PAUSE in policies)


def test_drift_pauses_no_job_without_campaigns() -> None:
    assert any_pauses_on_drift(()) is False


def test_an_incident_is_anticipated_by_the_most_that_any_campaign_asks() -> None:
    assert situation(hours(close_early=60), hours(close_early=300), hours(close_early=0)).close_early == 300
    assert situation().close_early == 60, "the default, for jobs that no campaign matches"


def test_the_campaign_names_come_in_the_order_of_the_rules() -> None:
    assert situation(hours(name="b"), hours(name="a")).campaign_names == ("b", "a")
