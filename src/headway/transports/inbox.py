"""Messages of one client, handled one after the other, and no faster than allowed. An idle client has no task: it
exists while there is something to handle.

A client that says too much is not told off: its messages wait, then its socket is not read, then it waits itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from headway.access.addresses import Bucket
from headway.sessions.pace import Pace

__all__ = ["Inbox"]

Message = TypeVar("Message")


class Inbox(Generic[Message]):
    """Order for what a client says. `handle` must not raise."""

    __slots__ = (
        "_bucket",
        "_bytes",
        "_handle",
        "_most",
        "_most_bytes",
        "_on_full",
        "_on_room",
        "_pace",
        "_paused",
        "_waiting",
        "_worker",
    )

    def __init__(
        self,
        handle: Callable[[Message], Awaitable[None]],
        most: int,
        on_full: Callable[[], None],
        on_room: Callable[[], None],
        pace: Pace | None = None,
        most_bytes: int = 0,
    ) -> None:
        """So many messages, or so many bytes of them, may wait; 0 bytes: no bound."""
        self._handle = handle
        self._pace = pace
        self._bucket: Bucket | None = None
        self._most = most
        self._on_full = on_full
        """Called when so many wait that the client should not be read."""
        self._on_room = on_room
        """Called when it may be read again."""
        self._waiting: deque[tuple[Message, int]] | None = None
        self._bytes = 0
        self._most_bytes = most_bytes
        self._paused = False
        self._worker: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether more wait than the client should have been able to send."""
        if self._waiting is None:
            return False
        return len(self._waiting) >= self._most or 0 < self._most_bytes <= self._bytes

    def put(self, message: Message, size: int = 0) -> None:
        """Handle the message, of so many bytes, after those before it."""
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(message, size))
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((message, size))
        self._bytes += size
        if not self._paused and self.full:
            self._paused = True
            self._on_full()

    def close(self) -> None:
        """Handle nothing more; what is being handled is cancelled. Idempotent."""
        self._waiting = None
        if self._worker is not None:
            self._worker.cancel()

    async def _work(self, message: Message, size: int) -> None:
        try:
            await self._in_turn(message, size)
            while self._waiting:
                message, size = self._waiting.popleft()
                self._bytes -= size
                if self._paused and len(self._waiting) <= self._most // 2 and self._bytes <= self._most_bytes // 2:
                    self._paused = False
                    self._on_room()
                await self._in_turn(message, size)
            self._waiting = None
        finally:
            self._worker = None

    async def _in_turn(self, message: Message, size: int) -> None:
        if self._pace is not None:
            self._bucket = self._bucket or self._pace.bucket()
            wait = self._pace.wait(self._bucket, size)
            if wait:
                await asyncio.sleep(wait)
        await self._handle(message)
