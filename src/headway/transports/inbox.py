"""Messages of one client, handled one after the other. An idle client has no task: it exists while there is something
to handle."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["Inbox"]

Message = TypeVar("Message")


class Inbox(Generic[Message]):
    """Order for what a client says. `handle` must not raise."""

    __slots__ = ("_handle", "_most", "_on_full", "_on_room", "_waiting", "_worker")

    def __init__(
        self,
        handle: Callable[[Message], Awaitable[None]],
        most: int,
        on_full: Callable[[], None],
        on_room: Callable[[], None],
    ) -> None:
        self._handle = handle
        self._most = most
        self._on_full = on_full
        """Called when so many wait that the client should not be read."""
        self._on_room = on_room
        """Called when it may be read again."""
        self._waiting: deque[Message] | None = None
        self._worker: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether more wait than the client should have been able to send."""
        return self._waiting is not None and len(self._waiting) >= self._most

    def put(self, message: Message) -> None:
        """Handle the message after those before it."""
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(message))
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(message)
        if len(self._waiting) == self._most:
            self._on_full()

    def close(self) -> None:
        """Handle nothing more; what is being handled is cancelled. Idempotent."""
        self._waiting = None
        if self._worker is not None:
            self._worker.cancel()

    async def _work(self, message: Message) -> None:
        try:
            await self._handle(message)
            while self._waiting:
                message = self._waiting.popleft()
                if len(self._waiting) == self._most // 2:
                    self._on_room()
                await self._handle(message)
            self._waiting = None
        finally:
            self._worker = None
