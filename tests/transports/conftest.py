"""The transports are tried over a real server, both ways a connection can be had."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headway.testing.serving import Kind
from tests.delivery.harness import Stack


@pytest.fixture(params=[Kind.FAST, Kind.PLAIN], ids=["fast", "plain"])
async def stack(request: pytest.FixtureRequest) -> AsyncIterator[Stack]:
    """A stack in memory that is not started, so that a test can choose its bounds."""
    chosen = Stack(request.param, None)
    yield chosen
    await chosen.stop()
