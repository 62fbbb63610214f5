"""Incidents and holds that were opened while the program runs, by people and webhooks, beside those of the rules."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from controller.core.campaign import Hold, Incident
from controller.core.interval import Instant
from controller.core.job import Job, JobKey

OPERATOR = "operator"
"""The source of what a person opened by command, page or API."""


@dataclass(frozen=True, slots=True)
class Closing:
    """When, by whom and why an incident or a hold was ended."""

    at: Instant
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What a webhook said of the thing that it opened an incident for. `key` is the sender's own name for it, `started`
    the begin by the sender's clock, `resolved` when (by ours) we were told that it is over.
    """

    key: str
    started: Instant
    resolved: Instant | None = None


@dataclass(frozen=True, slots=True)
class OpenedIncident:
    """`id` is unique for ever, its incident's name while it is open; `source` is OPERATOR or `webhook NAME`."""

    id: str
    incident: Incident
    source: str = OPERATOR
    signal: Signal | None = None
    closed: Closing | None = None


@dataclass(frozen=True, slots=True)
class PlacedHold:
    """`id` is unique for ever; a job may bear several holds."""

    id: str
    hold: Hold
    job_name: str
    closed: Closing | None = None


@dataclass(frozen=True, slots=True)
class Controls:
    """What is open, ready to be asked. It never changes: each change makes another one."""

    incidents: tuple[Incident, ...] = ()
    holds: Mapping[JobKey, tuple[Hold, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, incidents: Iterable[OpenedIncident], holds: Iterable[PlacedHold]) -> "Controls":
        """Those that are open, in the order given."""
        return cls(tuple(opened.incident for opened in incidents), _by_job(placed.hold for placed in holds))

    def incidents_of(self, job: Job, campaigns: tuple[str, ...]) -> tuple[Incident, ...]:
        """The incidents that cover the job; `campaigns` are the names of those that match it."""
        return tuple(incident for incident in self.incidents if incident.covers(job, campaigns))

    def holds_on(self, job: JobKey) -> tuple[Hold, ...]:
        """The holds on the job."""
        return self.holds.get(job, ())

    def begun_by(self, now: Instant) -> "Controls":
        """The same, each begun by `now` at the latest: what was opened acts at once, also where the clock was set back
        since.
        """
        if not self.incidents and not self.holds:
            return self
        holds = [hold for placed in self.holds.values() for hold in placed]
        if max((*(each.since for each in self.incidents), *(each.since for each in holds)), default=now) <= now:
            return self
        incidents = tuple(replace(each, since=min(now, each.since)) for each in self.incidents)
        return Controls(incidents, _by_job(replace(each, since=min(now, each.since)) for each in holds))

    def next_end(self, now: Instant) -> Instant | None:
        """The next instant after `now` at which one of them ends by itself; None where none does."""
        ends = [each.until for each in self.incidents]
        ends += [hold.until for placed in self.holds.values() for hold in placed]
        return min((end for end in ends if now < end < math.inf), default=None)


def _by_job(holds: Iterable[Hold]) -> dict[JobKey, tuple[Hold, ...]]:
    found: dict[JobKey, tuple[Hold, ...]] = {}
    for hold in holds:
        found[hold.job] = (*found.get(hold.job, ()), hold)
    return found
