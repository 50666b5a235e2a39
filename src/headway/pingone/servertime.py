"""What time it is at PingOne, from the `Date` of its answers. The records carry PingOne's times, and this machine's
clock may be minutes off.

`Date` has whole seconds and is old by the way back, so the moment found here is never later than the true one, and
earlier by at most a second and that way. The first answer of each new second bounds it best, and only that is taken.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from headway.clock import Clock

__all__ = ["ServerTime", "moment"]


def moment(text: str) -> float | None:
    """An HTTP date as seconds since 1970; None if it is none."""
    try:
        found = parsedate_to_datetime(text)
        # A date without a zone is UTC by RFC 9110.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


class ServerTime:
    """The clock of the other side."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = ""
        self._offset: float | None = None
        """Its time minus our monotonic one."""

    @property
    def known(self) -> bool:
        """Whether an answer has told the time."""
        return self._offset is not None

    def note(self, date: str) -> None:
        """Take the `Date` of an answer that came this moment."""
        if date == self._seen:
            return
        self._seen = date
        told = moment(date)
        if told is not None:
            self._offset = told - self._clock.monotonic()

    def at(self, monotonic: float) -> float:
        """Their time when our monotonic clock showed this. Until they have told it, what our own clock believes."""
        if self._offset is not None:
            return monotonic + self._offset
        return self._clock.now() - (self._clock.monotonic() - monotonic)

    def now(self) -> float:
        """Their time, in seconds since 1970. What a checkpoint keeps for `not_before`."""
        return self.at(self._clock.monotonic())

    def date(self) -> datetime:
        """The same as a date in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)
