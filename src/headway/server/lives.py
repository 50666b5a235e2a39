"""What is said of a connection when it has ended: it is counted, and one line of the log tells its whole life.

    connection ended  transport=websocket user=ada seconds=61.204 code=1001 channels=2 events=412 …

`events` are those it was told by the hub, of the channels it still followed; `answers` and `bytes_out` are what else it
was told. The line holds no channel's name and nothing of what was said. The last ends are remembered for people.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol

from headway.clock import Clock
from headway.codes import Close
from headway.figures import Life
from headway.sessions.session import Session

__all__ = ["Connected", "Lives"]

_LOG: Final = logging.getLogger("headway.connections")

_REMEMBERED: Final = 100
"""Ends that are remembered: what a page shows. The log has them all."""
_MEANINGS: Final = {close.code: close.meaning for close in Close}
_LEFT: Final = "It left without a word."
_DISMISSED: Final = "An administrator ended it."


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
    """Counts the end of each connection, writes its line, and remembers the last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._dismissed: set[int] = set()
        self._last: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)  # Any: JSON

    def dismiss(self, connection: Connected) -> None:
        """An administrator ends it: when it has ended, that is why."""
        self._dismissed.add(connection.life.number)

    def newest_first(self) -> list[dict[str, Any]]:  # Any: JSON
        """The connections that ended last, each as its line, with when (seconds since 1970) and why."""
        return list(reversed(self._last))

    def ended(self, connection: Connected) -> None:
        """It is over. Called once, while its sessions still follow what they followed."""
        life = connection.life
        seconds = life.end(self._clock.monotonic())
        sessions = connection.sessions()
        cursors = [cursor for session in sessions for cursor in session.cursors.values()]
        fields = {
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
        }
        _LOG.info("connection ended", extra=fields)
        self._last.append({"id": life.number, "ended": self._clock.now(), "reason": self._reason(life)} | fields)

    def _reason(self, life: Life) -> str:
        if life.number in self._dismissed:
            self._dismissed.discard(life.number)
            return _DISMISSED
        return _LEFT if life.code is None else _MEANINGS.get(life.code, "It said a code of its own.")
