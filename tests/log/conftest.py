"""Every contract test runs on every log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.log.harness import EVERYTHING, MemorySubject, SqliteSubject, Subject


@pytest.fixture(params=["memory", "sqlite", "sqlite-relaxed"])
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    """A fresh log that keeps everything. `start` it again with another retention if need be."""
    made: dict[str, Subject] = {
        "memory": MemorySubject(),
        "sqlite": SqliteSubject(tmp_path / "data"),
        "sqlite-relaxed": SqliteSubject(tmp_path / "data", synced=False),
    }
    chosen = made[request.param]
    await chosen.start(lambda channel: EVERYTHING)
    yield chosen
    await chosen.stop()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteSubject]:
    """A fresh SQLite log that keeps everything."""
    chosen = SqliteSubject(tmp_path / "data")
    await chosen.start()
    yield chosen
    await chosen.stop()
