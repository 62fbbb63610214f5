"""A job about which not everything can be said: where what can be said asks for a pause, it is paused, and no more."""

from typing import Any

import pytest

from controller.core import judgements as judgements_module
from controller.core import rulebook as rulebook_module
from controller.core.job import JobKey, Status
from controller.core.situation import Situation
from controller.runtime import snapshot as snapshot_module
from tests.core.build import campaign
from tests.runtime.stage import MORNING, OPEN, SHUT, Stage, lines


@pytest.mark.parametrize("fast", [True, False])
async def test_a_closed_job_whose_drift_cannot_be_found_is_paused_all_the_same(
    stage: Stage, logs: list[Any], monkeypatch: pytest.MonkeyPatch, *, fast: bool
) -> None:
    odd, job = stage.add(schedule=None), stage.add()
    await stage.at(OPEN)
    assert await stage.findings() == ["schedule_missing"]
    find = rulebook_module.find_drift

    def failing(key: JobKey, *more: Any) -> Any:
        if key.id == odd:
            raise OverflowError("no such date")
        return find(key, *more)

    monkeypatch.setattr(rulebook_module, "find_drift", failing)
    stage.use(campaign())
    await stage.at(OPEN + 30)
    assert (stage.status(odd), stage.status(job)) == (Status.ACTIVE, Status.ACTIVE)
    if fast:
        stage.clock.instant = SHUT
        await stage.reconciler.fast_path(SHUT)
    else:
        await stage.at(SHUT)
    assert (stage.status(odd), stage.status(job)) == (Status.PAUSED, Status.PAUSED)
    assert {line["job"] for line in lines(logs, "job.undecided")} == {odd}
    assert await stage.findings() == ["schedule_missing"], "of what cannot be looked at, nothing is said"
    await stage.at(MORNING)
    assert (stage.status(odd), stage.status(job)) == (Status.PAUSED, Status.ACTIVE)


async def test_a_closed_job_of_which_another_reading_of_the_clock_can_say_nothing_is_paused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stage.add()
    await stage.at(OPEN)
    judge = snapshot_module.judge

    def failing(situation: Situation, now: float) -> Any:
        if now < OPEN:
            raise ValueError("year 0 is out of range")
        return judge(situation, now)

    for module in (snapshot_module, judgements_module):
        monkeypatch.setattr(module, "judge", failing)
    stage.watch.dated(OPEN - 7200, stage.watch.asked())
    await stage.at(SHUT)
    assert stage.status(job) is Status.PAUSED
