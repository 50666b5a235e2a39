"""What is said of a connection when it has ended: it is counted, and one line of the log tells its whole life.

    connection ended  transport=websocket user=ada seconds=61.204 code=1001 channels=2 events=412 …

`events` are those it was told by the hub, of the channels it still followed; `answers` and `bytes_out` are what else it
was told. The line holds no channel's name and nothing of what was said.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from headway.clock import Clock
from headway.figures import Life
from headway.sessions.session import Session

__all__ = ["Connected", "Lives"]

_LOG: Final = logging.getLogger("headway.connections")


class Connected(Protocol):
    """A connection, as far as it matters to who watches it."""

    life: Life

    def sessions(self) -> Sequence[Session]:
        """The sessions on this connection."""
        ...

    def buffered(self) -> int:
        """Bytes that wait in this process to be written to it."""
        ...


class Lives:
    """Counts the end of each connection, and writes its line."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def ended(self, connection: Connected) -> None:
        """It is over. Called once, while its sessions still follow what they followed."""
        life = connection.life
        seconds = life.end(self._clock.monotonic())
        sessions = connection.sessions()
        cursors = [cursor for session in sessions for cursor in session.cursors.values()]
        _LOG.info(
            "connection ended",
            extra={
                "transport": life.transport,
                "user": next((session.user for session in sessions if session.user is not None), None),
                "address": life.address,
                "seconds": round(seconds, 3),
                "code": life.code,
                "channels": len(cursors),
                "events": sum(max(0, cursor.offset - cursor.first) for cursor in cursors),
                "messages": life.messages_in,
                "bytes_in": life.bytes_in,
                "answers": life.messages_out,
                "bytes_out": life.bytes_out,
            },
        )
