"""Claims, rules revisions, findings and the append-only audit."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double, nullable=nullable)


def upgrade() -> None:
    """Create all of it."""
    _create_claims()
    _create_revisions()
    _create_findings()
    _create_audit()


def _create_claims() -> None:
    op.create_table(
        "claims",
        _text("id"),
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
        sa.PrimaryKeyConstraint("id", name="pk_claims"),
        sa.CheckConstraint(
            "state IN ('intended', 'held', 'resuming', 'resumed', 'resumed_by_others', 'released', 'finished', 'gone')",
            name=op.f("ck_claims_state"),
        ),
    )
    op.create_index(
        "uq_claims_open",
        "claims",
        ["workspace", "job_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('intended', 'held', 'resuming')"),
    )
    op.create_index("ix_claims_job", "claims", ["workspace", "job_id", "since"])


def _create_revisions() -> None:
    op.create_table(
        "revisions",
        _text("revision"),
        _text("sources"),
        _text("tzdata_version"),
        _text("holidays_version"),
        _instant("first_used"),
        _instant("last_used"),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_revisions"),
    )
    op.create_index("uq_revisions_ordinal", "revisions", ["ordinal"], unique=True)


def _create_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer, nullable=False),
        _text("workspace"),
        _text("job_id"),
        _text("kind"),
        _text("detail"),
        _text("facts"),
        _instant("since"),
        _instant("gone_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
    )
    op.create_index(
        "uq_findings_open",
        "findings",
        ["workspace", "job_id", "kind"],
        unique=True,
        sqlite_where=sa.text("gone_at IS NULL"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_job", "audit", ["job_id", "id"])
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
        )
