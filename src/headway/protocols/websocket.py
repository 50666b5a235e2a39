"""WebSocket frames (RFC 6455), as the server side needs them, with shared compression (RFC 7692).

What the server sends is not masked, so one frame serves every reader. It never depends on what was sent before
(`server_no_context_takeover`), so a compressed frame serves every reader too.

What the client sends is read by `FrameReader`: bytes in, messages out, in any slicing. It holds little more than the
message under way, in however small pieces that came, because a server has one for each of its idle connections; this is
why it is not the `websockets` library's, which holds four kilobytes. It stops at the first violation (section 7.1.7)
and says which close code answers it. Text is checked as it arrives, so that a bad byte is answered at once and not at
the end of a long message (section 8.1).
"""

from __future__ import annotations

import codecs
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from headway.codes import Close

__all__ = [
    "CloseFrame",
    "FrameReader",
    "Message",
    "Opcode",
    "Ping",
    "Pong",
    "Received",
    "Violation",
    "close_frame",
    "frame",
    "unframe",
]


class Opcode(IntEnum):
    """Kinds of frames, section 5.2."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_FIN: Final = 0x80
_RSV1: Final = 0x40
_MASKED: Final = 0x80
_CONTROL_BYTES: Final = 125
"""Most bytes of a control frame, section 5.5."""
_TAIL: Final = b"\x00\x00\xff\xff"
"""What ends a deflate block and is left out on the wire, RFC 7692 section 7.2."""
_WINDOW: Final = 12
"""Window bits of what we compress: an event is smaller than 4 KB or compresses well enough."""
_WORTHWHILE: Final = 256
"""Bytes below which compressing costs the reader more than it saves."""


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message of the client: text or bytes."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks for a pong with the same bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The client answers a ping, or just shows life."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CloseFrame:
    """The client closes; answer with the same code. Nothing follows."""

    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Violation:
    """The client broke the protocol; close with this code. Nothing follows."""

    close: Close
    reason: str


Received = Message | Ping | Pong | CloseFrame | Violation


def frame(opcode: Opcode, payload: bytes, *, deflate: bool = False) -> bytes:
    """A whole unmasked frame. Compressed where that was agreed, the payload is a message, and it is worth it."""
    first = _FIN | opcode
    if deflate and len(payload) >= _WORTHWHILE and opcode in (Opcode.TEXT, Opcode.BINARY):
        packer = zlib.compressobj(wbits=-_WINDOW)
        packed = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
        if len(packed) - len(_TAIL) < len(payload):
            payload = packed[: -len(_TAIL)]
            first |= _RSV1
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def close_frame(code: int | None, reason: str = "") -> bytes:
    """A close frame. A reason that is too long is cut at a character."""
    if code is None:
        return frame(Opcode.CLOSE, b"")
    text = reason.encode()[: _CONTROL_BYTES - 2].decode(errors="ignore").encode()
    return frame(Opcode.CLOSE, struct.pack("!H", code) + text)


def unframe(data: bytes) -> Iterator[tuple[Opcode, bytes]]:
    """Take frames made by `frame` without compression apart again: for servers that frame by themselves."""
    at = 0
    while at < len(data):
        opcode, size = Opcode(data[at] & 0x0F), data[at + 1]
        at += 2
        if size == 126:
            (size,) = struct.unpack_from("!H", data, at)
            at += 2
        elif size == 127:
            (size,) = struct.unpack_from("!Q", data, at)
            at += 8
        yield opcode, data[at : at + size]
        at += size


class FrameReader:
    """Reads what a client sends. `receive` any bytes; what they complete is returned, in order.

    `receive` reads at most so many frames; while `waiting` says so there are more, and `receive(b"")` goes on.

    After a `CloseFrame` or a `Violation` everything further is ignored.
    """

    __slots__ = (
        "_at",
        "_buffer",
        "_compressed",
        "_deflate",
        "_done",
        "_fin",
        "_left",
        "_mask",
        "_max",
        "_opcode",
        "_payload",
        "_stopped",
        "_utf8",
    )

    def __init__(self, max_bytes: int, *, deflate: bool = False) -> None:
        self._max = max_bytes
        self._deflate = deflate
        self._buffer = b""
        self._at = 0
        """How far the buffer has been read. It is cut once per `receive` and not at every frame, or a client that sends
        tiny frames would have the rest moved for each of them."""
        self._done = False
        self._stopped = False
        # The message under way.
        self._opcode: Opcode | None = None
        self._compressed = False
        self._payload = bytearray()
        """What has come of it. Not a list of pieces: of a client that sends byte by byte each would weigh fifty."""
        self._utf8: codecs.IncrementalDecoder | None = None
        """Follows a text, only to notice a bad byte when it arrives."""
        # The data frame under way, if its payload has not arrived whole.
        self._left = 0
        self._fin = False
        self._mask = b""

    @property
    def waiting(self) -> bool:
        """Whether `receive` stopped at its bound, with frames left to read."""
        return self._stopped

    def receive(self, data: bytes, most: int = sys.maxsize) -> list[Received]:
        """Read on. Never raises; a violation is the last thing returned."""
        received: list[Received] = []
        if self._done:
            return received
        self._buffer = self._buffer + data if self._buffer else bytes(data)
        try:
            self._stopped = True
            for _ in range(most):
                if not self._step(received):
                    self._stopped = False
                    break
        except _Broken as broken:
            self._done, self._stopped = True, False
            received.append(Violation(broken.close, broken.reason))
        self._buffer = b"" if self._done else self._buffer[self._at :]
        self._at = 0
        return received

    def _step(self, received: list[Received]) -> bool:
        """Read one frame, or what has come of it. Whether there may be more."""
        if self._left:
            return self._take(received)
        header = _header(self._buffer, self._at)
        if header is None:
            return False
        opcode, fin, rsv1, size, mask, begin = header
        if opcode >= Opcode.CLOSE:
            if len(self._buffer) < begin + size:
                return False
            payload = _unmask(self._buffer[begin : begin + size], mask)
            self._at = begin + size
            return self._control(opcode, payload, received)
        self._begin(opcode, rsv1)
        if len(self._payload) + size > self._max:
            raise _Broken(Close.TOO_BIG, f"a message has at most {self._max} bytes")
        self._at = begin
        self._fin, self._left, self._mask = fin, size, mask
        if size == 0:
            return self._finish_frame(received)
        return self._more

    def _begin(self, opcode: Opcode, rsv1: bool) -> None:
        if opcode is Opcode.CONTINUATION:
            if self._opcode is None:
                raise _Broken(Close.PROTOCOL_ERROR, "a continuation without a beginning")
            if rsv1:
                raise _Broken(Close.PROTOCOL_ERROR, "only the first frame of a message says that it is compressed")
            return
        if self._opcode is not None:
            raise _Broken(Close.PROTOCOL_ERROR, "a new message inside another")
        if rsv1 and not self._deflate:
            raise _Broken(Close.PROTOCOL_ERROR, "compression was not agreed")
        self._opcode, self._compressed = opcode, rsv1

    def _take(self, received: list[Received]) -> bool:
        """Take as much of the frame under way as has arrived."""
        piece = self._buffer[self._at : self._at + self._left]
        if not piece:
            return False
        self._at += len(piece)
        self._left -= len(piece)
        piece = _unmask(piece, self._mask)
        if self._left == 0 and self._fin and not self._payload:
            # Nearly every message arrives whole.
            return self._finish_message(piece, received)
        turn = len(piece) % 4
        self._mask = self._mask[turn:] + self._mask[:turn]
        if self._opcode is Opcode.TEXT and not self._compressed:
            self._utf8 = self._utf8 or _new_decoder()
            _decode(self._utf8, piece)
        self._payload += piece
        return self._left == 0 and self._finish_frame(received)

    def _finish_frame(self, received: list[Received]) -> bool:
        if not self._fin:
            return self._more
        return self._finish_message(bytes(self._payload), received)

    def _finish_message(self, payload: bytes, received: list[Received]) -> bool:
        if self._compressed:
            payload = _inflate(payload, self._max)
        received.append(Message(_text(payload) if self._opcode is Opcode.TEXT else payload))
        self._opcode, self._utf8 = None, None
        if self._payload:
            self._payload = bytearray()
        return self._more

    @property
    def _more(self) -> bool:
        return self._at < len(self._buffer)

    def _control(self, opcode: Opcode, payload: bytes, received: list[Received]) -> bool:
        match opcode:
            case Opcode.PING:
                received.append(Ping(payload))
            case Opcode.PONG:
                received.append(Pong(payload))
            case _:
                received.append(_close(payload))
                self._done = True
                return False
        return self._more


class _Broken(Exception):
    def __init__(self, close: Close, reason: str) -> None:
        super().__init__(reason)
        self.close = close
        self.reason = reason


def _header(data: bytes, at: int) -> tuple[Opcode, bool, bool, int, bytes, int] | None:
    """Opcode, fin, rsv1, payload size, mask and where the payload begins; None while it has not arrived whole."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    if first & 0x30:
        raise _Broken(Close.PROTOCOL_ERROR, "reserved bits are set")
    try:
        opcode = Opcode(first & 0x0F)
    except ValueError:
        raise _Broken(Close.PROTOCOL_ERROR, f"there is no opcode {first & 0x0F}") from None
    if not second & _MASKED:
        raise _Broken(Close.PROTOCOL_ERROR, "a client masks its frames")
    size, at = second & 0x7F, at + 2
    if opcode >= Opcode.CLOSE:
        if not first & _FIN or first & _RSV1:
            raise _Broken(Close.PROTOCOL_ERROR, "a control frame is whole and not compressed")
        if size > _CONTROL_BYTES:
            raise _Broken(Close.PROTOCOL_ERROR, f"a control frame has at most {_CONTROL_BYTES} bytes")
    if size == 126:
        if len(data) < at + 2:
            return None
        (size,) = struct.unpack_from("!H", data, at)
        at += 2
    elif size == 127:
        if len(data) < at + 8:
            return None
        (size,) = struct.unpack_from("!Q", data, at)
        at += 8
    if len(data) < at + 4:
        return None
    return opcode, bool(first & _FIN), bool(first & _RSV1), size, data[at : at + 4], at + 4


