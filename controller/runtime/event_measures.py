"""What is measured as it happens: passes and requests, with the seconds that they took."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from controller.runtime.report import PassReport, Trigger
from controller.telemetry.metrics import PREFIX
from controller.vogent.errors import ErrorReason
from controller.vogent.refusal import Kind
from controller.vogent.request_meter import RequestMeter

KINDS: Final = {Kind.PAGE: "list", Kind.JOB: "get", Kind.WRITE: "change"}
OK: Final = "ok"
VERIFIED: Final = {True: "verified", False: "failed"}

_PASS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class EventMeasures:
    """Registers its metrics, each from the start with every value that its labels can have: what was never counted is
    0, so that the first time is an increase.
    """

    def __init__(self, registry: CollectorRegistry, workspaces: Iterable[str]) -> None:
        self._passes = Counter(
            f"{PREFIX}passes_total", "Passes that ended.", ("workspace", "result"), registry=registry
        )
        self._pass_seconds = Histogram(
            f"{PREFIX}pass_duration_seconds",
            "How long passes took.",
            ("workspace", "trigger"),
            registry=registry,
            buckets=_PASS_SECONDS,
        )
        requests = Counter(
            f"{PREFIX}api_requests_total",
            "Requests to the API that ended, each attempt by itself.",
            ("workspace", "kind", "outcome"),
            registry=registry,
        )
        seconds = Histogram(
            f"{PREFIX}api_request_duration_seconds",
            "How long requests to the API took, from their place in the budget to the whole answer.",
            ("workspace", "kind"),
            registry=registry,
            buckets=_REQUEST_SECONDS,
        )
        self.requests = {name: _Requests(name, requests, seconds) for name in workspaces}
        """Each workspace's meter, for its client."""
        for workspace, meter in self.requests.items():
            meter.begin()
            for result in VERIFIED.values():
                self._passes.labels(workspace, result)
            for trigger in Trigger:
                self._pass_seconds.labels(workspace, trigger)

    def passed(self, report: PassReport) -> None:
        """Take note of a pass that ended."""
        self._passes.labels(report.workspace, VERIFIED[report.verified]).inc()
        self._pass_seconds.labels(report.workspace, report.trigger).observe(report.seconds)


@dataclass(frozen=True, slots=True)
class _Requests(RequestMeter):
    workspace: str
    ended_: Counter
    seconds: Histogram

    def begin(self) -> None:
        for kind in KINDS.values():
            self.seconds.labels(self.workspace, kind)
            for outcome in (OK, *ErrorReason):
                self.ended_.labels(self.workspace, kind, outcome)

    def ended(self, kind: Kind, reason: ErrorReason | None, seconds: float) -> None:
        self.ended_.labels(self.workspace, KINDS[kind], reason or OK).inc()
        self.seconds.labels(self.workspace, KINDS[kind]).observe(seconds)
