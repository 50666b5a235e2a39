"""Socket.IO v5 packets: the text that Engine.IO messages carry, and the binary messages behind it. Pure.

    packet     = type [attachments "-"] [namespace ","] [id] [JSON]        namespace is left out for `/`
    type       = 0 CONNECT {auth} · 1 DISCONNECT · 2 EVENT [name, …] · 3 ACK […] · 4 CONNECT_ERROR {message, data?}
                 5 BINARY_EVENT, 6 BINARY_ACK: as 2 and 3, but bytes stand as {"_placeholder":true,"num":n} in the
                 JSON and follow as binary messages

What a client sends is taken apart by `decode`, which raises `PeerError` and nothing else, whatever it is given. Its
bounds: nesting, attachments, the length of a namespace and of an id. The size of a message is bounded below, by
Engine.IO.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache
from typing import Any, Final

import msgspec

from headway.errors import PeerError

__all__ = [
    "MOST_ATTACHMENTS",
    "RESERVED_NAMES",
    "Kind",
    "Packet",
    "decode",
    "encode",
    "event_packet",
    "with_attachments",
]

Json = Any
"""What stands in a packet. Any: JSON values, with `bytes` among them, of the sender's own choice."""

MOST_ATTACHMENTS: Final = 10
"""Binary messages of one packet; the stock parser's own default."""
_MOST_DEPTH: Final = 64
"""Arrays in objects in arrays … Everything that walks a value may recurse so deep; people's data has a handful."""
_MOST_NAMESPACE: Final = 255
"""Characters of a namespace, as of a channel."""
_MOST_ID: Final = 16
"""Digits of an acknowledgement id: JavaScript counts to 9007199254740991."""

RESERVED_NAMES: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)
"""Event names that the libraries on both ends give to themselves."""

_HEAD: Final = re.compile(
    # DOTALL, since a namespace may hold anything but a comma; ASCII, since other digits are no digits here.
    rf"(?P<kind>[0-6])(?:(?P<attachments>[0-9]{{1,9}})-)?(?P<namespace>/[^,]*)?(?(namespace)(?:,|\Z))(?P<id>[0-9]{{0,{_MOST_ID}}})",
    re.ASCII | re.DOTALL,
)


@unique
class Kind(IntEnum):
    """Kinds of packets, by the digit they start with."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, taken apart and checked. A binary one still has its placeholders."""

    kind: Kind
    namespace: str = "/"
    id: int | None = None
    data: Json = None
    attachments: int = 0


def decode(text: str) -> Packet:
    """Take a client's packet apart. Raises `PeerError`."""
    head = _HEAD.match(text)
    if head is None:
        raise PeerError(f"{text[:16]!r} is no packet")
    kind = Kind(int(head["kind"]))
    namespace = head["namespace"] or "/"
    # It is repeated in answers, where a separator of payloads would do harm.
    if len(namespace) > _MOST_NAMESPACE or not namespace.isprintable():
        raise PeerError(f"a namespace is at most {_MOST_NAMESPACE} printable characters")
    packet = Packet(
        kind,
        namespace,
        int(head["id"]) if head["id"] else None,
        _json(text[head.end() :]),
        int(head["attachments"] or 0),
    )
    if (packet.attachments > 0 or head["attachments"] is not None) is not (
        kind in (Kind.BINARY_EVENT, Kind.BINARY_ACK)
    ):
        raise PeerError(f"{kind.name} and a number of attachments do not go together")
    _check(packet)
    return packet


def encode(packet: Packet) -> list[str | bytes]:
    """A packet as the messages that carry it: a text, then its attachments. EVENT and ACK become binary if bytes are
    in the data."""
    attachments: list[bytes] = []
    data = _taken_out(packet.data, attachments) if packet.kind in (Kind.EVENT, Kind.ACK) else packet.data
    kind = packet.kind
    if attachments:
        kind = Kind.BINARY_EVENT if kind is Kind.EVENT else Kind.BINARY_ACK
    text = "".join(
        (
            str(int(kind)),
            f"{len(attachments)}-" if attachments else "",
            "" if packet.namespace == "/" else f"{packet.namespace},",
            "" if packet.id is None else str(packet.id),
            "" if data is None else msgspec.json.encode(data).decode(),
        )
    )
    return [text, *attachments]


