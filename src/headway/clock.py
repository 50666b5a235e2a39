"""The clock. The only file of Headway that reads time; everybody else is handed a `Clock`.

Two readings that must not be mixed: `now()` is for people (it may jump), `monotonic()` is for deadlines (it never goes
back).
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> float:
        """Seconds since 1970 in UTC. May jump in both directions."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment. Never goes back."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> float:
        """Seconds since 1970 in UTC, as the machine believes them to be."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment; the same source the event loop uses."""
        return time.monotonic()
