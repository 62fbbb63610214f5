"""The running listener against its own documentation: requests generated from it, over real HTTP, with real jobs."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from controller.web import build
from controller.web.gate import Limits
from controller.web.limits import Rate
from tests.web.daemon_stage import WRITE, DaemonStage, opened

HEADERS = {"Authorization": f"Bearer {WRITE}"}
EXAMPLES = 20
MUCH = Rate(each_second=1e6, burst=10**6)
UNENDING = "/api/v1/events"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

# The daemon in the thread beside it draws random numbers too, while a request is generated: not the strategies do.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)

SAYS_MORE_THAN_ITS_SCHEMA = {404, 409, 422}
"""Whether a name exists, an end lies ahead, a text is printable, two keys go together: no schema says that."""


class Served:
    """A daemon in a thread with a loop of its own; `jobs` are the ids of a job in each status."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="daemon")
        self._thread.start()
        self._stack = AsyncExitStack()
        self.jobs: list[str] = []
        self.url: str = asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(30)
        self.document = requests.get(f"{self.url}/api/v1/openapi.json", headers=HEADERS, timeout=30).json()

    async def _begin(self) -> str:
        stage: DaemonStage = await self._stack.enter_async_context(opened())
        for status in ("ACTIVE", "PAUSED", "INIT"):
            self.jobs += [stage.add(f"{name} {status}", status) for name in ("Renewals", "Night", "Nobody's")]
        await stage.start()
        stage.token = WRITE
        await stage.post("/api/v1/incidents", {"name": "storm", "match": {"names": ["Nobody's*"]}})
        jobs = [{"workspace": "main", "id": job} for job in self.jobs[:4]]
        await stage.post("/api/v1/holds", {"jobs": jobs})
        await stage.post("/api/v1/claims/adopt", {"jobs": jobs})
        return stage.url

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "LIMITS", Limits(MUCH, MUCH))
        patch.setattr("controller.web.refusals.FIRST", 0.0)
        made = Served()
        yield made
        made.close()


def closed_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with each field of an answer that it does not list made an error."""
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


def operations(served: Served) -> list[Any]:
    schema = schemathesis.openapi.from_dict(closed_schemas(served.document))
    schema.validate()
    schema.config.generation.update(allow_extra_parameters=False)
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if operation.path != UNENDING]


def cases(served: Served, operation: Any, mode: GenerationMode) -> st.SearchStrategy[schemathesis.Case]:
    """Requests with the right token; for jobs and incidents that there are, and for some that there are not."""
    if "{id}" in operation.path:
        chosen = st.sampled_from([*served.jobs, "nobody"]).map(lambda job: {"workspace": "main", "id": job})
    elif "{name}" in operation.path:
        chosen = st.sampled_from([{"name": "storm"}, {"name": "nothing"}])
    else:
        return operation.as_strategy(mode, headers=HEADERS)
    return chosen.flatmap(lambda path: operation.as_strategy(mode, headers=HEADERS, path_parameters=path))


def conforms(served: Served, operation: Any, mode: GenerationMode) -> Counter[int]:
    """Ask again and again; each answer must have a documented status and shape. Gives how often each status came."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(served, operation, mode))
    def check(case: schemathesis.Case) -> None:
        response = case.call(base_url=served.url)
        statuses[response.status_code] += 1
        excluded = [positive_data_acceptance] if response.status_code in SAYS_MORE_THAN_ITS_SCHEMA else []
        if response.status_code == 413:  # refused too, which the check does not know
            excluded.append(negative_data_rejection)
        case.validate_response(response, headers=HEADERS, excluded_checks=excluded)

    check()
    return statuses


def test_requests_by_the_documentation_are_answered_as_it_says(served: Served) -> None:
    for operation in operations(served):
        statuses = conforms(served, operation, GenerationMode.POSITIVE)
        assert not {401, 403, 429} & statuses.keys(), operation.label
        assert statuses[200] + statuses[201] >= 1 or "{name}" in operation.path, (operation.label, statuses)


def test_requests_against_it_are_refused_as_it_says(served: Served) -> None:
    for operation in operations(served):
        if operation.body or operation.query:  # otherwise there is nothing to get wrong
            statuses = conforms(served, operation, GenerationMode.NEGATIVE)
            assert statuses[422] >= 5, (operation.label, statuses)


def test_methods_that_it_does_not_list_are_refused_with_those_that_it_does(served: Served) -> None:
    for path, item in served.document["paths"].items():
        known = {method.upper() for method in item}
        url = served.url + path.replace("{workspace}", "main").replace("{id}", served.jobs[0]).replace(
            "{name}", "storm"
        )
        for method in METHODS:
            if method in known or (method == "HEAD" and "GET" in known and path != UNENDING):
                continue
            answer = requests.request(method, url, headers=HEADERS, timeout=30)
            assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/problem+json"), url
            assert set(answer.headers["Allow"].split(",")) - {"HEAD"} == known


def test_a_head_is_answered_as_the_get_without_its_body(served: Served) -> None:
    for path in ("/healthz", "/api/v1/status", "/api/v1/jobs"):
        answer = requests.head(served.url + path, headers=HEADERS, timeout=30)
        assert (answer.status_code, answer.text) == (200, "")


def test_each_part_of_the_api_is_in_it(served: Served) -> None:
    listed = {f"{method.upper()} {path}" for path, item in served.document["paths"].items() for method in item}
    assert {
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /api/v1/status",
        "GET /api/v1/jobs",
        "GET /api/v1/jobs/{workspace}/{id}",
        "GET /api/v1/campaigns",
        "GET /api/v1/preview",
        "GET /api/v1/incidents",
        "POST /api/v1/incidents",
        "POST /api/v1/incidents/{name}/extend",
        "POST /api/v1/incidents/{name}/close",
        "GET /api/v1/holds",
        "POST /api/v1/holds",
        "POST /api/v1/holds/release",
        "GET /api/v1/claims",
        "POST /api/v1/claims/adopt",
        "POST /api/v1/claims/release",
        "GET /api/v1/findings",
        "GET /api/v1/audit",
        "GET /api/v1/rules",
        "GET /api/v1/events",
        "GET /api/v1/openapi.json",
    } == listed
