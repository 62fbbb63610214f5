"""The words that stores, logs, JSON and other people's scripts hold: they never change their spelling."""

from enum import StrEnum

import pytest

from controller.core.calendar import DayKind
from controller.core.campaign import SELECTOR_KEYS, Campaign, OnDrift, Resume, Selector
from controller.core.claim import ADOPTED, ClaimState
from controller.core.controls import OPERATOR
from controller.core.decision import Action, Because, Desired, Reason
from controller.core.finding import DANGEROUS_DRIFT, FindingKind
from controller.core.forecast import State
from controller.core.job import JobKey, Status
from controller.core.precedence import PRECEDENCE
from controller.core.signals import NoticeStatus, Turn
from tests.core.build import calendar

WORDS = [
    (DayKind, "hours dates holiday unknown"),
    (Resume, "never own any"),
    (OnDrift, "report pause repair"),
    (ClaimState, "intended held resuming resumed resumed_by_others released finished gone"),
    (Desired, "dial pause leave"),
    (Reason, "finished incident hold unmatched special_date holiday outside_hours schedule_drift open"),
    (Action, "pause resume start none"),
    (
        Because,
        (
            "running overridden resume_unproven ours any_pause may_start already paused_by_others resume_never "
            "orphaned not_started unread clock_untrusted unknown_status finished unmatched"
        ),
    ),
    (
        FindingKind,
        (
            "schedule_missing schedule_wider schedule_narrower schedule_disjoint schedule_unreadable verify_failed "
            "unknown_status tug_of_war orphaned_claim"
        ),
    ),
    (State, "open closed"),
    (NoticeStatus, "firing resolved"),
    (Turn, "kept ending closed"),
    (Status, "INIT ACTIVE PAUSED COMPLETE CANCELLED UNKNOWN"),
]


@pytest.mark.parametrize(("words", "spelling"), WORDS, ids=lambda value: getattr(value, "__name__", None))
def test_every_word_is_spelled_as_it_is_stored_and_shown(words: type[StrEnum], spelling: str) -> None:
    assert [each.value for each in words] == spelling.split()
    assert [each.name.lower() for each in words] == spelling.lower().split()


def test_the_reason_of_an_adopted_claim_is_adopted() -> None:
    assert ADOPTED == "adopted"


def test_the_source_of_what_a_person_opened_is_operator() -> None:
    assert OPERATOR == "operator"


def test_the_keys_of_a_selector_are_those_that_rules_may_hold() -> None:
    assert " ".join(SELECTOR_KEYS) == (
        "workspaces names agents ids campaigns except_workspaces except_names except_agents except_ids except_campaigns"
    )


def test_the_drift_that_is_dangerous_lets_the_provider_dial_when_the_rules_forbid_it() -> None:
    assert {kind.value for kind in DANGEROUS_DRIFT} == {"schedule_missing", "schedule_wider", "schedule_unreadable"}


def test_a_campaign_that_says_nothing_closes_a_minute_early_resumes_its_own_starts_nothing_and_reports_drift() -> None:
    campaign = Campaign("any", Selector(names=("*",)), (calendar(),))
    policy = (campaign.close_early, campaign.resume, campaign.start, campaign.on_drift)
    assert policy == (60, Resume.OWN, False, OnDrift.REPORT)


def test_the_precedence_table_is_the_one_that_operators_know() -> None:
    assert [(row.number, row.condition, row.desired.value, row.reason.value) for row in PRECEDENCE] == [
        (1, "status COMPLETE or CANCELLED", "leave", "finished"),
        (2, "an incident covers it", "pause", "incident"),
        (3, "a hold is on it", "pause", "hold"),
        (4, "no campaign matches", "leave", "unmatched"),
        (5, "the local date has a `dates` entry, and no window of it is open", "pause", "special_date"),
        (6, "the local date, without a `dates` entry, is a holiday", "pause", "holiday"),
        (7, "no window is open, or within `close_early` of the close", "pause", "outside_hours"),
        (9, "provider schedule drifts and a campaign says `on_drift: pause`", "pause", "schedule_drift"),
        (10, "otherwise", "dial", "open"),
    ]


def test_a_job_is_named_by_its_workspace_and_id() -> None:
    assert str(JobKey("main", "job-1")) == "main/job-1"
