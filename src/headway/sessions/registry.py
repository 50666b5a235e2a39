"""Every connection of this process that can be told to come back, and the means to tell them all.

At a shutdown they are told spread over a window, each with its own delay, so that they do not return as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from headway.codes import Close
from headway.figures import Life
from headway.sessions.session import Session

__all__ = ["Connection", "Registry"]

_RELIEVED: Final = 0.8
"""Part of the bound at which cutting stops, so that it does not begin again at once."""


class Connection(Protocol):
    """Something that holds a reader and can end."""

    life: Life
    """Since when it is here, from where, and what it said."""

    def tell_to_return(self, delay: float) -> None:
        """Say goodbye in this wire's own way, with the seconds after which to come back, and end. Never waits, never
        raises."""
        ...

    def end(self, close: Close, reason: str) -> None:
        """Say why in this wire's own way, and end. Never waits, never raises."""
        ...

    def cut(self) -> None:
        """End at once, without a word. Never raises."""
        ...

    def buffered(self) -> int:
        """Bytes that wait in this process to be written to it."""
        ...

    def sessions(self) -> list[Session]:
        """The sessions on this connection."""
        ...


class Registry:
    """The open connections."""

    def __init__(
        self,
        random: Callable[[], float],
        on_end: Callable[[Connection], None] | None = None,
        on_begin: Callable[[Connection], None] | None = None,
    ) -> None:
        """`on_begin` is told of each connection that opened, and may end it; `on_end` of each that was here and has
        gone."""
        self._random = random
        self._on_begin = on_begin
        self._on_end = on_end
        self._connections: dict[Connection, None] = {}
        self._left = asyncio.Event()
        self.opened = 0
        self.relieved = 0
        self.draining = False

    def add(self, connection: Connection) -> None:
        """A connection opened."""
        self._connections[connection] = None
        self.opened += 1
        if self._on_begin is not None:
            self._on_begin(connection)

    def discard(self, connection: Connection) -> None:
        """A connection ended. Idempotent."""
        if connection in self._connections:
            del self._connections[connection]
            self._left.set()
            if self._on_end is not None:
                self._on_end(connection)

    def connections(self) -> list[Connection]:
        """All of them, oldest first."""
        return list(self._connections)

    def relieve(self, most: int) -> int:
        """Cut the connections that read least if more bytes than this wait in all together; how many. They come back
        to where they were: their positions are in their own hands."""
        waiting = {connection: connection.buffered() for connection in self._connections}
        total = sum(waiting.values())
        if total <= most:
            return 0
        fullest = sorted(waiting, key=waiting.__getitem__, reverse=True)
        cut = 0
        for connection in fullest:
            connection.cut()
            cut += 1
            total -= waiting[connection]
            if total <= most * _RELIEVED:
                break
        self.relieved += cut
        return cut

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
            "relieved": self.relieved,
            "draining": self.draining,
        }
