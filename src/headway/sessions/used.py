"""What may be used once: the log says which came first, whatever node it came to, and whatever was killed since."""

from __future__ import annotations

from typing import Final

from headway.errors import Conflict
from headway.events import Draft
from headway.hub.hub import Hub

__all__ = ["USED", "Used"]

USED: Final = " used"
"""The channel of the records. It begins with a space: no channel a client can name does."""


class Used:
    """Remembers ids."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def first(self, id: str) -> bool:
        """Whether this id comes for the first time. Durable when it returns. Raises `StorageError`."""
        try:
            appended = await self._hub.publish(USED, [Draft.of("used")], idempotency_key=id)
        except Conflict:
            return False
        return not appended.replayed
