"""When to try again: exponential with full jitter, a bounded number of times, within a bounded time. Pure.

The time PingOne itself asked to wait, and the time spent queueing at the limiter, do not count: being throttled is not
failing. Both stay bounded, by the number of tries and the longest wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from headway.pingone.servertime import moment

__all__ = ["LONGEST_WAIT", "PATIENCE", "Patience", "Retries", "asked_wait", "wait_until_date"]

LONGEST_WAIT: Final = 900.0
"""Seconds waited at a time, however long PingOne asks for: then it is asked again. Its SDK waits 30 at most, too short
for a quota that is counted by the minute."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much of one request's failing is borne."""

    tries: int = 11
    """The first and ten more, as PingOne's own SDK."""
    seconds: float = 120.0
    """Of failing and backing off, in all."""
    first: float = 0.5
    """Most of the first pause; the mean of all first pauses is half of it."""
    most: float = 20.0
    """Most of any pause."""
    settling: float = 10.0
    """Seconds in which a 403 may pass, before anything has succeeded. 0 to test a connection."""


PATIENCE: Final = Patience()


class Retries:
    """The pauses of one request. `random` gives numbers from 0 to 1."""

    def __init__(self, patience: Patience, random: Callable[[], float], now: float) -> None:
        self._patience = patience
        self._random = random
        self._until = now + patience.seconds
        self._tries = 1

    def excuse(self, seconds: float) -> None:
        """These were spent waiting, not failing."""
        self._until += seconds

    def next(self, now: float, asked: float | None = None) -> float | None:
        """Seconds until the next try; None: no more. Never less than what was asked for."""
        if self._tries >= self._patience.tries:
            return None
        ceiling = min(self._patience.most, self._patience.first * 2.0 ** (self._tries - 1))
        self._tries += 1
        pause = self._random() * ceiling
        if asked is not None:
            self.excuse(asked)
            # Jitter on top, so that those who were told the same moment do not come together.
            pause = asked + min(pause, asked / 4)
        return pause if now + pause <= self._until else None


def asked_wait(header: str | None, now: float) -> float | None:
    """Seconds a `Retry-After` asks for: a number, or a date, seen from the server's `now`. None if it is neither."""
    text = (header or "").strip()
    if not text:
        return None
    try:
        return _bounded(float(text))
    except ValueError:
        date = moment(text)
        return None if date is None else _bounded(date - now)


def wait_until_date(text: str, now: float) -> float | None:
    """Seconds until an ISO 8601 date (`retryAfter` of a detail), seen from the server's `now`. None if it is none."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _bounded((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


def _bounded(seconds: float) -> float:
    # Written so that a NaN, which `float` reads too, is no wait.
    return min(seconds, LONGEST_WAIT) if seconds > 0 else 0.0
