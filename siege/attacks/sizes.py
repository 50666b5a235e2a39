"""Too much of everything: bytes, headers, depth, digits, attachments; and little that becomes much."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Final

import msgspec

from siege.foe import LET_IN, Attack, Foe
from siege.people import EVES, HIDDEN
from siege.wire import FAILURES, Closed, Line, Socket, client_frame, request

__all__ = ["ATTACHMENTS", "ATTACKS", "BOMBS", "COSTLY", "ENDLESS", "HEADERS", "NESTED", "OVERSIZE"]

_MIB: Final = 1024 * 1024
PUBLISH: Final = f"/api/channels/{EVES}/events"


async def _oversize(foe: Foe) -> None:
    most = foe.target.message_bytes
    for head in (
        client_frame(0x81, b"x" * (most + 1)),
        # Said to be so long, and never sent.
        client_frame(0x82, b"", length=1 << 40),
        client_frame(0x01, b"x" * most) + client_frame(0x80, b"x" * most),
    ):
        async with foe.socket() as socket:
            await _ended(foe, socket, head)
    async with foe.socket("/socket.io/?EIO=4&transport=websocket") as socket:
        await socket.hear()
        await _ended(foe, socket, client_frame(0x81, b"4" * (most + 1)))
    foe.judge(await foe.ask("POST", PUBLISH, body=b" " * (foe.target.body_bytes + 1)))
    # Only said, and never sent: the answer need not wait for it.
    foe.judge(await foe.ask("POST", PUBLISH, {"Content-Length": str(1 << 50)}))
    async with foe.line() as line:
        path = await _polling(foe, line)
        await line.send(request("POST", path, foe.headers(), b"4" * (most + 1)))
        foe.judge(await line.answer())


async def _ended(foe: Foe, socket: Socket, data: bytes) -> None:
    """Send this, whether it is read or not, and note how the connection ends."""
    sending = asyncio.create_task(socket.line.send(data))
    try:
        code = await socket.end()
        foe.note("cut" if code is None else f"close {code}")
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _polling(foe: Foe, line: Line) -> str:
    path = "/socket.io/?EIO=4&transport=polling"
    await line.send(request("GET", path, foe.headers()))
    opened = foe.expect(200, await line.answer())
    return f"{path}&sid={msgspec.json.decode(opened.body[1:])['sid']}"


@cache
def zeros(size: int) -> bytes:
    """So many bytes of zeros, in MiB, deflated as a WebSocket message has it."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = deflate.compress(bytes(_MIB)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    # What follows refers to zeros that are there already, so it is the same each time.
    next = deflate.compress(bytes(_MIB)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return (first + next * (size - 1)).removesuffix(b"\0\0\xff\xff")


async def _bombs(foe: Foe) -> None:
    # A gigabyte has more than a million bytes even so; nine tenths of one fit into a message.
    for size in (900, 1024):
        async with foe.socket(extensions="permessage-deflate") as socket:
            await _ended(foe, socket, client_frame(0xC1, zeros(size)))
    async with foe.socket(extensions="permessage-deflate") as socket:
        data = zeros(900)
        pieces = [data[at : at + 60_000] for at in range(0, len(data), 60_000)]
        middle = [client_frame(0x00, piece) for piece in pieces[1:-1]]
        await _ended(foe, socket, b"".join([client_frame(0x41, pieces[0]), *middle, client_frame(0x80, pieces[-1])]))
    for encoding in ("gzip", "deflate", "br", "gzip, gzip", "identity, gzip"):
        foe.judge(await foe.ask("POST", PUBLISH, {"Content-Encoding": encoding}, _gzip()))


@cache
def _gzip() -> bytes:
    return gzip.compress(bytes(64 * _MIB), 9)


async def _headers(foe: Foe) -> None:
    many = "".join(f"X-{number}: {number}\r\n" for number in range(2_000))
    for head in (
        many,
        "X: " + "x" * (10 * _MIB) + "\r\n",
        "x" * (10 * _MIB) + ": x\r\n",
        "Cookie: " + "a=b; " * 20_000 + "\r\n",
        "Authorization: Bearer " + "a." * 40_000 + "\r\n",
    ):
        foe.judge(await foe.say(f"GET /api/health HTTP/1.1\r\nHost: {foe.host}\r\n{head}\r\n".encode()))
    foe.judge(await foe.say(f"GET /{'x' * _MIB} HTTP/1.1\r\nHost: {foe.host}\r\n\r\n".encode()))
    foe.judge(await foe.say(f"GET /ws?token={'x' * _MIB} HTTP/1.1\r\nHost: {foe.host}\r\n\r\n".encode()))


async def _endless(foe: Foe) -> None:
    """A body in chunks that never ends, trailers that never end, and a chunk whose head never does."""
    start = request("POST", PUBLISH, [*foe.headers(), ("Transfer-Encoding", "chunked")])
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    for first, rest in (
        (start, chunk),
        (start + b"2\r\n{}\r\n0\r\n", b"X-Trailer: " + b"x" * 8_000 + b"\r\n"),
        (start + b"1", b";x=" + b"y" * 8_000),
    ):
        async with foe.line() as line:
            sending = asyncio.create_task(_send_on(line, first, rest))
            try:
                foe.judge(await line.answer())
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)


async def _send_on(line: Line, first: bytes, rest: bytes) -> None:
    try:
        await line.send(first)
        while True:
            await line.send(rest)
            await asyncio.sleep(0)
    except OSError:
        # The server has ended it: what it said is read elsewhere.
        return


