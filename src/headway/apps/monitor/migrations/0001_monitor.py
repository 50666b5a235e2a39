"""Applications, samples, roll-ups, incidents, results, alerts: as `records` has them at this revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables. Spelled out: what a revision makes does not change with the program."""
    _watched()
    _figures()
    _told()


def _watched() -> None:
    op.create_table(
        "monitor_applications",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("managed_by", sa.String, nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("standing", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "monitor_transitions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("application", sa.Integer, nullable=False, index=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("before", sa.String),
        sa.Column("after", sa.String, nullable=False),
        sa.Column("reason", sa.String),
    )
    op.create_table(
        "monitor_incidents",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("application", sa.Integer, nullable=False, index=True),
        sa.Column("began", sa.Float, nullable=False),
        sa.Column("ended", sa.Float, index=True),
        sa.Column("code", sa.String),
        sa.Column("message", sa.String),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("told_at", sa.Float),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("acknowledged_by", sa.String),
    )


def _figures() -> None:
    op.create_table(
        "monitor_samples",
        sa.Column("application", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float, primary_key=True),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("milliseconds", sa.Float),
        sa.Column("code", sa.String),
        sa.Column("message", sa.String),
        sa.Column("timings", sa.JSON),
        sa.Column("seconds", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "monitor_rollups",
        sa.Column("application", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("up", sa.Float, nullable=False),
        sa.Column("down", sa.Float, nullable=False),
        sa.Column("unknown", sa.Float, nullable=False),
        sa.Column("maintenance", sa.Float, nullable=False),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("sum_milliseconds", sa.Float, nullable=False),
        sa.Column("max_milliseconds", sa.Float),
        sa.Column("histogram", sa.LargeBinary),
        sqlite_with_rowid=False,
    )


def _told() -> None:
    op.create_table(
        "monitor_results",
        sa.Column("run", sa.String, primary_key=True),
        sa.Column("application", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("code", sa.String),
        sa.Column("message", sa.Text),
        sa.Column("began", sa.Float, nullable=False),
        sa.Column("milliseconds", sa.Float),
        sa.Column("attempts", sa.JSON, nullable=False),
        sa.Column("detail", sa.JSON),
    )
    op.create_table(
        "monitor_screenshots",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("application", sa.Integer, nullable=False, index=True),
        sa.Column("run", sa.String),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
    )
    op.create_table(
        "monitor_settings",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_table(
        "monitor_alerts",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("application", sa.Integer),
        sa.Column("incident", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("sent_at", sa.Float, index=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("error", sa.String),
    )
