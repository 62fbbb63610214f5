"""The store's SQL: synchronous functions over a connection whose transaction belongs to the caller."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from controller.core.claim import Claim, ClaimState
from controller.core.finding import Finding, FindingKind
from controller.core.interval import Instant
from controller.core.job import JobKey
from controller.store import control_statements as controls
from controller.store.bulk import BulkInsert, Values
from controller.store.changes import (
    Audit,
    Change,
    CloseFinding,
    OpenFinding,
    PutClaim,
    PutHold,
    PutIncident,
    UseRevision,
)
from controller.store.records import AuditFilter, AuditRow, Kept, StoredRevision
from controller.store.tables import OPEN_CLAIM, OPEN_FINDING, audit, findings, revisions
from controller.store.tables import claims as claims_table

_KNOWN_KINDS = tuple(FindingKind)


def apply(connection: Connection, changes: Sequence[Change]) -> None:
    """Write the changes; those to one table in the order given.

    Raises sqlalchemy.exc.IntegrityError for a second open claim of a job, ValueError or TypeError for facts that are
    not JSON.
    """
    _put_claims(connection, [change.claim for change in changes if isinstance(change, PutClaim)])
    steps = [change for change in changes if isinstance(change, OpenFinding | CloseFinding)]
    for _, run in groupby(steps, type):
        _change_findings(connection, list(run))
    controls.put_incidents(connection, [change.opened for change in changes if isinstance(change, PutIncident)])
    controls.put_holds(connection, [change.placed for change in changes if isinstance(change, PutHold)])
    for change in changes:
        if isinstance(change, UseRevision):
            _use_revision(connection, change)
    _append_audit(connection, [change for change in changes if isinstance(change, Audit)])


def open_claims(connection: Connection) -> list[Claim]:
    """The claims that say that a pause is ours, oldest first."""
    return [_claim(row) for row in connection.execute(_OPEN_CLAIMS)]


_OPEN_CLAIMS = select(claims_table).where(OPEN_CLAIM).order_by(claims_table.c.since, claims_table.c.id)


def vanished_claims(connection: Connection) -> list[Claim]:
    """The claims of jobs that are gone, each the last one of its job."""
    return [_claim(row) for row in connection.execute(_VANISHED_CLAIMS)]


def _vanished() -> Select[Any]:
    gone, later = claims_table, claims_table.alias()
    same_job = (later.c.workspace == gone.c.workspace) & (later.c.job_id == gone.c.job_id)
    newer = select(later.c.id).where(same_job, later.c.since > gone.c.since).exists()
    return select(gone).where(gone.c.state == ClaimState.GONE, ~newer).order_by(gone.c.since, gone.c.id)


_VANISHED_CLAIMS = _vanished()


def claims(connection: Connection, job: JobKey | None = None, limit: int | None = None) -> list[Claim]:
    """The newest `limit` claims, open and closed, of one job or of all; oldest first."""
    statement = select(claims_table).order_by(claims_table.c.since.desc(), claims_table.c.id.desc()).limit(limit)
    if job is not None:
        statement = statement.where(claims_table.c.workspace == job.workspace, claims_table.c.job_id == job.id)
    return [_claim(row) for row in reversed(connection.execute(statement).all())]


def open_findings(connection: Connection) -> list[tuple[Finding, Instant]]:
    """The findings that have not gone, each with its `since`, oldest first; kinds unknown to this version are left."""
    return [(_finding(row), row.since) for row in connection.execute(_OPEN_FINDINGS)]


_OPEN_FINDINGS = (
    select(findings).where(OPEN_FINDING, findings.c.kind.in_(_KNOWN_KINDS)).order_by(findings.c.since, findings.c.id)
)


def last_revision(connection: Connection) -> StoredRevision | None:
    """The rules that came into force last, or None before any did."""
    row = connection.execute(_LAST_REVISION).one_or_none()
    if row is None:
        return None
    return StoredRevision(
        revision=row.revision,
        sources=json.loads(row.sources),
        tzdata_version=row.tzdata_version,
        holidays_version=row.holidays_version,
        first_used=row.first_used,
        last_used=row.last_used,
    )


_LAST_REVISION = select(revisions).order_by(revisions.c.ordinal.desc()).limit(1)


def kept(connection: Connection) -> Kept:
    """All that a daemon goes on from."""
    return Kept(
        claims=tuple(open_claims(connection)),
        vanished=tuple(vanished_claims(connection)),
        findings=tuple(open_findings(connection)),
        revision=last_revision(connection),
        incidents=tuple(controls.kept_incidents(connection)),
        holds=tuple(controls.open_holds(connection)),
    )


def audit_rows(connection: Connection, wanted: AuditFilter) -> list[AuditRow]:
    """The newest `limit` lines that the filter lets through, with `after` the oldest; oldest first."""
    statement = _where_audit(select(audit), wanted).limit(wanted.limit)
    if wanted.after is not None:
        return [_audit_row(row) for row in connection.execute(statement.order_by(audit.c.id))]
    rows = connection.execute(statement.order_by(audit.c.id.desc())).all()
    return [_audit_row(row) for row in reversed(rows)]


def _put_claims(connection: Connection, values: Iterable[Claim]) -> None:
    _PUT_CLAIMS.run(connection, [_claim_values(claim) for claim in values])


def _claim_values(claim: Claim) -> Values:
    return (
        claim.id,
        claim.workspace,
        claim.job_id,
        claim.job_name,
        str(claim.state),
        str(claim.reason),  # mostly a member of an enum, which the driver would look at twice
        claim.detail,
        claim.since,
        claim.changed,
        _listed(claim.campaigns),
        claim.author,
    )


_NEW_CLAIM = insert(claims_table)
_PUT_CLAIMS = BulkInsert(
    _NEW_CLAIM.on_conflict_do_update(
        index_elements=["id"],
        set_={column.name: _NEW_CLAIM.excluded[column.name] for column in claims_table.c if not column.primary_key},
    ),
    [column.name for column in claims_table.c],
)


def _change_findings(connection: Connection, steps: Sequence[OpenFinding | CloseFinding]) -> None:
    """Run steps of one type."""
    opened = [_finding_values(step) for step in steps if isinstance(step, OpenFinding)]
    if opened:
        connection.execute(_OPEN, opened)
    closed = [
        {"of_workspace": step.job.workspace, "of_job": step.job.id, "of_kind": step.kind, "at": step.at}
        for step in steps
        if isinstance(step, CloseFinding)
    ]
    if closed:
        connection.execute(_CLOSE, closed)


_INSERTED = insert(findings)
_OPEN = _INSERTED.on_conflict_do_update(
    index_elements=["workspace", "job_id", "kind"],
    index_where=OPEN_FINDING,
    set_={"detail": _INSERTED.excluded.detail, "facts": _INSERTED.excluded.facts},
)
_CLOSE = (
    update(findings)
    .where(
        findings.c.workspace == bindparam("of_workspace"),
        findings.c.job_id == bindparam("of_job"),
        findings.c.kind == bindparam("of_kind"),
        OPEN_FINDING,
    )
    .values(gone_at=bindparam("at"))
)


def _use_revision(connection: Connection, change: UseRevision) -> None:
    values = {
        "sources": _json(change.sources),
        "tzdata_version": change.tzdata_version,
        "holidays_version": change.holidays_version,
        "last_used": change.at,
        "ordinal": connection.scalar(select(func.coalesce(func.max(revisions.c.ordinal), 0) + 1)),
    }
    statement = insert(revisions).values(revision=change.revision, first_used=change.at, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["revision"], set_=values))


def _append_audit(connection: Connection, lines: Sequence[Audit]) -> None:
    _APPEND_AUDIT.run(connection, [_audit_values(line) for line in lines])


def _audit_values(line: Audit) -> Values:
    return (
        line.at,
        line.event,
        line.workspace,
        line.job_id,
        line.job_name,
        _listed(line.campaigns),
        line.actor,
        line.action,
        line.reason,
        line.detail,
        line.result,
        line.pass_id,
        line.revision,
        _json(line.facts),
    )


_APPEND_AUDIT = BulkInsert(insert(audit), [column.name for column in audit.c if not column.primary_key])


def _where_audit(statement: Select[Any], wanted: AuditFilter) -> Select[Any]:
    if wanted.workspace is not None:
        statement = statement.where(audit.c.workspace == wanted.workspace)
    if wanted.job_id is not None:
        statement = statement.where(audit.c.job_id == wanted.job_id)
    if wanted.event is not None:
        # In SQLite's own globs brackets are special too; in ours they are not.
        statement = statement.where(audit.c.event.op("GLOB")(wanted.event.replace("[", "[[]")))
    if wanted.since is not None:
        statement = statement.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(audit.c.at < wanted.until)
    if wanted.before is not None:
        statement = statement.where(audit.c.id < wanted.before)
    if wanted.after is not None:
        statement = statement.where(audit.c.id > wanted.after)
    return statement


def _finding_values(step: OpenFinding) -> dict[str, Any]:
    finding = step.finding
    return {
        "workspace": finding.job.workspace,
        "job_id": finding.job.id,
        "kind": finding.kind,
        "detail": finding.detail,
        "facts": _json(finding.facts),
        "since": step.since,
    }


def _claim(row: Row[Any]) -> Claim:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Claim(**values | {"state": ClaimState(row.state), "campaigns": tuple(json.loads(row.campaigns))})


def _finding(row: Row[Any]) -> Finding:
    return Finding(JobKey(row.workspace, row.job_id), FindingKind(row.kind), row.detail, json.loads(row.facts))


def _audit_row(row: Row[Any]) -> AuditRow:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return AuditRow(**values | {"campaigns": tuple(json.loads(row.campaigns)), "facts": json.loads(row.facts)})


@lru_cache(maxsize=1024)
def _listed(names: tuple[str, ...]) -> str:
    """Thousands of rows name the same few campaigns."""
    return _json(names)


def _json(value: object) -> str:
    """Compact JSON text. Raises ValueError or TypeError for what JSON cannot say, infinity included."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
