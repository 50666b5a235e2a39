"""What holds for every test: it leaves nothing running. Warnings are errors already, so unclosed sockets and files are
too."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Iterator

import pytest

_TURNS = 200
"""Turns of the loop in which what was ended may come to its end."""


@pytest.fixture(autouse=True)
def _nothing_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Before all other fixtures, so that it looks when they are gone. Only tests with a loop have something to look
    at."""
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("_no_task_stays")
    yield
    # What is garbage warns now, in the test that made it.
    if "_no_task_stays" in request.fixturenames:
        gc.collect(0)


@pytest.fixture
async def _no_task_stays() -> AsyncIterator[None]:
    """A task that outlives its test has no owner."""
    before = asyncio.all_tasks()
    yield
    for _ in range(_TURNS):
        left = {task for task in asyncio.all_tasks() - before - {asyncio.current_task()} if not task.done()}
        if not left:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"tasks outlive the test: {', '.join(sorted(map(repr, left)))}")
