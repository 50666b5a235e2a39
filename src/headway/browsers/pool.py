"""So many browsers at once, in the order they were asked for, and a sentence for whoever waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from headway.browsers.session import Session

__all__ = ["Pool", "Statistics"]

Start = Callable[[], Awaitable[Session]]
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Statistics:
    """A pool as of now."""

    most: int
    busy: int
    waiting: int


class Pool:
    """Hands out sessions, each as new and each ended by the pool. Browsers are never used twice: what one left behind
    is never met by the next."""

    def __init__(self, most: int, start: Start) -> None:
        if most < 1:
            raise ValueError("a pool has room for one browser at least")
        self._most = most
        self._start = start
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def statistics(self) -> Statistics:
        """How many are busy, and how many wait."""
        return Statistics(self._most, self._busy, len(self._waiting))

    @asynccontextmanager
    async def session(self, told: Told | None = None) -> AsyncIterator[Session]:
        """A session, ended at the end. `told` hears why it is not there at once. Raises `BrowserError` where none
        starts. Cancelling gives the place to the next."""
        await self._enter(told)
        try:
            session = await self._start()
            try:
                yield session
            finally:
                await session.close()
        finally:
            self._leave()

    async def _enter(self, told: Told | None) -> None:
        if self._busy < self._most and not self._waiting:
            self._busy += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if told is not None:
            told(self._why())
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled():
                self._leave()  # the place was given to us already
            raise

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)  # the place goes over; `busy` stays
                return
        self._busy -= 1

    def _why(self) -> str:
        ahead = len(self._waiting)
        browsers = "browser" if self._most == 1 else "browsers"
        first = f"waiting for 1 of {self._most} {browsers}"
        return f"{first}, {ahead} ahead" if ahead else first
