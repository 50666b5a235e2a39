"""WebSocket frames, against the library that everybody else uses, in any slicing, with every violation of RFC 6455."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as PeersOpcode
from websockets.streams import StreamReader

from fuzz.weight import held
from headway.codes import Close
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

MOST = 10_000


def deflate() -> PerMessageDeflate:
    """The compression that is agreed: nothing depends on the messages before."""
    return PerMessageDeflate(True, True, 15, 15)


def theirs(opcode: int, payload: bytes, *, fin: bool = True, compressed: bool = False) -> bytes:
    """A frame as a client of the library sends it."""
    made = Frame(PeersOpcode(opcode), payload, fin)
    return made.serialize(mask=True, extensions=[deflate()] if compressed else [])


def raw(first: int, payload: bytes, *, mask: bytes = b"\x01\x02\x03\x04", size: int | None = None) -> bytes:
    """A frame of a client that breaks rules: with any first byte, and any size in its short form."""
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((first, 0x80 | (len(payload) if size is None else size))) + mask + masked


def read_by_peer(data: bytes, *, compressed: bool = False) -> list[Frame]:
    """What a client of the library reads."""
    stream, frames = StreamReader(), []
    stream.feed_data(data)
    stream.feed_eof()
    while True:
        reading = Frame.parse(
            stream.read_exact, mask=False, max_size=None, extensions=[deflate()] if compressed else []
        )
        try:
            next(reading)
        except StopIteration as read:
            frames.append(read.value)
        except EOFError:
            return frames


def received(data: bytes, *, slices: Iterable[int] = (), most: int = MOST, deflated: bool = False) -> list[Received]:
    """What comes of these bytes, cut at these places."""
    reader, found, start = FrameReader(most, deflate=deflated), [], 0
    for end in [*sorted(place % (len(data) + 1) for place in slices), len(data)]:
        found += reader.receive(data[start:end])
        start = end
    return found


def bytewise(data: bytes, *, most: int = MOST, deflated: bool = False) -> list[Received]:
    """What comes of these bytes, one by one."""
    return received(data, slices=range(len(data)), most=most, deflated=deflated)


def violation(data: bytes, *, most: int = MOST, deflated: bool = False) -> Close:
    """The code with which these bytes are answered, however they arrive; nothing else comes of them."""
    found, slowly = received(data, most=most, deflated=deflated), bytewise(data, most=most, deflated=deflated)
    assert found == slowly
    (only,) = found
    assert isinstance(only, Violation)
    assert len(only.reason.encode()) <= 123
    return only.close


# What the server sends.


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_frames_are_read_by_others(opcode: Opcode, size: int) -> None:
    """A client of another make reads what was sent, of any size."""
    (read,) = read_by_peer(frame(opcode, b"x" * size))

    assert (int(read.opcode), read.data, read.fin) == (int(opcode), b"x" * size, True)


@pytest.mark.parametrize("payload", [b"x" * 255, b"x" * 256, b'{"a":"b"}' * 1_000, b"\xff" * 70_000])
def test_compressed_frames_are_read_by_others(payload: bytes) -> None:
    """Compressed where it is worth it, each by itself: a client reads the second without having seen the first."""
    data = frame(Opcode.BINARY, payload, deflate=True)
    (read,) = read_by_peer(data, compressed=True)

    assert read.data == payload
    assert (len(data) < len(payload)) == (len(payload) >= 256)


def test_what_does_not_become_smaller_is_not_compressed() -> None:
    """Random bytes, control frames and small messages go as they are."""
    noise = os.urandom(1_000)

    assert frame(Opcode.BINARY, noise, deflate=True) == frame(Opcode.BINARY, noise)
    assert frame(Opcode.TEXT, b"x" * 100, deflate=True) == frame(Opcode.TEXT, b"x" * 100)


@pytest.mark.parametrize(
    ("code", "reason"), [(None, ""), (1000, ""), (4001, "no"), (1012, "é" * 100), (1009, "€" * 41)]
)
def test_close_frames_are_read_by_others(code: int | None, reason: str) -> None:
    """A reason that is too long is cut between two characters."""
    (read,) = read_by_peer(close_frame(code, reason))

    assert len(read.data) <= 125
    assert read.data[:2] == (b"" if code is None else struct.pack("!H", code))
    assert reason.startswith(bytes(read.data[2:]).decode())
    assert len(read.data) >= min(122, 2 + len(reason.encode())) or code is None


@given(st.lists(st.tuples(st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING]), st.binary(max_size=300))))
def test_frames_can_be_taken_apart_again(found: list[tuple[Opcode, bytes]]) -> None:
    """A server that frames by itself gets back what was framed."""
    found.append((Opcode.BINARY, b"x" * 70_000))

    assert list(unframe(b"".join(frame(opcode, payload) for opcode, payload in found))) == found


# What the client sends.


def _parts(payload: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(payload) + 1) for cut in cuts), len(payload)]
    return [payload[start:end] for start, end in pairwise(places)]


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Received]]:
    """Messages in fragments, control frames between these, as bytes and as what must come of them."""
    data = b""
    expected: list[Received] = []
    for payload in draw(st.lists(st.text(max_size=200) | st.binary(max_size=200), max_size=4)):
        opcode = 1 if isinstance(payload, str) else 2
        plain = payload.encode() if isinstance(payload, str) else payload
        parts = _parts(plain, draw(st.lists(st.integers(0, 250), max_size=3)))
        for index, part in enumerate(parts):
            data += theirs(0 if index else opcode, part, fin=index == len(parts) - 1)
            if index < len(parts) - 1 and draw(st.booleans()):
                beat = draw(st.binary(max_size=125))
                pong = draw(st.booleans())
                data += theirs(10 if pong else 9, beat)
                expected.append(Pong(beat) if pong else Ping(beat))
        expected.append(Message(payload))
    return data, expected


@given(conversations(), st.lists(st.integers(0, 2_000), max_size=8))
def test_any_slicing_gives_the_same_messages(conversation: tuple[bytes, list[Received]], slices: list[int]) -> None:
    """However the bytes arrive, the same messages come of them, with control frames between the fragments."""
    data, expected = conversation

    assert received(data, slices=slices) == expected


@given(st.text(max_size=600) | st.binary(max_size=600), st.lists(st.integers(0, 700), max_size=4))
def test_compressed_messages_of_others_are_read(payload: str | bytes, slices: list[int]) -> None:
    """A compressed message is read however it arrives, and one that is not compressed beside it."""
    opcode, plain = (1, payload.encode()) if isinstance(payload, str) else (2, payload)
    data = theirs(opcode, plain, compressed=True) + theirs(opcode, plain)

    assert received(data, slices=slices, deflated=True) == [Message(payload)] * 2


def test_a_compressed_message_in_fragments() -> None:
    """Only the first frame says so, and a ping may come between."""
    packed = Frame(PeersOpcode.TEXT, b"abc" * 500)
    body = bytes(deflate().encode(packed).data)
    data = raw(0x41, body[:5]) + theirs(9, b"?") + raw(0x80, body[5:])

    assert bytewise(data, deflated=True) == [Ping(b"?"), Message("abc" * 500)]


@given(st.binary(max_size=400), st.lists(st.integers(0, 500), max_size=5), st.booleans())
def test_no_bytes_are_a_fault(data: bytes, slices: list[int], deflated: bool) -> None:
    """Whatever arrives is read or is a violation; the slicing makes no difference, and nothing comes after the end."""
    found = received(data, slices=slices, deflated=deflated)

    assert found == received(data, deflated=deflated)
    assert all(isinstance(each, Message | Ping | Pong) for each in found[:-1])


# Violations, with the code that answers each.


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (raw(0x91, b""), "reserved bits"),
        (raw(0xA1, b""), "reserved bits"),
        (raw(0xC1, b""), "compression was not agreed"),
        *((raw(0x80 | opcode, b""), "no opcode") for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
        (frame(Opcode.TEXT, b"x"), "a frame without a mask"),
        (raw(0x80, b"x"), "a continuation of nothing"),
        (raw(0x00, b"x"), "a continuation of nothing"),
        (raw(0x01, b"x") + raw(0x81, b"y"), "a message in a message"),
        (raw(0x02, b"") + raw(0x02, b""), "a message in a message"),
        *((raw(opcode, b""), "a control frame in fragments") for opcode in (0x08, 0x09, 0x0A)),
        (raw(0x89, b"", size=126) + b"\x00\x7e", "a large control frame"),
        (raw(0x8A, b"", size=127), "a large control frame"),
        (raw(0x89, b"", size=126) + b"\x00\x05hello", "a control frame that spells its size long"),
        (raw(0x88, b"x"), "half a close code"),
        *(
            (raw(0x88, struct.pack("!H", code)), "no close code")
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
        ),
    ],
)
def test_protocol_errors(data: bytes, why: str) -> None:
    """What breaks the framing is answered with 1002."""
    assert violation(data) is Close.PROTOCOL_ERROR, why


@pytest.mark.parametrize("data", [raw(0xC9, b""), raw(0x41, b"") + raw(0xC0, b"")])
def test_protocol_errors_of_compression(data: bytes) -> None:
    """Compression is a matter of a message's first frame, and of no control frame."""
    assert violation(data, deflated=True) is Close.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "text", [b"\xff", b"a\x80", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88"]
)
def test_text_is_utf8(text: bytes) -> None:
    """Overlong forms, surrogates and what is past U+10FFFF are answered with 1007."""
    assert violation(theirs(1, text)) is Close.INVALID_TEXT
    assert violation(raw(0x01, text[:1]) + raw(0x80, text[1:])) is Close.INVALID_TEXT
    assert violation(raw(0x88, b"\x03\xe8" + text)) is Close.INVALID_TEXT
    assert violation(theirs(1, text, compressed=True), deflated=True) is Close.INVALID_TEXT
    assert bytewise(theirs(2, text)) == [Message(text)]


