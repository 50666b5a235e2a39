"""Every connection of this process that can be told to come back, and the means to tell them all.

At a shutdown they are told spread over a window, each with its own delay, so that they do not return as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from headway.sessions.session import Session

__all__ = ["Connection", "Registry"]


class Connection(Protocol):
    """Something that holds a reader and can end."""

    def tell_to_return(self, delay: float) -> None:
        """Say goodbye in this wire's own way, with the seconds after which to come back, and end. Never waits, never
        raises."""
        ...

    def cut(self) -> None:
        """End at once, without a word. Never raises."""
        ...

    def sessions(self) -> list[Session]:
        """The sessions on this connection."""
        ...


class Registry:
    """The open connections."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._connections: dict[Connection, None] = {}
        self._left = asyncio.Event()
        self.opened = 0
        self.draining = False

    def add(self, connection: Connection) -> None:
        """A connection opened."""
        self._connections[connection] = None
        self.opened += 1

    def discard(self, connection: Connection) -> None:
        """A connection ended. Idempotent."""
        self._connections.pop(connection, None)
        self._left.set()

    def connections(self) -> list[Connection]:
        """All of them, oldest first."""
        return list(self._connections)

    async def drain(self, window: float) -> None:
        """Tell everybody to come back, spread over the window. Cancelling leaves the rest untold."""
        self.draining = True
        leaving = self.connections()
        slots = max(1, min(len(leaving), int(window / 0.02)))
        for slot in range(slots):
            for connection in leaving[slot::slots]:
                connection.tell_to_return(self._random() * window)
            if slot + 1 < slots:
                await asyncio.sleep(window / slots)

    async def empty(self) -> None:
        """Wait until nobody is left. Cancel freely."""
        while self._connections:
            self._left.clear()
            await self._left.wait()

    def statistics(self) -> dict[str, Any]:  # Any: numbers for people
        """How many are open, by transport."""
        by_transport: dict[str, int] = {}
        for connection in self._connections:
            for session in connection.sessions():
                by_transport[session.transport] = by_transport.get(session.transport, 0) + 1
        return {
            "open": len(self._connections),
            "opened": self.opened,
            "by_transport": by_transport,
            "draining": self.draining,
        }
