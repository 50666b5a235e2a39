"""A hub over a memory log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headway.hub.hub import Hub
from headway.limits import Limits
from tests.hub.harness import RestlessLog


@pytest.fixture
def log() -> RestlessLog:
    """An empty log."""
    return RestlessLog()


@pytest.fixture
async def hub(log: RestlessLog) -> AsyncIterator[Hub]:
    """A hub over it."""
    made = Hub(log, Limits(lag_events=0))
    yield made
    await made.close()
