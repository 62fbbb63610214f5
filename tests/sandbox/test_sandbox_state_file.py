"""A sandbox that is made again comes back with its jobs."""

import json
from pathlib import Path
from typing import Any

import pytest

from controller.core.campaign import Campaign, RuleSet, Selector
from controller.core.job import Status
from controller.sandbox import Sandbox, StateFileError
from controller.sandbox.bodies import CreateBody
from controller.sandbox.dialer import LONGEST_CALL

MONDAYS = {
    "days": [{"dayOfWeek": 1, "timeSlots": [{"startTime": "09:00", "endTime": "17:00"}]}],
    "timezone": "America/New_York",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.json"


def answers(sandbox: Sandbox) -> list[Any]:
    return [(job.id, job.name, job.status, job.shown, job.running) for job in sandbox._workspace.jobs_after(0)]


def test_every_change_of_a_job_is_on_disk_at_once(clock: Any, path: Path) -> None:
    """As after `kill -9`: the first sandbox is never closed."""
    killed = Sandbox(clock, "key", state_file=path)
    assert not killed.restored
    first = killed.add_job("a", status=Status.ACTIVE, schedule=MONDAYS)
    killed.add_job("b", status=Status.CANCELLED, job_id="mine")
    killed.set_paused(first, paused=True)
    again = Sandbox(clock, "key", state_file=path)
    assert again.restored
    assert answers(again) == answers(killed)
    assert again.status(first) is Status.PAUSED
    assert again.add_job("c") not in (first, "mine")


def test_a_job_that_completes_by_itself_is_saved_too(clock: Any, path: Path) -> None:
    killed = Sandbox(clock, "key", state_file=path)
    job = killed.add_job("a", status=Status.ACTIVE, rows=1)
    clock.at += LONGEST_CALL
    killed.step()
    assert Sandbox(clock, "key", state_file=path).status(job) is Status.COMPLETE


def test_forbidden_calls_are_not_forgotten(clock: Any, path: Path, make_calendar: Any) -> None:
    never = Campaign("us", Selector(names=("*",)), (make_calendar(hours={}),))
    killed = Sandbox(clock, "key", state_file=path)
    killed.judge_by(RuleSet("r", {}, (never,), (), {}))
    killed.add_job("a", status=Status.ACTIVE, max_concurrent_dials=3)
    killed.step()
    assert Sandbox(clock, "key", state_file=path).stats().total.forbidden_calls == {"outside_hours": 3}


async def test_rows_counts_and_calls_in_progress_survive_a_restart_and_nobody_dials_meanwhile(
    clock: Any, path: Path
) -> None:
    body = CreateBody.model_validate(
        {
            "callAgentId": "agent-1",
            "maxConcurrentDials": 1,
            "name": "a",
            "rows": [{"toNumber": f"+1212555010{digit}", "inputs": {"n": str(digit)}} for digit in range(5)],
        }
    )
    async with Sandbox(clock, "key", state_file=path) as before:
        job = before._workspace.create(body).id
        before.set_paused(job, paused=False)
        assert before.stats().jobs[job].calls_in_progress == 1
        row = before._workspace.find(job).row(3)
    down_until = clock.at = clock.at + 10 * LONGEST_CALL
    again = Sandbox(clock, "key", state_file=path)
    assert again._workspace.find(job).row(3) == row
    counts = again.stats().jobs[job]
    assert (counts.calls_begun, counts.calls_in_progress, counts.calls_finished) == (2, 1, 1)
    assert [call.begun for call in again.calls()] == [down_until]


def test_the_file_is_replaced_whole_and_nothing_else_is_left(clock: Any, path: Path) -> None:
    sandbox = Sandbox(clock, "key", state_file=path)
    for number in range(3):
        sandbox.add_job(f"job {number}")
        assert len(json.loads(path.read_text())["jobs"]) == number + 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "the file"),
        ("{", "the file"),
        ('{"version": 2, "numbered": 0, "jobs": []}', "version"),
        ('{"version": 1, "numbered": 1, "jobs": [{"id": "a"}]}', "jobs.0"),
    ],
)
def test_a_file_that_is_no_state_is_refused_with_its_place(clock: Any, path: Path, text: str, place: str) -> None:
    path.write_text(text)
    with pytest.raises(StateFileError, match=rf"sandbox\.json: {place}.*version 1 is wanted \(delete it") as error:
        Sandbox(clock, "key", state_file=path)
    assert str(path) in str(error.value)
    assert path.read_text() == text
