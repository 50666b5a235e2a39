"""The rate limit: a bucket of tokens that refills evenly. Pure: it is told the time."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bucket"]


@dataclass(slots=True)
class Bucket:
    """`rate` calls a second, and `burst` at once; a rate of 0 is no limit."""

    rate: float
    burst: float
    tokens: float
    filled: float
    """When it was last looked at, on the monotonic clock."""

    def take(self, now: float) -> float:
        """Take a token: 0, or the seconds until there is one."""
        if not self.rate:
            return 0.0
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate
