"""How long to wait before coming back: exponential, with full jitter. The jitter comes after the cap, so that clients
that were cut together do not return together, however long the outage was. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Backoff"]


class Backoff:
    """The delays of one client. `random` gives numbers from 0 to 1."""

    def __init__(self, random: Callable[[], float], *, first: float, most: float) -> None:
        self._random = random
        self._first = min(first, most)
        self._most = most
        self._ceiling = self._first

    def next(self, hint: float | None = None) -> float:
        """Seconds to wait now. Never less than the server asked for; what it spread over its clients is spread a little
        more, since few servers spread well."""
        delay = self._random() * self._ceiling
        self._ceiling = min(self._most, self._ceiling * 2)
        # A hint of nothing does not switch the back-off off.
        return delay if hint is None else max(delay, hint + min(delay, hint / 4))

    def reset(self) -> None:
        """The connection was of use: the next cut begins anew."""
        self._ceiling = self._first
