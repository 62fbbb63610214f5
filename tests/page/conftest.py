"""A daemon that everybody may look at, and that takes changes with the write token; and somebody with a browser."""

from collections.abc import AsyncIterator

import pytest

from tests.page.browser import Browser
from tests.web.daemon_stage import DaemonStage, opened

ONLY_WRITE = "web: {write_token: {file: write}}"


@pytest.fixture
async def served() -> AsyncIterator[DaemonStage]:
    """Two jobs of an open campaign, one of a closed one, one of nobody's that somebody paused."""
    async with opened(ONLY_WRITE) as made:
        made.add("Renewals east", job_id="east")
        made.add("Renewals west", job_id="west")
        made.add("Night owls", job_id="owls")
        made.add("Somebody's", "PAUSED", job_id="other")
        await made.start()
        yield made


@pytest.fixture
async def browser(served: DaemonStage) -> AsyncIterator[Browser]:
    made = Browser(served)
    yield made
    await made.close()
