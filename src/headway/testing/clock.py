"""A clock that stands still until a test moves it."""

from __future__ import annotations

__all__ = ["FakeClock"]


class FakeClock:
    """A `Clock` whose two readings move together, by `advance`, and part by `jump`."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._passed = 0.0

    def now(self) -> float:
        """Seconds since 1970, as the test has it."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that have passed for this clock."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises `ValueError` if it would go back."""
        if seconds < 0:
            raise ValueError("time does not pass backwards; see `jump`")
        self._now += seconds
        self._passed += seconds

    def jump(self, seconds: float) -> None:
        """Set the time of day forward or back, as an administrator does: no time passes."""
        self._now += seconds
