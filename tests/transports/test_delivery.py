"""How a transport gets its connection: taken over where the server lets go of it, otherwise through plain ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, cast

import pytest

from headway.codes import Close
from headway.limits import Limits
from headway.protocols.websocket import Opcode, frame
from headway.transports.asgi import AsgiSocket, AsgiStream
from headway.transports.connections import Receiver, Socket, Stream
from headway.transports.delivery import DETACH, serve_socket, serve_stream
from headway.transports.raw import RawSocket, RawStream
from headway.transports.requests import Receive

Message = MutableMapping[str, Any]  # Any: ASGI's own shapes


class Client:
    """The other side of an ASGI connection."""

    def __init__(self, *said: Message) -> None:
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self.told: list[Message] = []
        self.reading = asyncio.Event()
        self.reading.set()
        for message in said:
            self.say(message)

    def say(self, message: Message) -> None:
        self._said.put_nowait(message)

    async def receive(self) -> Message:
        return await self._said.get()

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        self.told.append(message)


class Recorder:
    """A receiver that notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[str | bytes] = []
        self.woken = 0
        self.end: list[int | None] = []

    def received(self, message: str | bytes) -> None:
        self.heard.append(message)

    def writable_again(self) -> None:
        self.woken += 1

    def ended(self, code: int | None) -> None:
        self.end.append(code)


class Wire(asyncio.Transport):
    """A transport of a server that let go of it."""

    def __init__(self, *, closing: bool = False) -> None:
        super().__init__()
        self.written = b""
        self.closing = closing
        self.limit: int | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limit = high

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True


