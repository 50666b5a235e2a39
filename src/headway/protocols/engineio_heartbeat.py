"""When an Engine.IO session pings, and when silence ends it. Pure: `now` is an argument.

A ping is due an interval after the start or the last pong. Its pong is due a timeout after the moment *the ping was
due*, whether or not the ping could be delivered; so a client that does not even poll is noticed.
"""

from __future__ import annotations

from enum import Enum, unique

__all__ = ["Beat", "Heartbeat"]


@unique
class Beat(Enum):
    """What a tick asks for."""

    NOTHING = "nothing"
    """It was early."""
    PING = "ping"
    """Send a ping now."""
    SILENT = "silent"
    """No pong came: end the session."""


class Heartbeat:
    """The rhythm of one session. Seconds everywhere."""

    __slots__ = ("_extended", "_interval", "_ping_at", "_pong_by", "_timeout")

    def __init__(self, interval: float, timeout: float, now: float) -> None:
        self._interval = interval
        self._timeout = timeout
        self._ping_at = now + interval
        self._pong_by: float | None = None
        self._extended = False

    def deadline(self) -> float:
        """When to tick next."""
        return self._ping_at if self._pong_by is None else self._pong_by

    def tick(self, now: float) -> Beat:
        """Time has passed. If we were asleep ourselves when the ping was due, the client has its whole time to
        answer."""
        if now < self.deadline():
            return Beat.NOTHING
        if self._pong_by is not None:
            return Beat.SILENT
        self._pong_by = self._ping_at + self._timeout
        if now >= self._pong_by:
            self._pong_by = now + self._timeout
        self._extended = False
        return Beat.PING

    def overdue(self, now: float) -> bool:
        """Whether the pong should be here, even if no tick has asked for it: timers are coarse."""
        by = self._ping_at + self._timeout if self._pong_by is None else self._pong_by
        return now >= by

    def heard(self, now: float) -> None:
        """Something else came. A slow line is busy with it, so an awaited pong has its whole time once more, but only
        once."""
        if self._pong_by is not None and not self._extended:
            self._extended = True
            self._pong_by = now + self._timeout

    def ponged(self, now: float) -> None:
        """A pong came. One that nobody asked for changes nothing."""
        if self._pong_by is not None:
            self._pong_by = None
            self._ping_at = now + self._interval
