"""A database in a file, as the server has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import headway.apps.monitor
from headway.records.records import Records, sqlite_url
from tests.apps.monitor.figures.stage import enter


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """With three applications."""
    made = Records(sqlite_url(tmp_path / "records.db"), durable=False)
    await made.upgrade("monitor", Path(headway.apps.monitor.__file__).parent / "migrations")
    await made.write(lambda connection: enter(connection, 3))
    yield made
    await made.close()
