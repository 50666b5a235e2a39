"""What clients send over a WebSocket: raw bytes (`websocket`), and frames that are well-formed one by one but follow
each other in any order (`frames`), which gets deeper.

Law: however the bytes arrive, the same is read. What is held is little more than the message under way. What is read
can be framed and read again.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Final

from fuzz.choices import Choices, cut
from fuzz.target import Target, require
from fuzz.weight import held
from headway.protocols.websocket import (
    CloseFrame,
    FrameReader,
    Message,
    Opcode,
    Ping,
    Pong,
    Received,
    Violation,
    close_frame,
    frame,
    unframe,
)

__all__ = ["TARGETS"]

_LIMITS: Final = (125, 2_000, 70_000)
_AT_REST: Final = 2_000
"""Bytes of a reader that holds nothing: itself, a decoder, numbers."""
_WEIGHED: Final = 64
"""Pieces between two looks at what is held: looking takes longer than reading."""
_SPARE: Final = 1.25
"""A buffer that grows is larger than what is in it."""


def _sent(opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False, mask: bytes = b"\0\0\0\0") -> bytes:
    """A frame of a client."""
    first, size = opcode | (0x80 if fin else 0) | (0x40 if rsv1 else 0), len(payload)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    turned = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)) if any(mask) else payload
    return head + mask + turned


def _packed(payload: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def _read(pieces: Iterable[bytes], limit: int, *, deflate: bool) -> list[Received]:
    """What a reader makes of the pieces. It never holds more than it may."""
    reader = FrameReader(limit, deflate=deflate)
    read: list[Received] = []
    for number, piece in enumerate(pieces):
        read += reader.receive(piece)
        if number % _WEIGHED == 0:
            _weigh(reader, limit)
    _weigh(reader, limit)
    return read


def _weigh(reader: FrameReader, limit: int) -> None:
    size = held(reader)
    require(size <= _AT_REST + limit * _SPARE, f"the reader holds {size} bytes for messages of at most {limit}")


def _check_bytes(data: bytes) -> None:
    choices = Choices(data)
    limit, deflate, sizes = choices.pick(_LIMITS), choices.number(1) == 1, choices.piece()
    _check_wire(choices.rest(), limit, sizes, deflate=deflate)


def _check_frames(data: bytes) -> None:
    choices = Choices(data)
    limit, deflate, sizes = choices.pick(_LIMITS), choices.number(1) == 1, choices.piece()
    wire = bytearray()
    while choices and len(wire) < 4 * limit:
        flags = choices.number()
        opcode = choices.pick((0, 1, 2, 8, 9, 10))
        payload = choices.piece() * (choices.number(3) + 1)
        payload = _packed(payload) if flags & 4 else payload
        one = _sent(opcode, payload, fin=not flags & 1, rsv1=bool(flags & 2), mask=b"mask" if flags & 8 else bytes(4))
        # Very many of the same: what is held must not grow with their number.
        wire += one * (200 if flags & 16 else 1)
    _check_wire(bytes(wire), limit, sizes, deflate=deflate)


def _check_wire(wire: bytes, limit: int, sizes: bytes, *, deflate: bool) -> None:
    whole = _read([wire], limit, deflate=deflate)
    require(whole == _read(cut(wire, sizes), limit, deflate=deflate), "what is read depends on how it arrives")
    for place, one in enumerate(whole):
        require(place == len(whole) - 1 or not isinstance(one, CloseFrame | Violation), "something follows the end")
        _check_received(one, limit)


def _check_received(one: Received, limit: int) -> None:
    match one:
        case Message(data):
            opcode, payload = (Opcode.TEXT, data.encode()) if isinstance(data, str) else (Opcode.BINARY, data)
            require(len(payload) <= limit, "a message is larger than allowed")
            require(_read([_sent(opcode, payload, mask=b"abcd")], limit, deflate=False) == [one], "a message changes")
            require(list(unframe(frame(opcode, payload))) == [(opcode, payload)], "a frame changes")
        case Ping(payload) | Pong(payload):
            require(len(payload) <= 125, "a control frame is too large")
        case CloseFrame(code, reason):
            require(len(close_frame(code, reason)) <= 127, "the answer to a close is too large")
        case Violation(close, reason):
            require(len(close_frame(close.code, reason)) <= 127, "the answer to a violation is too large")


_PLAIN: Final = bytes((1, 0, 3, 1, 2, 7))
_DEFLATE: Final = bytes((1, 1, 3, 1, 2, 7))
_TEXT: Final = '{"type":"subscribe","channel":"läuft → 🚀"}'.encode()

_BYTES: Final = (
    _PLAIN + _sent(1, _TEXT),
    _PLAIN + _sent(1, _TEXT, mask=b"\x37\xfa\x21\x3d") + _sent(9, b"?") + _sent(8, b"\x03\xe8over"),
    _PLAIN + _sent(1, _TEXT[:41], fin=False) + _sent(9, b"between") + _sent(0, _TEXT[41:]),
    _PLAIN + _sent(2, bytes(range(256))) + _sent(10, b""),
    _PLAIN + _sent(2, b"", fin=False) + _sent(0, b"", fin=False) * 40 + _sent(0, b"end"),
    _PLAIN + _sent(1, b"ab", fin=False) + _sent(0, b"cd", fin=False) * 300,
    _PLAIN + _sent(1, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"),
    _PLAIN + b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff0000",
    _DEFLATE + _sent(1, _packed(_TEXT), rsv1=True) + _sent(1, _TEXT),
    _DEFLATE + _sent(1, _packed(_TEXT)[:9], rsv1=True, fin=False) + _sent(0, _packed(_TEXT)[9:]),
    _DEFLATE + _sent(2, _packed(bytes(50_000)), rsv1=True),
)
_FRAMES: Final = (
    bytes((1, 0, 2, 5, 1)) + bytes((0, 1, 5)) + b"hello" + bytes((0,)),
    bytes((1, 0, 0)) + bytes((1, 1, 2)) + b"ab" + bytes((0, 17, 0, 2)) + b"cd" + bytes((0, 0, 0, 1)) + b"e\x00",
    bytes((2, 0, 0)) + bytes((1, 2, 1)) + b"a" + bytes((0, 17, 0, 0, 0, 17, 0, 1)) + b"b\x00",
    bytes((1, 1, 1, 9))
    + bytes((6, 1, 4))
    + b"text"
    + bytes((3, 0, 4, 1))
    + b"?\x00"
    + bytes((0, 3, 2))
    + b"\x03\xe8\x00",
)

TARGETS: Final = (Target("websocket", _check_bytes, _BYTES), Target("frames", _check_frames, _FRAMES))
