"""How fast one client is heard, and one user publishes. Not here: how they are slowed."""

from __future__ import annotations

import math

from headway.access.addresses import Bucket, Buckets
from headway.clock import Clock
from headway.codes import Code
from headway.errors import Overloaded
from headway.figures import Tally
from headway.limits import Limits

__all__ = ["Pace"]


class Pace:
    """The rates of one server."""

    def __init__(self, limits: Limits, clock: Clock, hits: Tally[str]) -> None:
        self._limits = limits
        self._clock = clock
        self._hits = hits
        self._requests = Buckets(limits.request_rate, limits.request_burst)

    def bucket(self) -> Bucket:
        """What a client is given when it first says something."""
        return Bucket(self._limits.message_rate, self._limits.message_burst)

    def wait(self, bucket: Bucket, size: int = 0) -> float:
        """Seconds until the client's next message, of so many bytes, may be handled."""
        seconds = bucket.spend(self._clock.monotonic(), self._cost(size))
        if seconds:
            self._hits.add("message_rate")
        return seconds

    def request(self, user: str | None, size: int = 0) -> None:
        """Raise `Overloaded` if this user publishes more than one user may. Who has no name is not told apart."""
        now = self._clock.monotonic()
        if user is None or self._requests.take(user, now, self._cost(size)):
            return
        self._hits.add("request_rate")
        wait = max(1, math.ceil(self._requests.wait(user, now)))
        raise Overloaded(
            "this user publishes too much; wait, and publish several events in one request",
            code=Code.TOO_MANY,
            details={"limit": "request_rate", "retry_after": wait},
        )

    def _cost(self, size: int) -> float:
        return 1.0 + size // self._limits.paced_bytes
