"""Runs: as `runs.tables` has them at this revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table. Spelled out: what a revision makes does not change with the program."""
    op.create_table(
        "monitor_runs",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("status", sa.String, nullable=False, index=True),
        sa.Column("trigger", sa.String, nullable=False),
        sa.Column("wanted", sa.JSON, nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("began", sa.Float),
        sa.Column("ended", sa.Float),
        sa.Column("summary", sa.JSON),
        sa.Column("error", sa.String),
    )
