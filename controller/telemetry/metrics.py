"""Metrics in Prometheus' formats, from a registry of our own. What is measured is nobody's concern here.

deploy/metrics.md lists every metric with its labels and their values.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

PREFIX: Final = "campaign_controller_"

Values: TypeAlias = Mapping[tuple[str, ...], float]
"""A metric's values by those of its labels, in their order."""


def open_registry() -> CollectorRegistry:
    """A registry that knows this process already, and nothing of the library's global one."""
    # In the plain format the time at which each was made would be one more gauge.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no hints for it
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def render(registry: CollectorRegistry, accept: str | None) -> tuple[bytes, str]:
    """The metrics as they are now, in the format that an HTTP `Accept` header asks for, and the content type of that.

    Whatever else is asked for gets the plain format. Call it in the event loop's thread: it asks the daemon's parts.
    """
    try:
        encode, content_type = choose_encoder(accept or "")
    except (TypeError, ValueError):  # a version that is no number
        encode, content_type = choose_encoder("")
    return encode(registry), content_type


def gauge(name: str, meaning: str, labels: tuple[str, ...], values: Values) -> Metric:
    """What may rise and fall; `name` is without the prefix."""
    return _filled(GaugeMetricFamily(PREFIX + name, meaning, labels=labels), values)


def counter(name: str, meaning: str, labels: tuple[str, ...], values: Values) -> Metric:
    """What only rises while the process lives; `name` ends with `_total`."""
    return _filled(CounterMetricFamily(PREFIX + name, meaning, labels=labels), values)


def info(name: str, meaning: str, facts: Mapping[str, str]) -> Metric:
    """Facts as labels of a metric that is always 1; `name` is without `_info`."""
    return InfoMetricFamily(PREFIX + name, meaning, value=dict(facts))


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Metric:
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
