"""The end that nothing can prepare for, met in the middle of many writes."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from controller.store.reader import StoreReader
from controller.store.records import AuditFilter
from controller.store.store import Store

BATCH = 50

WRITER = f"""
import asyncio, itertools, sys
from controller.core.claim import Claim, ClaimState
from controller.store.changes import Audit, PutClaim
from controller.store.store import Store

async def main():
    store = await Store.open(sys.argv[1])
    for batch in itertools.count():
        changes = []
        for n in range({BATCH}):
            job = f"job_{{batch}}_{{n}}"
            changes.append(PutClaim(Claim(
                id=job, workspace="main", job_id=job, job_name=job, state=ClaimState.INTENDED, reason="holiday",
                detail=str(batch), since=float(batch), changed=float(batch), campaigns=())))
            changes.append(Audit(float(batch), "job.paused", job_id=job))
        await store.write(changes)
        print(batch, flush=True)

asyncio.run(main())
"""


def write_until_killed(url: str, batches: int) -> int:
    """Start a writer, kill it right after it said that so many batches are durable; returns the last it said."""
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(next(writer.stdout)) for _ in range(batches)]
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.stdout if line.endswith("\n")]
    assert writer.returncode == -signal.SIGKILL
    return said[-1]


@pytest.mark.parametrize("batches", [1, 7, 40])
async def test_kill_loses_no_batch_that_was_durable_and_tears_none(url: str, path: Path, batches: int) -> None:
    last_said = await asyncio.to_thread(write_until_killed, url, batches)
    assert path.with_name(f"{path.name}-wal").exists()

    reader = await StoreReader.open(url)
    assert reader is not None
    by_reader = await reader.open_claims()
    await reader.close()

    store = await Store.open(url)  # the kernel let go of the lock
    claims = Counter(int(claim.detail) for claim in await store.open_claims())
    lines = Counter(int(row.at) for row in await store.audit_rows(AuditFilter()))
    assert len(by_reader) == claims.total()
    assert claims == lines
    assert set(claims.values()) == {BATCH}
    assert sorted(claims) == list(range(len(claims)))
    assert len(claims) - 1 in (last_said, last_said + 1)  # one may be durable that it had no time to say
    await store.close()