def _unmask(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    if not size:
        return data
    repeated = mask * (size // 4 + 1)
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated[:size], "big")).to_bytes(size, "big")


def _close(payload: bytes) -> CloseFrame | Violation:
    if not payload:
        return CloseFrame(None, "")
    if len(payload) == 1:
        return Violation(Close.PROTOCOL_ERROR, "a close code has two bytes")
    (code,) = struct.unpack_from("!H", payload)
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return Violation(Close.PROTOCOL_ERROR, f"{code} is no close code")
    try:
        return CloseFrame(code, payload[2:].decode())
    except UnicodeDecodeError:
        return Violation(Close.INVALID_TEXT, "the close reason is not UTF-8")


def _new_decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")()


def _decode(decoder: codecs.IncrementalDecoder, data: bytes) -> None:
    try:
        decoder.decode(data)
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _not_utf8() -> _Broken:
    return _Broken(Close.INVALID_TEXT, "the text is not UTF-8")


def _inflate(data: bytes, max_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(data + _TAIL, max_bytes + 1)
    except zlib.error:
        raise _Broken(Close.INVALID_TEXT, "the compressed message is not deflate") from None
    if len(plain) > max_bytes:
        raise _Broken(Close.TOO_BIG, f"a message has at most {max_bytes} bytes")
    return plain
