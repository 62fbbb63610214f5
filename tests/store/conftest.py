"""A store on a real file, and values to put into it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from controller.core.claim import Claim, ClaimState
from controller.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "controller.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    yield store
    await store.close()


@pytest.fixture
def make_claim() -> Callable[..., Claim]:
    """A claim of job `job_1` in workspace `main`, whatever else is asked for."""

    def make(id: str = "c1", **changes: Any) -> Claim:  # noqa: A002 - the claim's own word
        values = {
            "workspace": "main",
            "job_id": "job_1",
            "job_name": "US renewals 1",
            "state": ClaimState.INTENDED,
            "reason": "outside_hours",
            "detail": "closed until Monday",
            "since": 1000.5,
            "changed": 1000.5,
            "campaigns": ("us-renewals",),
        }
        return Claim(id=id, **values | changes)

    return make
