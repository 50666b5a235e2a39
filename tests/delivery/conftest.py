"""The contract runs on every transport and every stack: a server kind and a log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.testing.serving import Kind
from tests.delivery.harness import PUSHING, TRANSPORTS, Stack

STACKS = {
    "fast-memory": (Kind.FAST, False),
    "fast-sqlite": (Kind.FAST, True),
    "plain-memory": (Kind.PLAIN, False),
    "mounted-sqlite": (Kind.MOUNTED, True),
}
"""Every kind and every log; not every pair, for they do not know each other."""


@pytest.fixture(params=STACKS)
async def stack(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    """A stack that is not started, so that a test can choose its bounds."""
    kind, durable = STACKS[request.param]
    chosen = Stack(kind, tmp_path / "data" if durable else None)
    yield chosen
    await chosen.stop()


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """The name of a transport."""
    name: str = request.param
    return name


@pytest.fixture(params=PUSHING)
def pushing(request: pytest.FixtureRequest) -> str:
    """The name of a transport that holds a connection."""
    name: str = request.param
    return name
