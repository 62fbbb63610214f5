"""The stage of the runtime's tests, for the faces of what runs, and a daemon that is asked over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.runtime.conftest import logs, no_waits, patient_with_the_disk, stage
from tests.runtime.stage import Stage
from tests.web.daemon_stage import WRITE, DaemonStage, opened
from tests.web.receiver import Receiver

__all__ = ["logs", "no_waits", "patient_with_the_disk", "stage"]


@pytest.fixture
async def served() -> AsyncIterator[DaemonStage]:
    """Two jobs of an open campaign, one of a closed one, one of nobody's that somebody paused; the write token."""
    async with opened() as made:
        made.token = WRITE
        made.add("Renewals east", job_id="east")
        made.add("Renewals west", job_id="west")
        made.add("Night owls", job_id="owls")
        made.add("Somebody's", "PAUSED", job_id="other")
        await made.start()
        yield made


@pytest.fixture
async def receiver(stage: Stage, tmp_path: Path) -> AsyncIterator[Receiver]:
    made = Receiver(stage, tmp_path)
    await made.start()
    yield made
    await made.close()
