"""What has been revoked, on record: a channel of the log with one key for each token and each user.

Every node hears of a revocation as of any other event, and puts out whom it concerns. At a start the record is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from headway.access.revocation import Revocations
from headway.errors import HeadwayError
from headway.events import Draft, Event
from headway.hub.hub import Hub

__all__ = ["REVOKED", "Revoked"]

logger = logging.getLogger("headway.sessions")

REVOKED: Final = " revoked"
"""The channel of the records. It begins with a space: no channel a client can name does."""


class Revoked:
    """Keeps the revocations of this process and those on record the same."""

    def __init__(self, hub: Hub, revocations: Revocations, changed: Callable[[], None]) -> None:
        self._hub = hub
        self._revocations = revocations
        self._changed = changed
        """Called when more has been revoked."""
        hub.watch(REVOKED, self._committed)

    async def load(self) -> None:
        """Read the record. Raises `StorageError`."""
        snapshot = await self._hub.snapshot(REVOKED)
        self._take(snapshot.events)

    async def token(self, id: str, until: float) -> None:
        """Revoke one token, which ends by itself at `until`. Durable when it returns. Raises `StorageError`."""
        await self._hub.publish(REVOKED, [Draft.of("token", {"token": id, "until": until}, key=_key("token", id))])

    async def user(self, name: str, before: float) -> None:
        """Revoke all tokens of a user that were made before a moment. Durable when it returns. Raises
        `StorageError`."""
        await self._hub.publish(REVOKED, [Draft.of("user", {"user": name, "before": before}, key=_key("user", name))])

    def _committed(self, events: Sequence[Event]) -> None:
        self._take(events)
        self._changed()

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            try:
                self._revocations.take(event.data)
            except HeadwayError as error:
                logger.error("! a revocation is not in force: %s", error)


def _key(kind: str, name: str) -> str:
    """A key of bounded length, whatever is named."""
    return f"{kind}:{sha256(name.encode(errors='surrogatepass')).hexdigest()}"
