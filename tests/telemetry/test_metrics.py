"""The registry and its rendering: our own, and in the format that is asked for."""

import pytest
from prometheus_client import REGISTRY, Counter
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from controller.telemetry.metrics import PREFIX, counter, gauge, info, open_registry, render

PLAIN = "text/plain; version=0.0.4; charset=utf-8"


def test_a_registry_knows_the_process_and_nothing_of_the_global_one() -> None:
    body, _type = render(open_registry(), None)
    names = {family.name for family in parse_plain(body.decode())}
    assert {"process_resident_memory_bytes", "process_start_time_seconds", "process_open_fds"} <= names
    assert not any(name.startswith("python_") for name in names)
    assert not any(family.name.startswith(PREFIX) for family in REGISTRY.collect())


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "text/html",
        "application/openmetrics-text; version=new",
        "text/plain; version=x.y",
        ";;;,,,===",
        "application/json; q=\x00",
    ],
)
def test_whatever_else_is_asked_for_gets_the_plain_format(accept: str | None) -> None:
    body, content_type = render(open_registry(), accept)
    assert content_type == PLAIN
    assert list(parse_plain(body.decode()))


def test_openmetrics_is_given_to_whoever_asks_for_it() -> None:
    asked = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    body, content_type = render(open_registry(), asked)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert body.endswith(b"# EOF\n")
    assert list(parse_openmetrics(body.decode()))


def test_the_time_at_which_a_metric_was_made_is_no_metric() -> None:
    registry = open_registry()
    Counter("things_total", "Things.", registry=registry).inc()
    body, _type = render(registry, None)
    assert b"things_total 1.0" in body
    assert b"_created" not in body


def test_families_bear_the_prefix_and_their_labels_in_order() -> None:
    rising = counter("things_total", "Things.", ("kind", "place"), {("a", "b"): 2, ("a", "c"): 0})
    assert [(sample.name, sample.labels, sample.value) for sample in rising.samples] == [
        ("campaign_controller_things_total", {"kind": "a", "place": "b"}, 2),
        ("campaign_controller_things_total", {"kind": "a", "place": "c"}, 0),
    ]
    assert gauge("level", "A level.", (), {(): True}).samples[0].value == 1
    [sample] = info("facts", "Facts.", {"colour": "red"}).samples
    assert (sample.name, sample.labels, sample.value) == ("campaign_controller_facts_info", {"colour": "red"}, 1)
