"""Lists of many jobs: each is decided once, and nobody else waits for that."""

import asyncio
from typing import Any

import pytest

from controller.runtime.snapshot import Snapshot
from tests.web.daemon_stage import DaemonStage, opened

COUNT = 1000


async def test_a_list_decides_each_job_once_and_only_what_is_asked_for(
    served: DaemonStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[str] = []
    decide = Snapshot.decide

    def counted(self: Snapshot, job: Any, *more: Any) -> Any:
        decided.append(job.id)
        return decide(self, job, *more)

    monkeypatch.setattr(Snapshot, "decide", counted)
    await served.get("/api/v1/jobs?status=PAUSED")
    assert decided == ["other", "owls"]
    decided.clear()
    await served.get("/api/v1/status")
    assert sorted(decided) == ["east", "other", "owls", "west"]
    decided.clear()
    await served.get("/api/v1/jobs?limit=1")
    assert decided == ["east", "other"], "one more tells that there are more"


async def test_of_a_thousand_jobs_each_is_there_and_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("") as served:
        names = [f"{number:04}" for number in range(COUNT)]
        for name in names:
            served.add(f"Renewals {name}", job_id=name)
        await served.start()
        turns = 0
        seen: set[int] = set()
        decide = Snapshot.decide

        def counted(self: Snapshot, *more: Any) -> Any:
            seen.add(turns)
            return decide(self, *more)

        async def take_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        monkeypatch.setattr(Snapshot, "decide", counted)
        others = asyncio.create_task(take_turns())
        found = (await served.get("/api/v1/jobs")).json
        others.cancel()
        assert [job["job"] for job in found] == names
        assert len(seen) >= COUNT // 100
        last = (await served.get("/api/v1/jobs?limit=2&after=main/0997")).json
        assert [job["job"] for job in last] == ["0998", "0999"]
