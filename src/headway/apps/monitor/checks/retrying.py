"""Another attempt before anybody is alarmed. Each attempt is kept; the last one decides.

An error is tried again, and a warning or a fault of our own is not: trying again would tell nothing new.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from headway.apps.monitor.checks.outcome import Outcome, Status

__all__ = ["Attempts", "attempt"]

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Attempts:
    """What came of all attempts at one check, in order; there is at least one."""

    outcomes: tuple[Outcome, ...]

    @property
    def outcome(self) -> Outcome:
        """The one that counts."""
        return self.outcomes[-1]

    @property
    def retried(self) -> int:
        """Attempts after the first."""
        return len(self.outcomes) - 1


async def attempt(
    check: Callable[[], Awaitable[Outcome]], retries: int, delay: float, sleep: Sleep = asyncio.sleep
) -> Attempts:
    """Check, and while it is an error check again, `retries` times at most, `delay` seconds apart. Cancel freely."""
    outcomes = [await check()]
    while outcomes[-1].status is Status.ERROR and len(outcomes) <= retries:
        await sleep(delay)
        outcomes.append(await check())
    return Attempts(tuple(outcomes))
