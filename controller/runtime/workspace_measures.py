"""What is measured of each workspace, asked of its parts at each scrape."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final

from prometheus_client import Metric

from controller.core.decision import Action, Reason
from controller.core.job import Status
from controller.runtime.health import Health
from controller.runtime.report import Result
from controller.telemetry.metrics import counter, gauge

UNDECIDED: Final = "undecided"
"""In place of a reason: the last pass did not decide about the job, or could not."""

_WORKSPACE: Final = ("workspace",)
_STATUSES: Final = [status for status in Status if not status.finished]
_REASONS: Final = [*(reason for reason in Reason if reason is not Reason.FINISHED), UNDECIDED]
_ACTIONS: Final = [action for action in Action if action is not Action.NONE]


def workspace_measures(health: Health, crashes: Mapping[str, int]) -> Iterator[Metric]:
    """All of them; `crashes` are the passes over each workspace that ended in a defect."""
    parts = health.parts.items()
    yield counter(
        "forbidden_dialing_seconds_total",
        "Seconds in which jobs were seen ACTIVE after the true close, or under an incident or a hold.",
        _WORKSPACE,
        {(name,): part.reconciler.meter.seconds for name, part in parts},
    )
    yield gauge(
        "jobs",
        "Unfinished jobs, by the status last seen and the reason of the last decision.",
        ("workspace", "status", "reason"),
        _jobs(health),
    )
    yield counter(
        "changes_total",
        "Pauses, resumes and starts, by what became of them.",
        ("workspace", "action", "result"),
        _changes(health),
    )
    yield counter(
        "overrides_total",
        "How often people resumed a job that must not dial.",
        _WORKSPACE,
        {(name,): part.reconciler.overridden for name, part in parts},
    )
    yield counter(
        "pass_crashes_total",
        "Passes, or their fast paths, that ended in a defect.",
        _WORKSPACE,
        {(name,): crashes.get(name, 0) for name, _part in parts},
    )
    yield from _states(health)


def _states(health: Health) -> Iterator[Metric]:
    parts = health.parts.items()
    yield gauge(
        "last_verified_pass_timestamp_seconds",
        "When the last verified pass ended, 0 before the first.",
        _WORKSPACE,
        {(name,): health.last_verified.get(name, 0.0) for name, _part in parts},
    )
    yield gauge(
        "workspace_reachable",
        "Whether the jobs could be read the last time.",
        _WORKSPACE,
        {(name,): part.reconciler.problem is None for name, part in parts},
    )
    yield gauge(
        "workspace_throttled",
        "Whether the API refuses requests for being too many.",
        _WORKSPACE,
        {(name,): part.throttled() for name, part in parts},
    )
    yield gauge(
        "clock_trusted",
        "Whether the wall clock agrees with the monotonic one and with the API's dates.",
        _WORKSPACE,
        {(name,): part.watch.doubt is None for name, part in parts},
    )


def _jobs(health: Health) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for name, part in health.parts.items():
        reasons = health.reasons.get(name, {})
        counts = Counter((job.status, reasons.get(job.id, UNDECIDED)) for job in part.reconciler.observer.jobs.values())
        for kind in product(_STATUSES, _REASONS):
            found[name, *kind] = counts[kind]
    return found


def _changes(health: Health) -> dict[tuple[str, ...], float]:
    return {
        (name, action, result): part.reconciler.changes.get((action, result), 0)
        for name, part in health.parts.items()
        for action, result in product(_ACTIONS, Result)
    }