def _nested() -> Iterator[bytes]:
    yield b"[" * 500_000
    yield b'{"type":"x","data":' * 20_000
    yield b'{"type":"x","data":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    yield b'{"type":"x","data":{"a":1' + b"0" * 500_000 + b"}}"
    yield b'{"type":"x","data":{"a":1e999999999}}'
    yield b'{"type":"x","data":{"a":-' + b"9" * 5_000 + b"}}"
    yield b'{"type":"x","data":{"a":NaN}}'
    yield b'{"type":"x","data":{' + b",".join(b'"%d":[]' % number for number in range(100_000))
    yield b'{"type":"x","data":"\xff\xfe"}'
    yield b'{"type":"x","data":{"a":"\\ud800"}}'


_PACKED: Final = (
    b"\x91" * 100_000,
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\x81\xa4type\xdd\x7f\xff\xff\xff",
    b"\xc9\x7f\xff\xff\xff\x01",
)
"""MessagePack: deep, and of lengths that are not there."""


async def _nested_attack(foe: Foe) -> None:
    async with foe.socket() as socket:
        for text in _nested():
            foe.judge(await foe.ask("POST", PUBLISH, body=text))
            if len(text) <= foe.target.message_bytes and b"\xff" not in text:
                await socket.say(text.decode())
                answer = await socket.fields()
                foe.note(f"error {answer['code']}" if answer["type"] == "error" else LET_IN)
    packed = {"Sec-WebSocket-Protocol": "headway.msgpack"}
    async with foe.socket("/ws", packed) as socket:
        for data in _PACKED:
            await socket.line.send(client_frame(0x82, data))
            foe.note("error bad_json" if b"bad_json" in await socket.hear() else LET_IN)


@cache
def _costly(body_bytes: int, message_bytes: int) -> tuple[bytes, ...]:
    """Within the bounds, and as much work as fits into them: what holds many small things takes longest to read."""
    one, all = message_bytes // 3 - 20, body_bytes // 3 - 20
    return (
        b'{"type":"x","data":{"a":[' + b",".join([b"[]"] * one) + b"]}}",
        b'{"type":"x","data":{"a":[' + b",".join([b"[]"] * all) + b"]}}",
        b"[" + b",".join([b'{"type":"x"}'] * (body_bytes // 13 - 1)) + b"]",
    )


async def _costly_attack(foe: Foe) -> None:
    for body in _costly(foe.target.body_bytes, foe.target.message_bytes):
        # Once where it may publish, and once where it may not.
        foe.judge(await foe.ask("POST", PUBLISH, body=body))
        foe.judge(await foe.ask("POST", f"/api/channels/{HIDDEN}/events", body=body))


async def _attachments(foe: Foe) -> None:
    for packet in (
        '45999999999-["subscribe",{"_placeholder":true,"num":0}]',
        '4511-["x",' + ",".join(f'{{"_placeholder":true,"num":{number}}}' for number in range(11)) + "]",
        '451-["x",{"_placeholder":true,"num":99999999}]',
        '451-["x",' + "[" * 50_000,
        "45" + "9" * 100_000 + '-["x"]',
        "42" + "9" * 100_000 + '["x"]',
        '42["' + "x" * 100_000,
        "4/" + "n" * 100_000,
    ):
        async with foe.socket("/socket.io/?EIO=4&transport=websocket") as socket:
            try:
                await socket.hear()
                await socket.say("40")
                await socket.hear()
                await socket.say(packet)
                for _ in range(12):
                    await socket.line.send(client_frame(0x82, b"x" * 10_000))
                await socket.end()
                foe.note("cut")
            except Closed as closed:
                foe.note("cut" if closed.code is None else f"close {closed.code}")
            except TimeoutError:
                raise
            except FAILURES:
                foe.note("cut")


OVERSIZE: Final = Attack(
    "oversize messages",
    "frames, fragments and bodies beyond the bounds, sent or only announced",
    frozenset({"close 1009", "413", "400", "close 1002", "cut"}),
    _oversize,
    at_once=2,
)
BOMBS: Final = Attack(
    "compressed bombs",
    "900 MB and 1 GB of zeros as deflated WebSocket messages; gzip bodies",
    frozenset({"close 1009", "415"}),
    _bombs,
    at_once=2,
)
HEADERS: Final = Attack(
    "huge headers",
    "2,000 headers, a header of 10 MB, an address of 1 MB",
    frozenset({"431"}),
    _headers,
    at_once=2,
)
ENDLESS: Final = Attack(
    "endless bodies",
    "chunks, trailers and chunk extensions that never end",
    frozenset({"413", "431", "400"}),
    _endless,
    at_once=2,
)
NESTED: Final = Attack(
    "JSON and MessagePack bombs",
    "half a million brackets, half a million digits, lengths of 4 GB",
    frozenset({"400", "413", "error bad_json", "error bad_message"}),
    _nested_attack,
    at_once=2,
)
COSTLY: Final = Attack(
    "costly publishes",
    "bodies within the bounds that hold 2.7 million lists, or 600,000 events",
    frozenset({"400", "413", "403", "429", "201"}),
    _costly_attack,
    at_once=1,
)
ATTACHMENTS: Final = Attack(
    "binary attachment flood",
    "Socket.IO packets that declare 999,999,999 attachments, or eleven, or ids of 100,000 digits",
    frozenset({"cut", "close 1000", "close 1002", "close 1009", "close 4002", "silence"}),
    _attachments,
    at_once=2,
)

ATTACKS: Final = (OVERSIZE, BOMBS, HEADERS, ENDLESS, NESTED, COSTLY, ATTACHMENTS)
