"""The log line and the row of audit that go with a change of an incident or a hold."""

import math
from dataclasses import dataclass
from typing import Any

import structlog

from controller.core.controls import OpenedIncident, PlacedHold
from controller.core.instant_text import rfc3339
from controller.core.interval import Instant
from controller.store.changes import Audit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something: a person's or a webhook's name, and the way by which it came (`socket`, `api`, `page`,
    `webhook`, or `clock` where it ends by itself).
    """

    name: str
    via: str


def incident_row(event: str, opened: OpenedIncident, now: Instant, actor: Actor, why: str) -> Audit:
    """`incident.opened`, `.extended`, `.ending` or `.closed`, by `actor`; `why` says why it was changed."""
    incident = opened.incident
    facts: dict[str, Any] = {
        "incident": incident.name,
        "since": rfc3339(incident.since),
        "until": _told(incident.until),
        "source": opened.source,
        "via": actor.via,
        "why": why,
    }
    log.warning(event, **facts, author=actor.name, detail=incident.reason)
    return Audit(at=now, event=event, actor=actor.name, reason="incident", detail=incident.reason, facts=facts)


def hold_row(event: str, placed: PlacedHold, now: Instant, actor: Actor, why: str) -> Audit:
    """`hold.placed`, `hold.released` or `hold.ended`, by `actor`."""
    hold = placed.hold
    facts: dict[str, Any] = {"since": rfc3339(hold.since), "until": _told(hold.until), "via": actor.via, "why": why}
    named = {"workspace": hold.job.workspace, "job": hold.job.id, "name": placed.job_name}
    log.warning(event, **named, **facts, author=actor.name, detail=hold.reason)
    return Audit(
        at=now,
        event=event,
        actor=actor.name,
        workspace=hold.job.workspace,
        job_id=hold.job.id,
        job_name=placed.job_name,
        reason="hold",
        detail=hold.reason,
        facts=facts,
    )


def _told(until: Instant) -> str | None:
    return None if math.isinf(until) else rfc3339(until)
