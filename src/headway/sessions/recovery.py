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
from headway.positions import Position, format_positions, parse_positions

__all__ = ["SESSIONS", "Recovery"]

SESSIONS: Final = " sessions"
"""The channel of the records. It begins with a space: no channel a client can name does."""

_TYPE: Final = "session"

Beginnings = tuple[Position, ...]
"""Where a client began in a channel, once for each life of the log that it has seen. The earlier ones stay: until it
has been told of the new life, its token names the old one."""


class Recovery:
    """Remembers and finds what a pid followed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def remember(self, pid: str, follows: Mapping[str, Beginnings]) -> None:
        """Note what the pid follows now, instead of what was noted before. Durable when it returns. Raises
        `StorageError`."""
        data = {"follows": {channel: format_positions(begins) for channel, begins in follows.items()}}
        await self._hub.publish(SESSIONS, [Draft.of(_TYPE, data, key=pid)])

    async def find(self, pid: str, token: str) -> dict[str, tuple[Position, Beginnings]] | None:
        """How far the pid is in each channel it followed, and what is noted of it; None where nothing is known.

        A token that names one of a channel's epochs moves that channel on, the latest first; the others stand where
        they began. A token that makes no sense moves nothing: repeating is better than losing. Raises `StorageError`.
        """
        snapshot = await self._hub.snapshot(SESSIONS, [pid])
        if not snapshot.events:
            return None
        follows: dict[str, str] = snapshot.events[0].data["follows"]
        try:
            told = parse_positions(token)
        except ValueError:
            told = {}
        noted = {channel: tuple(parse_positions(spelled).values()) for channel, spelled in follows.items()}
        stands = _stands(noted, told)
        return {channel: (stands.get(channel, begins[0]), begins) for channel, begins in noted.items()}


def _stands(noted: Mapping[str, Beginnings], told: Mapping[str, Position]) -> dict[str, Position]:
    """Which position of a token is which channel's. Those of a life that the record does not know, because the end of
    the log was torn off with it, stand in the order of the channels."""
    stands: dict[str, Position] = {}
    for channel, begins in noted.items():
        named = [told[begin.epoch] for begin in begins if begin.epoch in told]
        if named:
            stands[channel] = named[-1]
    known = {begin.epoch for begins in noted.values() for begin in begins}
    foreign = [position for epoch, position in told.items() if epoch not in known]
    without = [channel for channel in noted if channel not in stands]
    if len(foreign) == len(without):
        stands |= zip(without, foreign, strict=True)
    return stands