def event_packet(type: str, flat_json: bytes, offset: str | None, namespace: str = "/") -> bytes:
    """A broadcast event, for all clients at once: `2["type",{…}]`, with the offset as last argument for those that take
    it.

    The JSON text is used as it stands. Prefix it by `engineio_packets.message` where it goes on a carrier.
    """
    if offset is None:
        return b"%b%b]" % (_event_head(type, namespace), flat_json)
    return b'%b%b,"%b"]' % (_event_head(type, namespace), flat_json, offset.encode())


@lru_cache(maxsize=4096)
def _event_head(type: str, namespace: str) -> bytes:
    return b"2%b[%b," % (b"" if namespace == "/" else namespace.encode() + b",", msgspec.json.encode(type))


def with_attachments(data: Json, attachments: Sequence[bytes]) -> Json:
    """The data of a checked binary packet with its bytes where the placeholders were."""
    if _is_placeholder(data):
        return attachments[data["num"]]
    if isinstance(data, list):
        return [with_attachments(item, attachments) for item in data]
    if isinstance(data, dict):
        return {name: with_attachments(value, attachments) for name, value in data.items()}
    return data


def _taken_out(data: Json, attachments: list[bytes]) -> Json:
    """The data with placeholders where its bytes were; the bytes are appended to the attachments."""
    if isinstance(data, bytes | bytearray | memoryview):
        attachments.append(bytes(data))
        return {"_placeholder": True, "num": len(attachments) - 1}
    if isinstance(data, Mapping):
        return {name: _taken_out(value, attachments) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_taken_out(item, attachments) for item in data]
    return data


# What a packet of a client must be.


def _json(text: str) -> Json:
    if not text:
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise PeerError(f"the payload is not JSON: {error}") from None
    if value is None:
        raise PeerError("the payload is null")
    # Counting brackets is quick and never too low; only what could be too deep is walked.
    if text.count("[") + text.count("{") > _MOST_DEPTH and max(depth for depth, _ in _walk(value)) > _MOST_DEPTH:
        raise PeerError(f"the payload is nested deeper than {_MOST_DEPTH}")
    return value


def _walk(value: Json) -> Iterator[tuple[int, Json]]:
    """Every value inside, with its depth; without recursion, for nobody has checked the depth yet."""
    waiting = [(1, value)]
    while waiting:
        depth, value = waiting.pop()
        yield depth, value
        if isinstance(value, list):
            waiting.extend((depth + 1, item) for item in value)
        elif isinstance(value, dict):
            waiting.extend((depth + 1, item) for item in value.values())


def _check(packet: Packet) -> None:
    """Raise `PeerError` unless the payload is of the kind's shape."""
    data = packet.data
    match packet.kind:
        case Kind.CONNECT:
            _require(data is None or isinstance(data, dict), "CONNECT carries an object or nothing")
            _require(packet.id is None, "CONNECT has no id")
        case Kind.DISCONNECT:
            _require(data is None and packet.id is None, "DISCONNECT carries nothing")
        case Kind.EVENT | Kind.BINARY_EVENT:
            _require(
                isinstance(data, list) and len(data) > 0, "EVENT carries an array that begins with the event's name"
            )
            _require(isinstance(data[0], str), "the name of an event is a string")
            _require(data[0] not in RESERVED_NAMES, "the name of the event is reserved")
        case Kind.ACK | Kind.BINARY_ACK:
            _require(isinstance(data, list) and packet.id is not None, "ACK has an id and carries an array")
        case Kind.CONNECT_ERROR:
            raise PeerError("only a server sends CONNECT_ERROR")
    if packet.kind in (Kind.BINARY_EVENT, Kind.BINARY_ACK):
        _check_attachments(packet)


def _check_attachments(packet: Packet) -> None:
    """Each attachment is announced by exactly one placeholder."""
    _require(1 <= packet.attachments <= MOST_ATTACHMENTS, f"a binary packet has 1 to {MOST_ATTACHMENTS} attachments")
    numbers = [value.get("num") for _, value in _walk(packet.data) if _is_placeholder(value)]
    _require(all(type(number) is int for number in numbers), "a placeholder's num is a number")
    _require(sorted(numbers) == list(range(packet.attachments)), "there is one placeholder for each attachment")


def _is_placeholder(value: Json) -> bool:
    return isinstance(value, dict) and value.get("_placeholder") is True


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise PeerError(sentence)
