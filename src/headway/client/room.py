"""Waiting for readers that are slower than their channel: a moment, during which nothing more is read from the network,
and then no longer, since others share the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from headway.client.runtime import Runtime, Timer

__all__ = ["Room"]

_PATIENCE: Final = 1.0
"""Seconds for which one channel may hold up the others: well below every heartbeat."""


class Room:
    """`on_impatient` is called when somebody has waited for long; whoever it is about need not be waited for then."""

    def __init__(self, runtime: Runtime, on_impatient: Callable[[], None]) -> None:
        self._timer = Timer(runtime)
        self._on_impatient = on_impatient
        self._waiting: list[asyncio.Event] = []

    async def wait(self, there: Callable[[], bool]) -> None:
        """Wait until it is there. Cancel freely."""
        while not there():
            if not self._waiting:
                self._timer.start(_PATIENCE, self._on_impatient)
            changed = asyncio.Event()
            self._waiting.append(changed)
            await changed.wait()

    def changed(self) -> None:
        """Somebody took something, or need not be waited for."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._timer.stop()
            for event in waiting:
                event.set()

    def close(self) -> None:
        """Nobody waits any more."""
        self.changed()
        self._timer.stop()
