"""What a client followed, for the day it comes back: `pid` → channels and where it began in each.

Stock Socket.IO clients return with the `pid` they were given and the last token they saw. The token says how far they
are; this record says in what. It is written to the log before the client is told that it follows, so it survives `kill
-9`, and any node that reads the log can continue the client. It is itself a channel of the log, with one key per pid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headway.events import Draft
from headway.hub.hub import Hub
from headway.positions import Position, parse_positions

__all__ = ["SESSIONS", "Recovery"]

SESSIONS: Final = " sessions"
"""The channel of the records. It begins with a space: no channel a client can name does."""

_TYPE: Final = "session"


class Recovery:
    """Remembers and finds what a pid followed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def remember(self, pid: str, follows: Mapping[str, Position]) -> None:
        """Note what the pid follows now, instead of what was noted before. Durable when it returns. Raises
        `StorageError`."""
        data = {"follows": {channel: str(position) for channel, position in follows.items()}}
        await self._hub.publish(SESSIONS, [Draft.of(_TYPE, data, key=pid)])

    async def find(self, pid: str, token: str) -> dict[str, Position] | None:
        """How far the pid is in each channel it followed, or None where nothing is known of it.

        A token that names a channel's epoch moves that channel on; the others stand where they began. A token that
        makes no sense moves nothing: repeating is better than losing. Raises `StorageError`.
        """
        snapshot = await self._hub.snapshot(SESSIONS, [pid])
        if not snapshot.events:
            return None
        follows: dict[str, str] = snapshot.events[0].data["follows"]
        try:
            told = parse_positions(token)
        except ValueError:
            told = {}
        return {channel: told.get(start.epoch, start) for channel, start in _parsed(follows)}


def _parsed(follows: Mapping[str, str]) -> list[tuple[str, Position]]:
    return [(channel, Position.parse(spelled)) for channel, spelled in follows.items()]