@pytest.mark.parametrize("text", [b"\xc3", b"a\xe2\x82", b"\xf0\x9f\x9a"])
def test_text_ends_with_a_character(text: bytes) -> None:
    """A message that ends within a character is answered with 1007; a fragment may."""
    assert violation(theirs(1, text)) is Close.INVALID_TEXT
    assert bytewise(theirs(1, text, fin=False)) == []


def test_bad_text_is_answered_at_once() -> None:
    """A bad byte in the middle of a long frame is not waited out."""
    reader = FrameReader(MOST)
    whole = theirs(1, b"x" * 1_000 + b"\xff" + b"x" * 8_000)

    assert reader.receive(whole[:1_000]) == []
    (broken,) = reader.receive(whole[1_000:1_020])
    assert isinstance(broken, Violation)
    assert broken.close is Close.INVALID_TEXT
    assert reader.receive(whole[1_020:] + theirs(1, b"more")) == []


@given(st.text(max_size=31), st.lists(st.integers(0, 300), max_size=6))  # 124 bytes at most: one short frame
def test_characters_may_be_cut_anywhere(text: str, cuts: list[int]) -> None:
    """A character may lie in two fragments and in any number of pieces."""
    parts = _parts(text.encode(), cuts)
    data = b"".join(raw((index == 0) | (0x80 * (index == len(parts) - 1)), part) for index, part in enumerate(parts))

    assert bytewise(data) == [Message(text)]


