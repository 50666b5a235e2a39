"""Events: what a producer hands in (`Draft`) and what stands in a log (`Event`).

The rules, checked when one is built, so that no invalid event exists:
- `type` is 1 to 128 visible characters and none of the protocol's own words;
- `data` is a JSON object; it uses none of the names the event itself has on the wire;
- `key` is None (a milestone: it always arrives) or 1 to 255 visible characters (newer events of the key supersede it);
- a channel name is 1 to 255 visible characters.

The data is kept as its JSON text: encoded once, immutable, and the same bytes on every wire. Not here: storage,
framing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import msgspec

from headway.codes import Code
from headway.errors import InvalidChannel, InvalidEvent
from headway.positions import Position

__all__ = ["RESERVED_FIELDS", "RESERVED_TYPES", "Draft", "Event", "channel_name"]

RESERVED_FIELDS: Final = frozenset({"type", "channel", "offset", "position", "timestamp", "key"})
"""Names of the event itself in flat JSON."""

RESERVED_TYPES: Final = frozenset(
    # Said by the server on its own account, in the native protocol.
    {"subscribed", "unsubscribed", "published", "acked", "pong", "batch", "gap", "heartbeat", "reconnect"}
    | {"auth_success", "auth_failed"}
    # Event names a Socket.IO client gives to itself.
    | {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)
"""Types an event cannot have, because a client could not tell it from the protocol."""

_MAX_TYPE: Final = 128
_MAX_NAME: Final = 255
_MAX_DEPTH: Final = 100
"""Levels of nested lists and objects in the data. What is some hundreds of levels deep one reader's JSON decoder takes
and the next one's does not; people's data has about ten."""
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")
_MIN_INTEGER: Final = -(1 << 63)
_MAX_INTEGER: Final = (1 << 64) - 1
"""What MessagePack can carry. An event that one wire cannot carry would be lost on it."""

Data = Mapping[str, Any]
"""The data of an event. Any: whatever JSON values the producer has."""


def channel_name(name: object) -> str:
    """Return the name if it can be a channel's. Raises `InvalidChannel` saying why not."""
    if not isinstance(name, str):
        raise InvalidChannel(f"a channel name is a string, not {_kind(name)}")
    if not _visible(name, _MAX_NAME):
        raise InvalidChannel(f"a channel name is 1 to {_MAX_NAME} visible characters; {_shown(name)} is not")
    return name


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no place in a log yet. Build it with `Draft.of`, which checks everything."""

    type: str
    json: bytes
    key: str | None = None

    @classmethod
    def of(cls, type: object, data: object = None, key: object = None, *, limit: int = 1_000_000) -> Draft:
        """Check and encode. Raises `InvalidEvent` naming what was wrong and, where it is a field, the field."""
        return cls(_event_type(type), _data_json(data, limit), _event_key(key))


@dataclass(frozen=True, slots=True)
class Event:
    """One immutable entry of a channel."""

    channel: str
    epoch: str
    offset: int
    type: str
    json: bytes
    key: str | None
    time: int
    """Milliseconds since 1970, UTC: when the log took it."""

    @property
    def position(self) -> Position:
        """Where a reader stands that has been told this event."""
        return Position(self.epoch, self.offset)

    @property
    def data(self) -> dict[str, Any]:  # Any: the producer's own JSON values
        """The data, decoded anew at each call."""
        decoded: dict[str, Any] = msgspec.json.decode(self.json)
        return decoded


def _event_type(type: object) -> str:
    if not isinstance(type, str):
        raise InvalidEvent(f"an event's type is a string, not {_kind(type)}", details={"field": "type"})
    if not _visible(type, _MAX_TYPE):
        raise InvalidEvent(
            f"an event's type is 1 to {_MAX_TYPE} visible characters; {_shown(type)} is not", details={"field": "type"}
        )
    if type in RESERVED_TYPES:
        raise InvalidEvent(
            f"the type {type!r} belongs to the protocol; choose another",
            code=Code.RESERVED_TYPE,
            details={"field": "type"},
        )
    return type


def _event_key(key: object) -> str | None:
    if key is None:
        return None
    if not isinstance(key, str) or not _visible(key, _MAX_NAME):
        raise InvalidEvent(f"an event's key is 1 to {_MAX_NAME} visible characters", details={"field": "key"})
    return key


def _data_json(data: object, limit: int) -> bytes:
    if data is None:
        return b"{}"
    if not isinstance(data, Mapping):
        raise InvalidEvent(f"an event's data is a JSON object, not {_kind(data)}", details={"field": "data"})
    taken = sorted(RESERVED_FIELDS.intersection(map(_spelled, data)))
    if taken:
        names = ", ".join(repr(name) for name in taken)
        raise InvalidEvent(
            f"the data uses {names}, which belongs to the event itself; choose another name",
            code=Code.RESERVED_FIELD,
            details={"fields": taken},
        )
    try:
        encoded = msgspec.json.encode(dict(data))
        if _suspicious(encoded):
            _check(msgspec.to_builtins(dict(data)), 1)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidEvent(f"the data cannot be written as JSON: {error}", details={"field": "data"}) from error
    if len(encoded) > limit:
        raise InvalidEvent(
            f"the data is {len(encoded)} bytes as JSON; the limit is {limit}",
            code=Code.TOO_LARGE,
            details={"limit": limit},
        )
    return encoded


def _spelled(name: object) -> object:
    """A name in the data as the encoder writes it."""
    return name.value if isinstance(name, Enum) and isinstance(name.value, str) else name


def _suspicious(encoded: bytes) -> bool:
    """Whether there may be something in it that `_check` refuses. Small data without null nearly never is."""
    return (
        b"null" in encoded  # which is also what the encoder makes of a NaN
        or encoded.count(b"[") + encoded.count(b"{") > _MAX_DEPTH
        or _LONG_NUMBER.search(encoded) is not None
    )


def _check(value: object, depth: int) -> None:
    """Raise `ValueError` if some wire or reader could not carry this."""
    if depth > _MAX_DEPTH and isinstance(value, dict | list | tuple):
        raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a JSON number")
    elif isinstance(value, int):
        if not _MIN_INTEGER <= value <= _MAX_INTEGER:
            raise ValueError("it has a whole number of more than 64 bits")
    elif isinstance(value, dict):
        for item in value.values():
            _check(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth + 1)


def _visible(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable() and not any(character.isspace() for character in text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__
