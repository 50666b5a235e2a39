"""What an administrator may look at while something is odd: the last messages that passed, and who is connected.

    GET /api/debug/messages?channel=&type=&limit=    {"messages": [{time, direction, transport, session, type, …}],
                                                     "kept", "passed"}: the newest first
    GET /api/debug/connections?channel=&limit=       {"connections": [{…}], "total", "ended": [{…}]}: the oldest first;
                                                     of those that ended, the newest

Nothing of what was said is kept: a message is its type, its channel and its size. A type that does not look like one,
and a channel that cannot be one, are kept as `?`, so that no token gets in by standing in the wrong place. Of a
session's id there are the first characters: enough to tell sessions apart, not enough to be one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from headway.clock import Clock
from headway.errors import InvalidChannel, UsageError
from headway.events import channel_name
from headway.positions import Position
from headway.server.lives import Connected
from headway.server.masking import masked

__all__ = ["Passed", "Ring", "connections", "messages"]

_KEPT: Final = 1_000
"""Messages remembered; some 300 KB. The seeds' debug tools keep as many."""
_SHOWN: Final = 100
_MOST_SHOWN: Final = 1_000
"""Connections shown at once: some 500 KB of JSON."""
_ID_SHOWN: Final = 6
_TYPE: Final = re.compile(r"[A-Za-z][\w.:/-]{0,39}")
"""What a message's type looks like. A JSON Web Token is longer."""

Json = dict[str, Any]  # Any: JSON


class Passed(NamedTuple):
    """One message that a client said, or one write that told readers of a channel alike. A tuple, for there is one of
    them for every message."""

    time: float
    outward: bool
    transport: str
    session: str
    type: str
    channel: str | None
    size: int
    events: int = 1
    readers: int = 1


class Ring:
    """The last messages."""

    def __init__(self, now: Callable[[], float], kept: int = _KEPT) -> None:
        """`now` is the clock's, for people."""
        self._now = now
        self._passed: deque[Passed] = deque(maxlen=kept)
        self.passed = 0

    def heard(self, transport: str, session: str, type: object, channel: object, size: int) -> None:
        """A client said something. The words may be anything."""
        self._keep(Passed(self._now(), False, transport, session[:_ID_SHOWN], _type(type), _channel(channel), size))

    def told(self, transport: str, channel: str, type: str, writes: int, events: int, size: int) -> None:
        """Readers of a channel were told: together so many writes, events and bytes."""
        each, alike = events // max(1, writes), size // max(1, writes)
        self._keep(Passed(self._now(), True, transport, "", type, channel, alike, each, writes))

    def newest_first(self) -> Sequence[Passed]:
        """What is kept."""
        return list(reversed(self._passed))

    def statistics(self) -> dict[str, int]:
        """How much is kept, and how much passed."""
        return {"kept": len(self._passed), "passed": self.passed}

    def _keep(self, passed: Passed) -> None:
        self.passed += 1
        self._passed.append(passed)


def messages(ring: Ring, query: Mapping[str, str]) -> Json:
    """The body of `/api/debug/messages`. Raises `UsageError`."""
    shown = [_message(passed) for passed in ring.newest_first()]
    for name in ("channel", "type"):
        if name in query:
            shown = [message for message in shown if message[name] == query[name]]
    return {"messages": shown[: _limit(query, _KEPT)], **ring.statistics()}


def connections(
    found: Sequence[Connected],
    clock: Clock,
    heads: Callable[[str], Position | None],
    query: Mapping[str, str],
    ended: Sequence[Mapping[str, Any]] = (),  # Any: JSON
) -> Json:
    """The body of `/api/debug/connections`. `heads` knows the newest position of a channel that is followed, as
    `Hub.known_head`; `ended` are the last ends, as `Lives.newest_first`. Raises `UsageError`."""
    channel, now = query.get("channel"), clock.monotonic()
    chosen = (one for one in found if channel is None or any(channel in session.cursors for session in one.sessions()))
    shown = [_connection(one, now, heads) for one in islice(chosen, _limit(query, _MOST_SHOWN))]
    return {"connections": shown, "total": len(found), "ended": [_ended(one) for one in ended]}


def _message(passed: Passed) -> Json:
    fields: Json = {
        "time": _iso(passed.time),
        "direction": "out" if passed.outward else "in",
        "transport": passed.transport,
        "session": passed.session or None,
        "type": passed.type,
        "channel": passed.channel,
        "size": passed.size,
    }
    return fields | {"events": passed.events, "readers": passed.readers} if passed.outward else fields


def _connection(one: Connected, now: float, heads: Callable[[str], Position | None]) -> Json:
    life, sessions = one.life, one.sessions()
    cursors = [cursor for session in sessions for cursor in session.cursors.values()]
    followed: dict[str, Json] = {}
    for cursor in cursors:
        head = heads(cursor.channel)
        behind = max(0, head.offset - cursor.offset) if head is not None and head.epoch == cursor.epoch else None
        followed[cursor.channel] = {"offset": cursor.offset, "behind": behind, "lagging": cursor.lagging}
    return {
        "id": life.number,
        "transport": life.transport,
        "sessions": [session.id[:_ID_SHOWN] for session in sessions],
        "user": next((_whole(session.user) for session in sessions if session.user is not None), None),
        "address": life.address,
        "since": _iso(life.since),
        "seconds": round(now - life.began, 3),
        "writable": all(session.outlet.writable for session in sessions),
        "buffered_bytes": one.buffered(),
        "messages": life.messages_in,
        "bytes_in": life.bytes_in,
        "events": sum(max(0, cursor.offset - cursor.first) for cursor in cursors),
        "answers": life.messages_out,
        "bytes_out": life.bytes_out,
        "channels": followed,
    }


def _ended(one: Mapping[str, Any]) -> Json:  # Any: JSON
    user = one["user"]
    return {**one, "ended": _iso(one["ended"]), "user": user if user is None else _whole(user)}


def _limit(query: Mapping[str, str], most: int) -> int:
    given = query.get("limit", "")
    if not given:
        return _SHOWN
    if not (given.isascii() and given.isdigit()) or len(given) > 9 or int(given) < 1:
        raise UsageError("limit is a number from 1", details={"field": "limit"})
    return min(int(given), most)


def _type(word: object) -> str:
    return word if isinstance(word, str) and _TYPE.fullmatch(word) else "?"


def _channel(word: object) -> str | None:
    if word is None:
        return None
    try:
        return masked(channel_name(word))
    except InvalidChannel:
        return "?"


def _whole(name: str) -> str:
    """A name that can be written: half a character is legal in a token's JSON."""
    return name.encode("utf-8", "replace").decode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