def test_large_messages_are_refused_by_their_header() -> None:
    """One byte more than allowed, in one frame or in several, is answered with 1009 before it has arrived."""
    whole, more = theirs(2, b"x" * 100), theirs(2, b"x" * 101)
    fragments = theirs(2, b"x" * 60, fin=False) + theirs(0, b"x" * 40)

    assert received(whole, most=100) == received(fragments, most=100) == [Message(b"x" * 100)]
    assert violation(more[:8], most=100) is Close.TOO_BIG
    assert violation(fragments[:-41] + theirs(0, b"x" * 41)[:6], most=99) is Close.TOO_BIG
    assert violation(b"\x82\xff" + b"\xff" * 8 + b"mask") is Close.TOO_BIG


@pytest.mark.parametrize("payload", [b"", b"a", b"ab", "€".encode()])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_message_in_tiny_frames_holds_little_more_than_its_bytes(
    opcode: Opcode, compressed: bool, payload: bytes
) -> None:
    """What a client sends in a million frames does not weigh fifty times as much as what it sends in one."""
    reader = FrameReader(MOST, deflate=compressed)
    reader.receive(raw(opcode | (0x40 if compressed else 0), payload))
    for _ in range(MOST // max(1, len(payload)) - 1):
        assert reader.receive(raw(0, payload)) == []

    assert held(reader) < 2_000 + 1.25 * MOST


def test_a_message_in_tiny_slices_holds_little_more_than_its_bytes() -> None:
    """The same of one frame that arrives two bytes at a time, and of a reader that has read it."""
    data = theirs(Opcode.TEXT, b"a" * MOST)
    reader = FrameReader(MOST)
    for start in range(0, len(data) - 2, 2):
        reader.receive(data[start : start + 2])

    assert held(reader) < 2_000 + 1.25 * MOST
    assert reader.receive(data[-2:]) == [Message("a" * MOST)]
    assert held(reader) < 2_000


def test_small_messages_may_follow_each_other_without_end() -> None:
    """The limit is on one message, not on a connection."""
    assert received(theirs(2, b"x" * 90) * 50, most=100) == [Message(b"x" * 90)] * 50


@pytest.mark.parametrize("size", [60_001, 50_000_000])
def test_a_bomb_is_not_unpacked(size: int) -> None:
    """What would unpack to more than a message may have is answered with 1009, and unpacked no further."""
    bomb, fits = theirs(2, bytes(size), compressed=True), theirs(2, bytes(60_000), compressed=True)
    tracemalloc.start()
    try:
        (broken,) = received(bomb, most=60_000, deflated=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(broken, Violation)
    assert broken.close is Close.TOO_BIG
    assert peak < 1_000_000
    assert received(fits, most=60_000, deflated=True) == [Message(bytes(60_000))]


def test_what_is_no_deflate() -> None:
    """A compressed message that cannot be unpacked is answered with 1007."""
    assert violation(raw(0xC2, b"\xff\xff\xff\xff"), deflated=True) is Close.INVALID_TEXT
    assert violation(raw(0xC1, zlib.compress(b"x" * 50)[:30]), deflated=True) is Close.INVALID_TEXT


# The end.


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999])
def test_a_close_is_told(code: int) -> None:
    """With its code and reason, at once and as the last thing."""
    data = theirs(8, struct.pack("!H", code) + "größe".encode()) + theirs(1, b"more")

    assert received(data) == bytewise(data) == [CloseFrame(code, "größe")]


def test_a_close_without_a_code() -> None:
    """Is a close as well, also in the middle of a message."""
    assert bytewise(theirs(1, b"half", fin=False) + theirs(8, b"")) == [CloseFrame(None, "")]


@pytest.mark.parametrize("last", [theirs(8, b""), raw(0x83, b"")], ids=["a close", "a violation"])
def test_after_the_end_nothing_comes(last: bytes) -> None:
    """Whatever follows a close or a violation is ignored, and not kept."""
    reader = FrameReader(MOST)
    reader.receive(last)

    assert reader.receive(theirs(1, b"x") * 100) == []
