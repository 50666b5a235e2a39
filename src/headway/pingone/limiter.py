"""How fast requests go out: one limiter for each (credential, addresses), shared by all jobs of the process, because
PingOne counts them together.

    start       at the rate that was chosen: 20 requests a second, up to 100
    429         half of it, at least one every two seconds, and nothing at all for as long as `Retry-After` says.
                Of the requests that were under way together only the first halves
    success     after a second without 429: 5 % more every second, up to the chosen rate

A turn is spent by a request that goes out, by nothing else: who is cancelled while waiting spends none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from headway.clock import Clock
from headway.errors import UsageError
from headway.pingone.regions import Addresses, Region

__all__ = ["DEFAULT_RATE", "Limiter", "LimiterState", "Limiters", "Pace", "highest_rate"]

DEFAULT_RATE: Final = 20.0
"""Requests a second: of a licence of 100 a second one address may use 35 %."""
_MOST_RATE: Final = 100.0
"""At PingOne: the most its documents ever granted one address."""
_MOST_ELSEWHERE: Final = 100_000.0
"""At a sandbox: more than one process can send, so no limit of ours."""
_LEAST_RATE: Final = 0.5
"""However often a 429 comes: the pause between two requests is the longest anybody wants to look at."""
_GROWTH: Final = 1.05
"""Each second: from half to the whole takes 14, so that the limit is touched four times a minute at most."""
_BURST_SECONDS: Final = 0.1
"""Turns that gather while nobody asks. PingOne counts by the second."""


@dataclass(frozen=True, slots=True)
class LimiterState:
    """What to show of a limiter. `str()` is for people, and empty while there is nothing to say."""

    rate: float
    """Requests a second allowed now."""
    chosen: float
    retry_in: float
    """Seconds until the next request may go out, after a 429; 0 when it may go now."""
    waiting: int
    """Requests that queue."""
    throttled: int
    """Answers 429 so far."""

    def __str__(self) -> str:
        if self.retry_in > 0:
            return f"throttled, retry in {max(1, round(self.retry_in))} s"
        return f"throttled, {self.rate:.3g} requests/s" if self.rate < self.chosen else ""


class Pace:
    """The arithmetic of a limiter. Time is an argument; it never goes back."""

    def __init__(self, rate: float, now: float) -> None:
        self.chosen = rate
        self.rate = rate
        self.throttled = 0
        self.paused_until = now
        self._tokens = self._full
        self._at = now
        self._cut_at = now - 1
        """When the rate was last halved."""
        self._grown_at = now
        self._second = now
        """Since when `_sent` counts; `_sent_before` is the second before it."""
        self._sent = 0
        self._sent_before = 0

    def choose(self, rate: float) -> None:
        """Another rate from now on. A higher one is reached slowly if the present one is the result of a 429."""
        whole = self.rate >= self.chosen
        self.chosen = rate
        self.rate = rate if whole else min(self.rate, rate)
        self._tokens = min(self._tokens, self._full)

    def wait(self, now: float) -> float:
        """Seconds until a request may go out; 0: now."""
        if now < self.paused_until:
            return self.paused_until - now
        self._tokens = min(self._full, self._tokens + (now - self._at) * self.rate)
        self._at = now
        # A hair less than one is one: else rounding would ask to wait for no time at all, for ever.
        return 0.0 if self._tokens >= 1 - 1e-9 else (1 - self._tokens) / self.rate

    def take(self, now: float) -> None:
        """A request goes out. Only after `wait` said 0."""
        self._tokens -= 1
        if now - self._second >= 1:
            self._sent_before = self._sent if now - self._second < 2 else 0
            self._sent = 0
            self._second = now
        self._sent += 1

    def slow_down(self, now: float, wait: float, sent_at: float) -> None:
        """A request that went out at `sent_at` was answered 429: nothing for `wait` seconds."""
        self.throttled += 1
        self.paused_until = max(self.paused_until, now + wait)
        self._at = max(self._at, self.paused_until)
        self._tokens = min(self._tokens, 0.0)
        # What was not allowed to go out proves nothing.
        self._grown_at = max(self._grown_at, now, self.paused_until)
        if sent_at > self._cut_at:
            self._cut_at = now
            # Above what PingOne ever grants the rate is that of nobody: half of what was really sent, then.
            really = max(_MOST_RATE, self._sent, self._sent_before)
            self.rate = max(min(_LEAST_RATE, self.chosen), min(self.rate, really) / 2)

    def speed_up(self, now: float) -> None:
        """A request succeeded."""
        if self.rate < self.chosen and now - self._grown_at >= 1:
            self._grown_at = now
            self.rate = min(self.chosen, self.rate * _GROWTH)

    @property
    def _full(self) -> float:
        return max(1.0, self.rate * _BURST_SECONDS)


class Limiter:
    """Lets requests out in the order in which they asked, in one event loop."""

    def __init__(self, rate: float, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(rate, clock.monotonic())
        self._first = asyncio.Lock()
        """Held by the one whose turn is next. Locks are taken in order."""
        self._waiting = 0

    def admit_now(self) -> bool:
        """Take a turn if one is free this moment and nobody waits for it."""
        now = self._clock.monotonic()
        if self._waiting or self._pace.wait(now) > 0:
            return False
        self._pace.take(now)
        return True

    async def admit(self) -> None:
        """Wait for a turn and take it. Cancelling takes none."""
        self._waiting += 1
        try:
            async with self._first:
                # Again after each sleep: meanwhile a 429 may have come.
                while (wait := self._pace.wait(self._clock.monotonic())) > 0:
                    await self._sleep(wait)
                self._pace.take(self._clock.monotonic())
        finally:
            self._waiting -= 1

    def throttled(self, wait: float, sent_at: float) -> None:
        """A request that went out at this moment (monotonic) was answered 429 with this many seconds to wait."""
        self._pace.slow_down(self._clock.monotonic(), wait, sent_at)

    def succeeded(self) -> None:
        """A request was answered, and not by 429."""
        self._pace.speed_up(self._clock.monotonic())

    def choose(self, rate: float) -> None:
        """Another rate, for all who share this limiter."""
        self._pace.choose(rate)

    def state(self) -> LimiterState:
        """What to show."""
        left = max(0.0, self._pace.paused_until - self._clock.monotonic())
        return LimiterState(self._pace.rate, self._pace.chosen, left, self._waiting, self._pace.throttled)


class Limiters:
    """The limiters of a process. Whoever composes it makes one, and hands it to every job."""

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._limiters: dict[tuple[str, str, str], Limiter] = {}
        """As many as there are credentials in the settings, so nothing is ever taken out."""

    def of(self, environment: str, client_id: str, addresses: Addresses, rate: float | None = None) -> Limiter:
        """The limiter of a credential at these addresses. A rate that is named holds for all its users from now on;
        raises `UsageError` for one that is out of bounds."""
        if rate is not None and not _LEAST_RATE <= rate <= highest_rate(addresses):
            raise UsageError(
                f"the rate is not between {_LEAST_RATE:g} and {highest_rate(addresses):g} requests a second"
            )
        key = (environment, client_id, addresses.api)
        limiter = self._limiters.get(key)
        if limiter is None:
            limiter = self._limiters[key] = Limiter(rate or DEFAULT_RATE, self._clock, self._sleep)
        elif rate is not None:
            limiter.choose(rate)
        return limiter


def highest_rate(addresses: Addresses) -> float:
    """Requests a second that may be chosen there."""
    return _MOST_RATE if any(addresses == region.addresses for region in Region) else _MOST_ELSEWHERE
