"""Targets, files, mappings and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "imports_targets",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("region", sa.String),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("worker_environment", sa.String),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("api", sa.String),
        sa.Column("auth", sa.String),
        sa.Column("rate", sa.Float),
        sa.Column("seen", sa.JSON),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "imports_files",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("looked", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("used_at", sa.Float, nullable=False),
    )
    op.create_table(
        "imports_mappings",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "imports_runs",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("file", sa.String),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("question", sa.JSON),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("stopped", sa.JSON),
        sa.Column("report", sa.JSON),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("imports_runs_target", "imports_runs", ["target"])
    op.create_index("imports_runs_file", "imports_runs", ["file"])
