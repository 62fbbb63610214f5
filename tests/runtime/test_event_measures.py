"""Passes and requests as they are counted: from 0 on, so that the first of a kind is an increase."""

import pytest
from prometheus_client import CollectorRegistry

from controller.build import open_client
from controller.runtime.event_measures import EventMeasures
from controller.runtime.report import PassReport, Trigger
from controller.vogent.errors import ApiError, ErrorReason
from controller.vogent.refusal import Kind
from tests.runtime.faults import on, refusing
from tests.runtime.stage import SHUT, Stage, workspace_settings


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"campaign_controller_{name}", {"workspace": "main", **labels})


def test_everything_that_can_be_counted_is_there_as_nothing() -> None:
    registry = CollectorRegistry()
    EventMeasures(registry, ["main"])
    assert [value(registry, "passes_total", result=result) for result in ("verified", "failed")] == [0, 0]
    counts = [value(registry, "pass_duration_seconds_count", trigger=trigger) for trigger in Trigger]
    assert counts == [0] * len(Trigger)
    for kind in ("list", "get", "change"):
        outcomes = ("ok", *ErrorReason)
        counts = [value(registry, "api_requests_total", kind=kind, outcome=outcome) for outcome in outcomes]
        assert counts == [0] * len(outcomes)
        assert value(registry, "api_request_duration_seconds_count", kind=kind) == 0


def test_every_kind_of_request_has_a_name() -> None:
    registry = CollectorRegistry()
    meter = EventMeasures(registry, ["main"]).requests["main"]
    for kind in Kind:
        meter.ended(kind, None, 1.0)
    counts = [value(registry, "api_requests_total", kind=kind, outcome="ok") for kind in ("list", "get", "change")]
    assert counts == [1, 1, 1]


async def test_passes_are_counted_by_whether_they_were_verified_and_timed_by_trigger(stage: Stage) -> None:
    registry = CollectorRegistry()
    measures = EventMeasures(registry, ["main"])
    stage.add()
    measures.passed(await stage.at(SHUT, trigger=Trigger.TRANSITION))
    stage.faults.append(on("GET", "/batch_dial_jobs", refusing(503)))
    measures.passed(await stage.at(SHUT + 30))
    assert value(registry, "passes_total", result="verified") == 1
    assert value(registry, "passes_total", result="failed") == 1
    assert value(registry, "pass_duration_seconds_count", trigger="transition") == 1
    assert value(registry, "pass_duration_seconds_count", trigger="resync") == 1
    slow = PassReport("p", "main", Trigger.RESYNC, SHUT, seconds=7.0)
    measures.passed(slow)
    assert value(registry, "pass_duration_seconds_bucket", trigger="resync", le="5.0") == 1
    assert value(registry, "pass_duration_seconds_bucket", trigger="resync", le="10.0") == 2


async def test_a_pass_over_which_the_clock_is_set_took_the_time_that_went_by(stage: Stage) -> None:
    async def a_minute_and_an_hour_s_jump(_request: object, _handler: object) -> None:
        stage.faults.clear()
        stage.clock.instant += 60.0
        stage.clock.wrong_by = 3600.0

    stage.faults.append(a_minute_and_an_hour_s_jump)
    assert (await stage.at(SHUT)).seconds == 60.0


async def test_requests_of_a_client_are_counted_and_timed(stage: Stage) -> None:
    registry = CollectorRegistry()
    meter = EventMeasures(registry, ["main"]).requests["main"]
    job = stage.add()
    api = open_client(workspace_settings(stage.sandbox.base_url), set(), None, meter)
    try:
        await api.list_jobs(None)
        await api.pause(job)
        stage.faults.append(on("GET", f"/{job}", refusing(403)))
        with pytest.raises(ApiError):
            await api.get_job(job)
    finally:
        await api.close()
    assert value(registry, "api_requests_total", kind="list", outcome="ok") == 1
    assert value(registry, "api_requests_total", kind="change", outcome="ok") == 1
    assert value(registry, "api_requests_total", kind="get", outcome="unauthorized") == 1
    assert value(registry, "api_request_duration_seconds_count", kind="get") == 1
    assert 0 < (value(registry, "api_request_duration_seconds_sum", kind="list") or 0) < 5