class Detach:
    """The extension of a server that lets go."""

    def __init__(self, wire: Wire, *, deflate: bool = False) -> None:
        self.wire = wire
        self.deflate = deflate

    def __call__(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        return self.wire


CONNECT: Message = {"type": "websocket.connect"}


async def test_a_websocket_is_taken_over_where_the_server_lets_go() -> None:
    """The handshake goes through ASGI; then the bytes go to the bare connection, with our own high-water mark, and
    the call returns: an idle reader costs no task."""
    client, wire, recorder = Client(CONNECT), Wire(), Recorder()
    sockets: list[Socket] = []

    def connect(socket: Socket) -> Receiver:
        sockets.append(socket)
        socket.send(b"first")
        return recorder

    scope: Message = {"extensions": {DETACH: Detach(wire, deflate=True)}}
    await serve_socket(scope, client.receive, client.send, Limits(), connect, subprotocol="p", heartbeat=False)

    (socket,) = sockets
    assert isinstance(socket, RawSocket)
    assert client.told == [{"type": "websocket.accept", "subprotocol": "p", "headers": []}]
    assert (wire.written, wire.limit, socket.deflate) == (b"first", Limits().write_high, True)


async def test_a_connection_that_is_gone_when_it_is_taken_over_is_nobody() -> None:
    """The client may have left during the handshake: no session is made for it."""
    client = Client(CONNECT)
    connected: list[Socket | Stream] = []

    def connect(outlet: Socket | Stream, chunked: bool = True) -> Receiver:
        connected.append(outlet)
        return Recorder()

    scope: Message = {"http_version": "1.1", "method": "GET", "extensions": {DETACH: Detach(Wire(closing=True))}}
    await serve_socket(scope, client.receive, client.send, Limits(), connect)
    await serve_stream(scope, client.receive, client.send, Limits(), [], connect)

    assert connected == []


async def test_a_client_refused_in_its_handshake_gets_no_heartbeat() -> None:
    """A receiver may close the socket before it is even in use; the close frame is all that is written."""
    client, wire = Client(CONNECT), Wire()

    def connect(socket: Socket) -> Receiver:
        socket.close(Close.BAD_TOKEN)
        return Recorder()

    scope: Message = {"extensions": {DETACH: Detach(wire)}}
    limits = Limits(heartbeat_seconds=0.0, heartbeat_timeout=0.0)
    await serve_socket(scope, client.receive, client.send, limits, connect)
    for _ in range(10):
        await asyncio.sleep(0)

    assert wire.written[2:4] == (4001).to_bytes(2, "big")
    assert len(wire.written) == 2 + wire.written[1]


async def test_a_websocket_goes_through_plain_asgi_elsewhere() -> None:
    """The same frames arrive as messages, one piece at a time; while one is under way the socket is not writable."""
    client, recorder = Client(CONNECT), Recorder()
    sockets: list[Socket] = []

    def connect(socket: Socket) -> Receiver:
        sockets.append(socket)
        return recorder

    serving = asyncio.create_task(serve_socket({}, client.receive, client.send, Limits(), connect))
    await until(lambda: bool(sockets))
    (socket,) = sockets
    assert isinstance(socket, AsgiSocket)

    client.reading.clear()
    socket.write(frame(Opcode.TEXT, b"a") + frame(Opcode.BINARY, b"b"))
    assert not socket.writable
    client.say({"type": "websocket.receive", "text": "hello"})
    await until(lambda: bool(recorder.heard))
    assert (recorder.woken, len(client.told)) == (0, 1)

    client.reading.set()
    await until(lambda: recorder.woken == 1)
    assert client.told[1:] == [{"type": "websocket.send", "text": "a"}, {"type": "websocket.send", "bytes": b"b"}]

    socket.close(Close.RESTART, "later")
    await until(lambda: len(client.told) == 4)
    assert client.told[3] == {"type": "websocket.close", "code": 1012, "reason": "later"}
    client.say({"type": "websocket.disconnect", "code": 1012})
    await serving
    assert (recorder.heard, recorder.end) == (["hello"], [1012])


@pytest.mark.parametrize(
    "scope",
    [
        {"http_version": "1.1", "method": "GET"},
        {"http_version": "1.0", "method": "GET", "extensions": {DETACH: Detach(Wire())}},
        {"http_version": "2", "method": "GET", "extensions": {DETACH: Detach(Wire())}},
        {"http_version": "1.1", "method": "HEAD", "extensions": {DETACH: Detach(Wire())}},
    ],
    ids=["no extension", "HTTP/1.0", "HTTP/2", "HEAD"],
)
async def test_a_stream_is_taken_over_only_where_it_is_chunked(scope: Message) -> None:
    """Chunks are of HTTP/1.1 alone; everywhere else the server has to write the body."""
    client, recorder = Client(), Recorder()
    streams: list[tuple[Stream, bool]] = []

    def connect(stream: Stream, chunked: bool) -> Receiver:
        streams.append((stream, chunked))
        stream.write(b"data: 1\n\n")
        return recorder

    serving = asyncio.create_task(serve_stream(scope, client.receive, client.send, Limits(), [], connect))
    await until(lambda: recorder.woken == 1)
    ((stream, chunked),) = streams
    stream.finish(b"bye")
    await serving

    assert isinstance(stream, AsgiStream)
    assert not chunked
    assert [message.get("body") for message in client.told] == [None, b"data: 1\n\n", b"bye", b""]
    assert [message.get("more_body") for message in client.told] == [None, True, True, False]
    assert recorder.end == [None]


async def test_a_stream_that_is_taken_over_ends_its_own_body() -> None:
    """The last chunk is ours to write, and the connection ours to close."""
    client, wire = Client(), Wire()
    streams: list[Stream] = []

    def connect(stream: Stream, chunked: bool) -> Receiver:
        assert chunked
        streams.append(stream)
        return Recorder()

    scope: Message = {"http_version": "1.1", "method": "GET", "extensions": {DETACH: Detach(wire)}}
    await serve_stream(scope, client.receive, client.send, Limits(), [], connect)
    (stream,) = streams
    stream.finish(b"3\r\nbye\r\n")
    stream.finish(b"3\r\nbye\r\n")

    assert isinstance(stream, RawStream)
    assert (wire.written, wire.closing) == (b"3\r\nbye\r\n0\r\n\r\n", True)


async def test_a_stream_ends_when_its_reader_leaves() -> None:
    """Through plain ASGI a disconnect ends the answer, also while a piece is under way."""
    client, recorder = Client(), Recorder()
    client.reading.clear()

    def connect(stream: Stream, chunked: bool) -> Receiver:
        stream.write(b"data: 1\n\n")
        return recorder

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await client.send(message)

    serving = asyncio.create_task(serve_stream({}, client.receive, send, Limits(), [], connect))
    client.say({"type": "http.request", "body": b"", "more_body": False})
    client.say({"type": "http.disconnect"})
    await serving

    assert recorder.end == [None]


async def test_cutting_ends_without_a_word() -> None:
    """A cut reader is told nothing, and whoever served it returns."""
    client, recorder = Client(CONNECT), Recorder()
    sockets: list[Socket] = []

    def connect(socket: Socket) -> Receiver:
        sockets.append(socket)
        return recorder

    serving = asyncio.create_task(serve_socket({}, client.receive, client.send, Limits(), connect))
    await until(lambda: bool(sockets))
    sockets[0].cut()
    await asyncio.gather(serving, return_exceptions=True)

    assert [message["type"] for message in client.told] == ["websocket.accept"]
    assert recorder.end == [None]


async def test_a_handshake_that_breaks_off_connects_nobody() -> None:
    """A server that begins with anything but a connect has no client."""
    client = Client({"type": "websocket.disconnect", "code": 1006})

    await serve_socket({}, cast(Receive, client.receive), client.send, Limits(), lambda socket: Recorder())

    assert client.told == []


async def until(condition: Any) -> None:  # Any: a callable without arguments
    """Give the loop its turns until the condition holds."""
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("this did not come to pass")
