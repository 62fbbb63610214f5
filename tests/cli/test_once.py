import json
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.store.errors import StoreError, StoreReason
from controller.store.store import Store
from tests.cli.stage import Stage


def test_all_as_desired_is_exit_0(stage: Stage) -> None:
    box = stage.sandbox()
    owls, east = box.add("Night owls"), box.add("Renewals east")
    start, others = box.add("Start me", "INIT"), box.add("Renewals west", "PAUSED")
    assert stage.records("once") == [
        {
            "workspace": "main",
            "failed": False,
            "problem": None,
            "jobs": 4,
            "done": {"pause_verified": 1, "start_verified": 1},
            "left": {"already": 1, "paused_by_others": 1},
        }
    ]
    assert [box.status(job) for job in (owls, east, start, others)] == ["PAUSED", "ACTIVE", "ACTIVE", "PAUSED"]


def test_the_table_says_what_was_done_and_what_was_left(stage: Stage) -> None:
    stage.sandbox().add("Night owls")
    first, second = stage.run("once").stdout, stage.run("once").stdout
    assert "1 pause_verified" in first
    assert "nothing" in second
    assert "1 already" in second


def test_an_unreachable_workspace_is_exit_1(stage: Stage) -> None:
    done = stage.run("once", "--output", "json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)[0]["problem"] == "connection"
    assert "the jobs of workspace main could not be read: connection" in done.stderr


def test_it_refuses_while_a_daemon_holds_the_lock(stage: Stage) -> None:
    box = stage.sandbox()
    stage.daemon()
    job = box.add("Night owls")
    done = stage.run("once")
    assert done.exit_code == 1
    assert "only one process may write a store" in done.stderr
    assert done.stdout == ""
    assert job


def test_a_pause_by_one_run_is_resumed_by_a_later_one(stage_at: Callable[..., Stage]) -> None:
    stage = stage_at("2026-11-24T08:59:58.5-05:00")
    box = stage.sandbox()
    job = box.add("Renewals east")
    assert stage.run("once").exit_code == 0
    assert box.status(job) == "PAUSED"
    stage.env["CAMPAIGN_CONTROLLER_CLOCK"] = str(stage.clock).replace(
        repr(stage.clock.start), repr(stage.clock.start + 30)
    )
    assert stage.run("once").exit_code == 0
    assert box.status(job) == "ACTIVE"


def test_a_store_that_cannot_be_written_is_said_and_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job = (box := stage.sandbox()).add("Night owls")

    async def full(_self: Store, _changes: object) -> None:
        raise StoreError(StoreReason.FULL, "no space left on the disk")

    monkeypatch.setattr(Store, "write", full)
    done = stage.run("once")
    assert done.exit_code == 1
    assert "the store could not be written" in done.stderr
    assert box.status(job) == "PAUSED", "a broken store stops no pause"


def test_a_store_that_is_none_is_exit_1(stage: Stage, tmp_path: Path) -> None:
    stage.sandbox()
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "controller.db").write_bytes(b"not a database" * 100)
    for command in (["once"], ["plan"], ["audit"]):
        done = stage.run(*command)
        assert done.exit_code == 1, command
        assert "controller.db" in done.stderr
