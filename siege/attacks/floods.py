"""Too many of everything: connections, handshakes, subscriptions, messages, names; and plain noise."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Final

import msgspec

from siege.foe import Attack, Foe
from siege.people import EVES
from siege.wire import FAILURES, Line, Socket, client_frame, request

__all__ = ["ATTACKS", "CONNECTIONS", "FORWARDED", "HANDSHAKES", "MESSAGES", "NOISE", "REQUESTS", "SUBSCRIPTIONS"]


async def _connections(foe: Foe) -> None:
    """Open one after the other and hold all: the last ones are too many."""
    async with contextlib.AsyncExitStack() as held:
        for _ in range(foe.target.connections + 20):
            foe.note(await _seated(foe, held))
        await asyncio.sleep(foe.target.hold)


async def _forwarded(foe: Foe) -> None:
    """The same, each connection under another invented name."""
    async with contextlib.AsyncExitStack() as held:
        for number in range(foe.target.connections + 20):
            forged = f"203.0.113.{number % 250}"
            named = {"X-Forwarded-For": forged, "Forwarded": f"for={forged}", "X-Real-IP": forged}
            foe.note(await _seated(foe, held, named))
        await asyncio.sleep(foe.target.hold)


async def _seated(foe: Foe, held: contextlib.AsyncExitStack, named: dict[str, str] | None = None) -> str:
    try:
        line = await held.enter_async_context(foe.line())
        await line.send(request("GET", "/api/health", foe.headers(named, token=None)))
        status = (await line.answer()).status
        return "open" if status in (200, 503) and line.reader.at_eof() is False and status == 200 else str(status)
    except FAILURES:
        return "cut"


async def _handshakes(foe: Foe) -> None:
    """WebSockets, one after the other, each given up at once."""
    for _ in range(50):
        async with foe.socket():
            foe.note("open")


async def _subscriptions(foe: Foe) -> None:
    async with foe.socket() as socket:
        for number in range(foe.target.subscriptions + 5):
            await socket.say({"type": "subscribe", "channel": f"eve:{number}"})
            answer = await _unless_event(socket)
            foe.note("subscribed" if answer["type"] == "subscribed" else f"error {answer['code']}")
    channels = "&".join(f"channel=eve:{number}" for number in range(foe.target.subscriptions + 1))
    foe.judge(await foe.ask("GET", f"/api/stream?{channels}"))


async def _unless_event(socket: Socket) -> dict[str, object]:
    while True:
        fields = await socket.fields()
        if fields["type"] in ("subscribed", "error"):
            return fields


async def _messages(foe: Foe) -> None:
    """As many messages as the connection takes, and nothing is read: on a WebSocket, then on Socket.IO."""
    pings = client_frame(0x81, b'{"type":"ping"}') * 5_000
    emits = client_frame(0x81, b'42["ping",{}]') * 5_000
    async with foe.socket() as socket:
        foe.note(await _flooded(socket.line, pings))
    async with foe.socket("/socket.io/?EIO=4&transport=websocket") as socket:
        await socket.hear()
        await socket.say("40")
        await socket.hear()
        foe.note(await _flooded(socket.line, emits))
    async with foe.socket() as socket:
        foe.note(await _flooded(socket.line, client_frame(0x89, b"x" * 125) * 5_000))


async def _flooded(line: Line, data: bytes) -> str:
    """How far a flood gets: read no faster than the server wants, taken whole, or cut."""
    reading = asyncio.create_task(_swallow(line))
    try:
        async with asyncio.timeout(_FLOOD_SECONDS):
            for _ in range(100):
                line.writer.write(data)
                await line.writer.drain()
    except TimeoutError:
        return "held back"
    except OSError:
        return "cut"
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return "taken whole"


_FLOOD_SECONDS: Final = 1.0


async def _swallow(line: Line) -> None:
    with contextlib.suppress(*FAILURES):
        while await line.reader.read(65_536):
            pass


async def _requests(foe: Foe) -> None:
    """Valid requests, as fast as one connection takes them."""
    for _ in range(50):
        foe.judge(await foe.ask("POST", f"/api/channels/{EVES}/events", body=b'{"type":"x","key":"x"}'))
        foe.judge(await foe.ask("GET", f"/api/channels/{EVES}"))
        foe.judge(await foe.ask("GET", "/"))
        foe.judge(await foe.ask("GET", f"/nothing/{os.urandom(8).hex()}"))


async def _noise(foe: Foe) -> None:
    """Bytes that mean nothing: to HTTP, as frames, as packets, and TLS where there is none."""
    tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500)
    for data in (os.urandom(10_000), tls, b"\r\n" * 40_000, b"\0" * 10_000, b"GET /\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"):
        async with foe.line() as line:
            foe.note(await _last_words(line, data))
    async with foe.line() as line:
        path = "/socket.io/?EIO=4&transport=polling"
        await line.send(request("GET", path, foe.headers()))
        sid = msgspec.json.decode(foe.expect(200, await line.answer()).body[1:])["sid"]
        await line.send(request("POST", f"{path}&sid={sid}", foe.headers(), os.urandom(5_000)))
        foe.judge(await line.answer())
    # A reserved opcode, a reserved bit, a control frame that is too long, a fragment of nothing, an unmasked frame,
    # text that is none, a close of a code that nobody may send.
    for frame in (
        client_frame(0x83, b"x"),
        client_frame(0xB1, b"x"),
        client_frame(0x89, b"x" * 126),
        client_frame(0x80, b"x"),
        b"\x81\x01x",
        client_frame(0x81, b"\xff\xfe"),
        client_frame(0x88, b"\x03\xee"),
        client_frame(0xC1, b"not deflate"),
        os.urandom(5_000),
    ):
        async with foe.socket(extensions="permessage-deflate") as socket:
            await socket.line.send(frame + client_frame(0x88, b""))
            code = await socket.end()
            foe.note("cut" if code is None else f"close {code}")


async def _last_words(line: Line, data: bytes) -> str:
    await line.send(data)
    line.writer.write_eof()
    said = await line.end()
    return said[9:12].decode("latin-1") or "cut"


CONNECTIONS: Final = Attack(
    "connection flood",
    "as many connections as come, all held",
    frozenset({"open", "429", "cut"}),
    _connections,
    at_once=1,
)
FORWARDED: Final = Attack(
    "forged X-Forwarded-For",
    "the same, each connection under another invented address",
    frozenset({"open", "429", "cut"}),
    _forwarded,
    at_once=1,
)
HANDSHAKES: Final = Attack(
    "handshake flood",
    "WebSockets one after the other, each given up at once",
    frozenset({"open", "429"}),
    _handshakes,
)
SUBSCRIPTIONS: Final = Attack(
    "subscription flood",
    "five channels more than a session may follow, on a WebSocket and on a stream",
    frozenset({"subscribed", "error too_many", "429"}),
    _subscriptions,
)
MESSAGES: Final = Attack(
    "message flood",
    "half a million messages, Socket.IO events and WebSocket pings, as fast as the connection takes them",
    frozenset({"held back", "cut"}),
    _messages,
    at_once=2,
)
REQUESTS: Final = Attack(
    "request flood",
    "publishes, reads, pages and paths that do not exist, as fast as they are answered",
    frozenset({"200", "201", "404", "429"}),
    _requests,
)
NOISE: Final = Attack(
    "malformed bytes",
    "noise, TLS, NUL and broken frames",
    frozenset({"400", "cut", "431", "408", "close 1002", "close 1007", "close 1009", "close 1000"}),
    _noise,
)

ATTACKS: Final = (CONNECTIONS, FORWARDED, HANDSHAKES, SUBSCRIPTIONS, MESSAGES, REQUESTS, NOISE)
