"""Engine.IO v4 on the wire: requests, packets, payloads. Pure. The session they belong to is `engineio.Engine`.

    packet   = type data?        type is one digit: 0 open, 1 close, 2 ping, 3 pong, 4 message, 5 upgrade, 6 noop
    socket   = a packet is one text frame; a binary message is one binary frame, without a type
    payload  = packet *( U+001E packet )     the body of a poll's answer and of a POST; a binary message is `b` + base64

In Python a packet as it stands on the wire is a `str`, a binary message is `bytes`, in both directions.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from headway.errors import PeerError

__all__ = [
    "MOST_PACKETS",
    "SEPARATOR",
    "Packet",
    "PacketType",
    "Refusal",
    "Refused",
    "Request",
    "Transport",
    "decode_packet",
    "decode_payload",
    "encode_payload",
    "message",
    "read_request",
    "takes_offset",
]

SEPARATOR: Final = b"\x1e"
"""Between the packets of a payload. JSON text never holds it: control characters are escaped there."""

MOST_PACKETS: Final = 10_000
"""Packets of one POST. The stock client puts all it has into one body of up to `maxPayload` bytes, so this is generous;
without it a body of a million empty packets would hold the loop for a second."""

_MOST_PARAMETERS: Final = 64
"""Fields of one query string that are read at all; the clients send four and a few of their user's own."""


# Requests, and how they are refused.


@unique
class Transport(Enum):
    """What a session travels on, spelled as in the URL."""

    POLLING = "polling"
    WEBSOCKET = "websocket"


@unique
class Refusal(Enum):
    """Why an HTTP request gets no session: the protocol's code, HTTP status, the protocol's own words."""

    UNKNOWN_TRANSPORT = (0, 400, "Transport unknown")
    UNKNOWN_SESSION = (1, 400, "Session ID unknown")
    BAD_METHOD = (2, 400, "Bad handshake method")
    BAD_REQUEST = (3, 400, "Bad request")
    FORBIDDEN = (4, 403, "Forbidden")
    UNSUPPORTED_VERSION = (5, 400, "Unsupported protocol version")
    TOO_LARGE = (3, 413, "Payload too large")

    def __init__(self, code: int, status: int, meaning: str) -> None:
        self.code = code
        self.status = status
        self.meaning = meaning


class Refused(PeerError):
    """The request is answered with `status` and the JSON `body`; a WebSocket handshake with the same instead of 101."""

    def __init__(self, refusal: Refusal, reason: str) -> None:
        super().__init__(f"{refusal.meaning}: {reason}")
        self.refusal = refusal
        self.reason = reason

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.refusal.status

    @property
    def body(self) -> bytes:
        """What the client can read about it."""
        return msgspec.json.encode({"code": self.refusal.code, "message": self.refusal.meaning, "reason": self.reason})


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed request: for a new session, or for the one it names."""

    sid: str | None
    transport: Transport


def read_request(method: str, query_string: str, *, websocket: bool) -> Request:
    """What a request to the Engine.IO path wants. Raises `Refused`; whether the session exists is for the caller to
    find out.

    `websocket` says whether it is a WebSocket handshake. Preflights (`OPTIONS`) never come here.
    """
    query = _query(query_string)
    try:
        transport = Transport(query.get("transport"))
    except ValueError:
        raise Refused(Refusal.UNKNOWN_TRANSPORT, "transport is polling or websocket") from None
    sid = query.get("sid") or None
    if method not in ("GET", "POST") or (sid is None and method != "GET"):
        raise Refused(
            Refusal.BAD_METHOD, "a session is opened by GET" if sid is None else "a session takes GET and POST"
        )
    if websocket is not (transport is Transport.WEBSOCKET):
        raise Refused(Refusal.BAD_REQUEST, "transport=websocket and a WebSocket handshake belong together")
    if query.get("EIO") != "4":
        raise Refused(Refusal.UNSUPPORTED_VERSION, "this server speaks EIO=4")
    if "j" in query:
        raise Refused(Refusal.BAD_REQUEST, "JSONP polling is not offered; use polling or websocket")
    return Request(sid, transport)


def takes_offset(query_string: str) -> bool:
    """Whether this client's event handlers bear one more argument, the offset: those of JavaScript and Java do,
    Python's do not.

    The stock clients of JavaScript and Java write `EIO` before `transport` and keep the offset for their recovery;
    python-engineio writes `transport` before `EIO`, its handlers take exactly what was emitted, and it has no recovery.
    Whoever is not recognised gets no surprise argument. `recovery=1` or `recovery=0` in the query decides instead.
    """
    names = []
    for name, value in _pairs(query_string):
        if name == "recovery" and value in ("0", "1"):
            return value == "1"
        names.append(name)
    # The last of each: what the user's own query holds stands before what the library adds.
    last = {name: place for place, name in enumerate(names)}
    return last.get("EIO", len(names)) < last.get("transport", -1)


def _query(query_string: str) -> dict[str, str]:
    return dict(_pairs(query_string))


def _pairs(query_string: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query_string, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return []


# Packets.


@unique
class PacketType(Enum):
    """Kinds of packets, by the digit they start with."""

    OPEN = "0"
    CLOSE = "1"
    PING = "2"
    PONG = "3"
    MESSAGE = "4"
    UPGRADE = "5"
    NOOP = "6"


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, taken apart."""

    type: PacketType
    data: str | bytes = ""


def decode_packet(wire: str | bytes) -> Packet:
    """Take a packet of a WebSocket apart. Raises `PeerError`."""
    if isinstance(wire, bytes):
        return Packet(PacketType.MESSAGE, wire)
    try:
        return Packet(PacketType(wire[:1]), wire[1:])
    except ValueError:
        raise PeerError(f"a packet begins with a digit from 0 to 6, not {wire[:1]!r}") from None


def decode_payload(body: bytes) -> list[Packet]:
    """Take the body of a POST apart: all of it or nothing. Raises `PeerError`."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise PeerError("the payload is not UTF-8") from None
    pieces = text.split("\x1e", MOST_PACKETS)
    if len(pieces) > MOST_PACKETS:
        raise PeerError(f"a payload has at most {MOST_PACKETS} packets")
    return [_decode_binary(piece) if piece.startswith("b") else decode_packet(piece) for piece in pieces]


def encode_payload(packets: Iterable[str | bytes]) -> bytes:
    """Packets as the body of a poll's answer."""
    return SEPARATOR.join([_encode_piece(packet) for packet in packets])


def message(data: bytes) -> bytes:
    """Text of the layer above as a packet: the payload of a text frame, or one piece of a payload."""
    return b"4" + data


def _encode_piece(packet: str | bytes) -> bytes:
    if isinstance(packet, str):
        return packet.encode()
    return b"b" + binascii.b2a_base64(packet, newline=False)


def _decode_binary(piece: str) -> Packet:
    try:
        return Packet(PacketType.MESSAGE, binascii.a2b_base64(piece[1:], strict_mode=True))
    except ValueError:  # also what is not ASCII
        raise PeerError("a binary message is not base64") from None
