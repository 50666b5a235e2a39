"""Passwords beside the loop."""

from __future__ import annotations

import asyncio

import pytest

from headway.access import passwords
from headway.errors import Overloaded, UsageError
from headway.server.hashing import Hashing


async def test_a_crowd_is_served_in_turn_up_to_a_bound() -> None:
    """So many wait; whoever comes after them is told to come again, and once they are served there is room."""
    hashing = Hashing()
    kept = passwords.hashed("correct horse")
    try:
        asked = await asyncio.gather(*(hashing.matches(kept, "wrong horse") for _ in range(40)), return_exceptions=True)

        assert asked.count(False) == 32
        assert sum(isinstance(answer, Overloaded) for answer in asked) == 8
        assert await hashing.matches(kept, "correct horse")
        assert not await hashing.matches(None, "correct horse")
    finally:
        hashing.close()


async def test_a_password_is_hashed_beside_the_loop() -> None:
    """What it returns is the password's hash; one that is too short is refused as ever."""
    hashing = Hashing()
    try:
        assert passwords.matches(await hashing.hashed("correct horse"), "correct horse")
        with pytest.raises(UsageError, match="8 to 1024 bytes"):
            await hashing.hashed("short")
    finally:
        hashing.close()


async def test_a_closed_one_begins_nothing() -> None:
    """Closing twice is once."""
    hashing = Hashing()
    hashing.close()
    hashing.close()

    with pytest.raises(RuntimeError):
        await hashing.matches(None, "correct horse")
