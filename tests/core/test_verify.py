import pytest

from controller.core.decision import Action
from controller.core.finding import FindingKind
from controller.core.job import JobKey, Status
from controller.core.verify import agrees, verify_failed
from tests.core.build import job

AGREES = {
    (Action.PAUSE, Status.PAUSED): True,
    (Action.PAUSE, Status.INIT): True,
    (Action.PAUSE, Status.COMPLETE): True,
    (Action.PAUSE, Status.CANCELLED): True,
    (Action.PAUSE, Status.ACTIVE): False,
    (Action.PAUSE, Status.UNKNOWN): False,
    (Action.RESUME, Status.ACTIVE): True,
    (Action.RESUME, Status.COMPLETE): True,
    (Action.RESUME, Status.CANCELLED): True,
    (Action.RESUME, Status.PAUSED): False,
    (Action.RESUME, Status.INIT): False,
    (Action.RESUME, Status.UNKNOWN): False,
    (Action.START, Status.ACTIVE): True,
    (Action.START, Status.COMPLETE): True,
    (Action.START, Status.CANCELLED): True,
    (Action.START, Status.PAUSED): False,
    (Action.START, Status.INIT): False,
    (Action.START, Status.UNKNOWN): False,
}


@pytest.mark.parametrize(("action", "status"), AGREES)
def test_an_answer_agrees_if_its_status_is_what_was_asked_or_the_job_has_finished(
    action: Action, status: Status
) -> None:
    assert agrees(action, job(status)) is AGREES[action, status]


def test_a_change_that_was_not_seen_in_time_is_a_finding_with_the_status_as_it_was_sent() -> None:
    answer = job(Status.UNKNOWN, status_text="STOPPING", id="j9")
    finding = verify_failed(Action.PAUSE, answer, 15.0)
    assert finding.job == JobKey("main", "j9")
    assert finding.kind is FindingKind.VERIFY_FAILED
    assert finding.detail == "pause was sent, and after 15 s the job still says STOPPING"
    assert finding.facts == {"action": "pause", "status": "STOPPING"}
