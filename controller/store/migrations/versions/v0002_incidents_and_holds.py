"""Incidents and holds that are opened beside the rules."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _closing() -> list[sa.Column[Any]]:
    return [
        _instant("closed_at", nullable=True),
        _text("closed_by", nullable=True),
        _text("closed_why", nullable=True),
    ]


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "incidents",
        _text("id"),
        _text("name"),
        _text("reason"),
        _text("author"),
        _text("source"),
        _instant("since"),
        _instant("until", nullable=True),
        _text("match", nullable=True),
        sa.Column("everything", sa.Boolean, nullable=False),
        _text("key", nullable=True),
        _instant("started", nullable=True),
        _instant("resolved", nullable=True),
        *_closing(),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_open", "incidents", ["since"], sqlite_where=sa.text("closed_at IS NULL"))
    op.create_index("ix_incidents_key", "incidents", ["source", "key", "since"])
    op.create_table(
        "holds",
        _text("id"),
        _text("workspace"),
        _text("job_id"),
        _text("job_name"),
        _text("author"),
        _text("reason"),
        _instant("since"),
        _instant("until", nullable=True),
        *_closing(),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_open", "holds", ["since"], sqlite_where=sa.text("closed_at IS NULL"))
    op.create_index("ix_holds_job", "holds", ["workspace", "job_id", "since"])
