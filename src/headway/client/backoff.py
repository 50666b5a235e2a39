"""How long to wait before coming back: exponential, with full jitter, so that clients that were cut together do not
return together. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Backoff"]


class Backoff:
    """The delays of one client. `random` gives numbers from 0 to 1."""

    def __init__(self, random: Callable[[], float], *, first: float = 0.5, most: float = 20.0) -> None:
        # Half a second and twenty are Centrifuge's: a restart is bridged at once, and an outage costs three requests
        # a minute.
        self._random = random
        self._first = first
        self._most = most
        self._ceiling = first

    def next(self, hint: float | None = None) -> float:
        """Seconds to wait now. Never less than the server asked for; what it spread over its clients is not spread
        again."""
        delay = self._random() * self._ceiling
        self._ceiling = min(self._most, self._ceiling * 2)
        return delay if hint is None else max(hint, delay)

    def reset(self) -> None:
        """The connection stands: the next cut begins anew."""
        self._ceiling = self._first
