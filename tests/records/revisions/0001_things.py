"""Things, as the tests have them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table("things", sa.Column("name", sa.String, primary_key=True), sa.Column("size", sa.Integer))
