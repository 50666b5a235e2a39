"""Regular expressions in bounded time."""

from __future__ import annotations

import asyncio

import pytest

from headway.apps.monitor.checks.patterns import compiled, found
from headway.errors import UsageError


@pytest.mark.parametrize("pattern", ["", "(", "a{2,1}", "*", "x" * 2_000])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """When it is written."""
    with pytest.raises(UsageError):
        compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [("fine", "all fine", True), ("fine", "bad", False),
     (r"^\d+ ü$", "42 ü", True), (r"(?i)FINE|ok", "Ok", True), ("a+b", "", False)],
)  # fmt: skip
async def test_a_pattern_is_looked_for(pattern: str, text: str, matches: bool) -> None:
    """Here or in another process: the same answer."""
    assert await found(pattern, text, 15) is matches


async def test_a_pattern_without_end_is_ended_while_the_loop_goes_on() -> None:
    """The loop turns while the pattern is tried, and the process is gone afterwards."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.ensure_future(turn())
    with pytest.raises(TimeoutError):
        await found("(a|aa)+$", "a" * 100 + "b", 0.5)
    turning.cancel()
    await asyncio.gather(turning, return_exceptions=True)

    assert turns > 100
