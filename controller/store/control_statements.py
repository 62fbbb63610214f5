"""The store's SQL for incidents and holds: synchronous functions over a connection, as in `statements`."""

import json
import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, or_, select
from sqlalchemy.dialects.sqlite import Insert, insert

from controller.core.campaign import SELECTOR_KEYS, Hold, Incident, Selector
from controller.core.controls import Closing, OpenedIncident, PlacedHold, Signal
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store.tables import STILL_OPEN, holds, incidents

REMEMBERED = 10_000
"""Of how many things that webhooks spoke of the last incident is read back."""


def put_incidents(connection: Connection, opened: Sequence[OpenedIncident]) -> None:
    """Insert the incidents, or update those with their ids."""
    if opened:
        connection.execute(_PUT_INCIDENT, [_incident_values(each) for each in opened])


def put_holds(connection: Connection, placed: Sequence[PlacedHold]) -> None:
    """Insert the holds, or update those with their ids."""
    if placed:
        connection.execute(_PUT_HOLD, [_hold_values(each) for each in placed])


def kept_incidents(connection: Connection) -> list[OpenedIncident]:
    """The open incidents, and the last one of each thing that a webhook spoke of; oldest first."""
    return [_incident(row) for row in connection.execute(_KEPT_INCIDENTS)]


def _kept() -> Select[Any]:
    this, later = incidents, incidents.alias()
    same = (later.c.source == this.c.source) & (later.c.key == this.c.key)
    newer = select(later.c.id).where(same, later.c.since > this.c.since).exists()
    last = select(this.c.id).where(this.c.key.is_not(None), ~newer).order_by(this.c.since.desc()).limit(REMEMBERED)
    wanted = or_(this.c.closed_at.is_(None), this.c.id.in_(last.scalar_subquery()))
    return select(this).where(wanted).order_by(this.c.since, this.c.id)


_KEPT_INCIDENTS = _kept()


def last_incidents(connection: Connection, limit: int) -> list[OpenedIncident]:
    """The newest `limit` incidents, open and closed; oldest first."""
    statement = select(incidents).order_by(incidents.c.since.desc(), incidents.c.id.desc()).limit(limit)
    return [_incident(row) for row in reversed(connection.execute(statement).all())]


def open_holds(connection: Connection) -> list[PlacedHold]:
    """The holds that stand, oldest first."""
    return [_hold(row) for row in connection.execute(_OPEN_HOLDS)]


_OPEN_HOLDS = select(holds).where(STILL_OPEN).order_by(holds.c.since, holds.c.id)


def _put(table: Table) -> Insert:
    new = insert(table)
    columns = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=["id"], set_=columns)


_PUT_INCIDENT = _put(incidents)
_PUT_HOLD = _put(holds)


def _incident_values(opened: OpenedIncident) -> dict[str, Any]:
    incident, signal = opened.incident, opened.signal
    return {
        "id": opened.id,
        "name": incident.name,
        "reason": incident.reason,
        "author": incident.author or "",
        "source": opened.source,
        "since": incident.since,
        "until": _finite(incident.until),
        "match": _match_text(incident.match),
        "everything": incident.everything,
        "key": signal and signal.key,
        "started": signal and signal.started,
        "resolved": signal and signal.resolved,
        **_closing_values(opened.closed),
    }


def _hold_values(placed: PlacedHold) -> dict[str, Any]:
    hold = placed.hold
    return {
        "id": placed.id,
        "workspace": hold.job.workspace,
        "job_id": hold.job.id,
        "job_name": placed.job_name,
        "author": hold.author,
        "reason": hold.reason,
        "since": hold.since,
        "until": _finite(hold.until),
        **_closing_values(placed.closed),
    }


def _closing_values(closed: Closing | None) -> dict[str, Any]:
    return {
        "closed_at": closed and closed.at,
        "closed_by": closed and closed.author,
        "closed_why": closed and closed.reason,
    }


def _incident(row: Row[Any]) -> OpenedIncident:
    incident = Incident(
        row.name,
        row.reason,
        row.since,
        _instant(row.until),
        None if row.match is None else _selector(row.match),
        row.everything,
        row.author,
    )
    signal = None if row.key is None else Signal(row.key, row.started, row.resolved)
    return OpenedIncident(row.id, incident, row.source, signal, _closing(row))


def _hold(row: Row[Any]) -> PlacedHold:
    key = JobKey(row.workspace, row.job_id)
    hold = Hold(key, row.author, row.reason, row.since, _instant(row.until))
    return PlacedHold(row.id, hold, row.job_name, _closing(row))


def _closing(row: Row[Any]) -> Closing | None:
    return None if row.closed_at is None else Closing(row.closed_at, row.closed_by, row.closed_why)


def _match_text(match: Selector | None) -> str | None:
    if match is None:
        return None
    keys = {key: getattr(match, key) for key in SELECTOR_KEYS if getattr(match, key)}
    return json.dumps(keys, ensure_ascii=False, separators=(",", ":"))


def _selector(text: str) -> Selector:
    return Selector(**{key: tuple(values) for key, values in json.loads(text).items()})


def _finite(until: Instant) -> Instant | None:
    return None if math.isinf(until) else until


def _instant(until: Instant | None) -> Instant:
    return math.inf if until is None else until
