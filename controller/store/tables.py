"""The tables as this version knows them; `migrations/` is how a database gets there.

Instants are epoch seconds, UTC. Lists and mappings are JSON text.
"""

from typing import Any, Final

from sqlalchemy import (
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    event,
    text,
)

from controller.core.claim import ClaimState

SCHEMA: Final = 2
"""The schema of this version: the number of its newest migration."""

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"},
)


class _Words(TypeDecorator[str]):
    """Text in which half a surrogate pair, which JSON can carry but SQLite cannot, becomes a question mark."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the protocol's
        """Make the value writable: one odd name must not refuse the batch that it is in."""
        return None if value is None else value.encode(errors="replace").decode()


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(name, _Words, nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Double, nullable=nullable)


def _listed(states: list[ClaimState]) -> str:
    return ", ".join(f"'{state}'" for state in states)


def _closing() -> list[Column[Any]]:
    """When, by whom and why it was ended; null while it is open."""
    return [
        _instant("closed_at", nullable=True),
        _text("closed_by", nullable=True),
        _text("closed_why", nullable=True),
    ]


OPEN_CLAIM: Final = text(f"state IN ({_listed([state for state in ClaimState if state.open])})")
OPEN_FINDING: Final = text("gone_at IS NULL")
STILL_OPEN: Final = text("closed_at IS NULL")

claims = Table(
    "claims",
    metadata,
    _text("id", primary_key=True),
    _text("workspace"),
    _text("job_id"),
    _text("job_name"),
    _text("state"),
    _text("reason"),
    _text("detail"),
    _instant("since"),
    _instant("changed"),
    _text("campaigns"),
    _text("author"),
    CheckConstraint(f"state IN ({_listed(list(ClaimState))})", name="state"),
    Index("uq_claims_open", "workspace", "job_id", unique=True, sqlite_where=OPEN_CLAIM),
    Index("ix_claims_job", "workspace", "job_id", "since"),
)

revisions = Table(
    "revisions",
    metadata,
    _text("revision", primary_key=True),
    _text("sources"),
    _text("tzdata_version"),
    _text("holidays_version"),
    _instant("first_used"),
    _instant("last_used"),
    # The order of use does not hang on a clock that may be set back.
    Column("ordinal", Integer, nullable=False),
    Index("uq_revisions_ordinal", "ordinal", unique=True),
)

findings = Table(
    "findings",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("workspace"),
    _text("job_id"),
    _text("kind"),
    _text("detail"),
    _text("facts"),
    _instant("since"),
    _instant("gone_at", nullable=True),
    Index("uq_findings_open", "workspace", "job_id", "kind", unique=True, sqlite_where=OPEN_FINDING),
)

incidents = Table(
    "incidents",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    _text("reason"),
    _text("author"),
    _text("source"),
    _instant("since"),
    _instant("until", nullable=True),
    # The selector's keys; null where it covers every matched job.
    _text("match", nullable=True),
    Column("everything", Boolean, nullable=False),
    # What the webhook that opened it said.
    _text("key", nullable=True),
    _instant("started", nullable=True),
    _instant("resolved", nullable=True),
    *_closing(),
    Index("ix_incidents_open", "since", sqlite_where=STILL_OPEN),
    Index("ix_incidents_key", "source", "key", "since"),
)

holds = Table(
    "holds",
    metadata,
    _text("id", primary_key=True),
    _text("workspace"),
    _text("job_id"),
    _text("job_name"),
    _text("author"),
    _text("reason"),
    _instant("since"),
    _instant("until", nullable=True),
    *_closing(),
    Index("ix_holds_open", "since", sqlite_where=STILL_OPEN),
    Index("ix_holds_job", "workspace", "job_id", "since"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    _instant("at"),
    _text("event"),
    _text("workspace", nullable=True),
    _text("job_id", nullable=True),
    _text("job_name", nullable=True),
    _text("campaigns"),
    _text("actor"),
    _text("action", nullable=True),
    _text("reason", nullable=True),
    _text("detail", nullable=True),
    _text("result", nullable=True),
    _text("pass_id", nullable=True),
    _text("revision", nullable=True),
    _text("facts"),
    Index("ix_audit_at", "at"),
    Index("ix_audit_job", "job_id", "id"),
    sqlite_autoincrement=True,
)

for _verb in ("UPDATE", "DELETE"):
    _refusal = DDL(  # type: ignore[no-untyped-call] # SQLAlchemy left it so
        f"CREATE TRIGGER audit_refuses_{_verb.lower()} BEFORE {_verb} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    )
    event.listen(audit, "after_create", _refusal)
