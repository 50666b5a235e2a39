"""A server for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headway.server.live import Headway
from headway.testing.serving import Address, serving


@pytest.fixture
async def server() -> AsyncIterator[Address]:
    """A Headway in memory, served."""
    async with serving(Headway()) as address:
        yield address
