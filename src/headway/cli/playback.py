"""When what was recorded is due again: the times between events, divided by a speed. Pure: time comes in as an
argument, and nothing waits.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import datetime

from headway.client import Event, Gap, Told

__all__ = ["Playback", "times_of"]


def times_of(entries: Sequence[Told]) -> list[float]:
    """When each came, in seconds after the first. A gap comes with what follows it. A clock that was set back while it
    was recorded does not turn the order."""
    times: list[float] = []
    stamps = [datetime.fromisoformat(one.timestamp).timestamp() for one in entries if isinstance(one, Event)]
    first, latest, number = stamps[0] if stamps else 0.0, 0.0, 0
    for one in entries:
        if stamps:
            latest = max(latest, stamps[min(number, len(stamps) - 1)] - first)
        times.append(latest)
        number += not isinstance(one, Gap)
    return times


class Playback:
    """Plays from the beginning on. `speed` 0 is at once."""

    def __init__(self, entries: Sequence[Told], speed: float, now: float) -> None:
        self._entries = entries
        self._times = times_of(entries)
        self._speed = speed
        self._next = 0
        """The first that was not played."""
        self._played = 0.0
        """Seconds of the recording up to `_since`."""
        self._since: float | None = now
        """None: it holds still."""

    @property
    def length(self) -> float:
        """Seconds of the recording."""
        return self._times[-1] if self._times else 0.0

    @property
    def paused(self) -> bool:
        """Whether it holds still."""
        return self._since is None

    @property
    def over(self) -> bool:
        """Whether everything was played."""
        return self._next >= len(self._entries)

    def at(self, now: float) -> float:
        """Seconds of the recording that are played by now."""
        if self._speed == 0:
            return self.length
        running = 0.0 if self._since is None else (now - self._since) * self._speed
        return min(self.length, self._played + running)

    def take(self, now: float) -> Sequence[Told]:
        """What has become due since the last time."""
        if self.paused:
            return ()
        return self._up_to(self.at(now))

    def wait(self, now: float) -> float | None:
        """Seconds until something is due; 0 where everything was played. None: it holds still."""
        if self.over:
            return 0.0
        if self.paused:
            return None
        return max(0.0, (self._times[self._next] - self.at(now)) / self._speed) if self._speed else 0.0

    def turn(self, now: float) -> None:
        """Hold still, or go on."""
        if self._since is None:
            self._since = now
        else:
            self._played, self._since = self.at(now), None

    def skip(self, now: float, seconds: float) -> tuple[bool, Sequence[Told]]:
        """Go so far forward, or back. Returns whether it goes back, and what leads to where it stands then: from the
        beginning where it goes back, else from where it stood."""
        there = min(self.length, max(0.0, self.at(now) + seconds))
        self._played = there
        if self._since is not None:
            self._since = now
        if seconds < 0:
            self._next = 0
        return seconds < 0, self._up_to(there)

    def _up_to(self, moment: float) -> Sequence[Told]:
        first, self._next = self._next, max(self._next, bisect.bisect_right(self._times, moment))
        return self._entries[first : self._next]
