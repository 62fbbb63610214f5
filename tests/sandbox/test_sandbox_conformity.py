"""The sandbox against the reference: requests generated from the kept contract, over real HTTP."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from controller.core.job import Status
from controller.sandbox import Sandbox

KEY = "key-of-the-contract"
HEADERS = {"Authorization": f"Bearer {KEY}"}
IDS = [status.value for status in Status if status is not Status.UNKNOWN]
"""Of the sandbox's jobs: each has the name of the status it begins with."""

schema = schemathesis.openapi.from_path(Path(__file__).with_name("openapi.yaml"))
schema.config.generation.update(allow_extra_parameters=False)  # parameters that nobody knows are ignored
OPERATIONS = [result.ok() for result in schema.get_all_operations()]

WAYS = [
    pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation.body or operation.query  # otherwise there is nothing to get wrong
]


class _Clock:
    rate = 1.0

    def now(self) -> float:
        return datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp()

    def monotonic(self) -> float:
        return self.now()

    def real(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A sandbox with a job in every status, in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox")
    thread.start()
    sandbox = asyncio.run_coroutine_threadsafe(_begin(), loop).result(10)
    yield sandbox.base_url
    asyncio.run_coroutine_threadsafe(sandbox.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


async def _begin() -> Sandbox:
    sandbox = Sandbox(_Clock(), KEY)
    for job_id in IDS:
        sandbox.add_job(f"a job in {job_id}", status=Status(job_id), rows=200, job_id=job_id)
    await sandbox.start()
    return sandbox


def requests(operation: Any, mode: GenerationMode) -> st.SearchStrategy[schemathesis.Case]:
    """Requests with the right key, for the jobs that there are and for one that there is not."""
    if "{id}" not in operation.path:
        return operation.as_strategy(mode, headers=HEADERS)
    return st.sampled_from([*IDS, "nobody"]).flatmap(
        lambda job_id: operation.as_strategy(mode, headers=HEADERS, path_parameters={"id": job_id})
    )


def refusable(case: schemathesis.Case) -> bool:
    """Whether a request by the schema may be refused for what the schema cannot say: 400 is documented for it."""
    finished = case.path_parameters.get("id") in ("COMPLETE", "CANCELLED") and case.method != "GET"
    return finished or "cursor" in case.query


@pytest.mark.parametrize(("operation", "mode"), WAYS)
def test_every_answer_is_what_the_reference_describes(base_url: str, operation: Any, mode: GenerationMode) -> None:
    """Requests by the schema are served, others refused, and each answer has a documented status and shape."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=40,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests(operation, mode))
    def check(case: schemathesis.Case) -> None:
        response = case.call(base_url=base_url)
        statuses[response.status_code] += 1
        excluded = [positive_data_acceptance] if response.status_code == 400 and refusable(case) else []
        case.validate_response(response, headers=HEADERS, excluded_checks=excluded)

    check()
    assert 401 not in statuses
    if mode is GenerationMode.POSITIVE:
        assert statuses[200] >= 5
