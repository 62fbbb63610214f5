"""Everything that is measured of the daemon. What is not an event is asked of its parts at each scrape."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import Final

from prometheus_client import Metric
from prometheus_client.registry import Collector

from controller import __version__
from controller.rules.holidays import holidays_version
from controller.runtime.health import Health
from controller.runtime.ledger_measures import (
    claim_measures,
    hold_measures,
    incident_measures,
    rules_measures,
)
from controller.runtime.workspace_measures import workspace_measures
from controller.telemetry.logs import LogPipeline
from controller.telemetry.metrics import counter, gauge, info

_TZDATA: Final = metadata.version("tzdata")


@dataclass(frozen=True, slots=True, eq=False)
class Measures(Collector):
    """Register it once the rules are loaded. `logs` are those whose losses count; `crashes` gives the passes over each
    workspace that ended in a defect.
    """

    health: Health
    logs: LogPipeline | None = None
    crashes: Callable[[], Mapping[str, int]] = dict

    def collect(self) -> Iterator[Metric]:
        """All metrics as they are now; asks, and keeps nothing."""
        health, now = self.health, self.health.clock.now()
        yield from workspace_measures(health, self.crashes())
        yield from claim_measures(health.ledger, health.parts)
        yield from hold_measures(health.ledger, health.parts, now)
        yield from incident_measures(health.ledger, health.rules, now)
        yield from rules_measures(health.rules)
        yield from _daemon(health)
        yield from _versions()
        yield from _logs(self.logs)


def _daemon(health: Health) -> Iterator[Metric]:
    at = health.next_transition()
    yield gauge("resync_interval_seconds", "The time between two periodic passes.", (), {(): health.resync})
    yield gauge(
        "next_transition_timestamp_seconds",
        "When what a job should do changes next; absent where nothing does within 400 days.",
        (),
        {} if at is None else {(): at},
    )
    yield gauge(
        "store_durable",
        "Whether the store took, in time, all that it was given; nothing is resumed while it did not.",
        (),
        {(): health.ledger.durable},
    )
    yield gauge(
        "event_loop_blocked_seconds",
        "For how long nothing ran, within the last minute; 0 where all went well.",
        (),
        {(): health.lately_blocked() or 0.0},
    )


def _versions() -> Iterator[Metric]:
    versions = {"version": __version__, "tzdata": _TZDATA, "holidays": holidays_version()}
    yield info("build", "The versions of the program and of the data behind its decisions.", versions)
    year = _TZDATA.partition(".")[0]
    yield gauge(
        "tzdata_release_timestamp_seconds",
        "The middle of the year in which the time zone data in use was released.",
        (),
        {(): datetime(int(year), 7, 1, tzinfo=UTC).timestamp()} if year.isdigit() else {},
    )


def _logs(logs: LogPipeline | None) -> Iterator[Metric]:
    yield counter(
        "log_lines_dropped_total",
        "Log lines that were lost because nobody read them in time.",
        (),
        {(): logs.dropped if logs else 0},
    )
    yield counter(
        "log_alarms_untold_total",
        "Errors that could not go to stderr either while nobody read the logs.",
        (),
        {(): logs.untold_alarms if logs else 0},
    )
