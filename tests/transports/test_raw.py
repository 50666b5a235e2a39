"""Connections that the server let go of, where no transport sees to them."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from headway.limits import Limits
from headway.server.door import Door
from headway.server.fastpath import DETACH
from headway.testing.waiting import wait_until
from headway.transports.connections import Receiver
from headway.transports.raw import RawSocket, RawStream
from tests.server.harness import GET, Client, limits, running


class Listener(Receiver):
    """Whoever is told what happens to a stream."""

    def __init__(self) -> None:
        self.ends: list[int | None] = []

    def received(self, message: str | bytes) -> None:
        """Nothing is received on a stream."""

    def writable_again(self) -> None:
        """There is nothing more to write."""

    def ended(self, code: int | None) -> None:
        self.ends.append(code)


@pytest.mark.parametrize("finished", [False, True])
async def test_a_stream_nobody_reads_is_given_up(finished: bool) -> None:
    """In the middle, and when all that it had to say has been written: its seat comes back."""
    listener = Listener()
    streams: list[RawStream] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # Any: ASGI's own shapes
        await send({"type": "http.response.start", "status": 200, "headers": []})
        stream = RawStream(Limits(unread_seconds=0.1))
        stream.adopt(scope["extensions"][DETACH](stream), listener)
        stream.write(b"x" * 16_000_000)
        if finished:
            stream.finish(b"")
        streams.append(stream)

    door = Door(limits())
    async with (
        running(app, door, send_buffer=8_192) as server,
        await Client.open(server.address, receive_buffer=4_096) as client,
    ):
        client.wire.transport.pause_reading()
        client.say(GET)
        await wait_until(lambda: bool(streams))
        await wait_until(lambda: server.seated == 0)

        assert listener.ends == [None]


async def test_a_stream_that_is_read_slowly_goes_on() -> None:
    """Whatever is read puts the end off."""
    listener = Listener()
    streams: list[RawStream] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # Any: ASGI's own shapes
        await send({"type": "http.response.start", "status": 200, "headers": []})
        stream = RawStream(Limits(unread_seconds=0.2))
        stream.adopt(scope["extensions"][DETACH](stream), listener)
        stream.write(b"f42400\r\n" + b"x" * 16_000_000 + b"\r\n")
        stream.finish(b"")
        streams.append(stream)

    async with (
        running(app, send_buffer=8_192) as server,
        await Client.open(server.address, receive_buffer=65_536) as client,
    ):
        client.say(GET)
        await client.wire.head()
        await asyncio.sleep(0)

        assert (await client.rest()).count(b"x") == 16_000_000
        assert listener.ends == [None]


class Ear(Listener):
    """Whoever hears a WebSocket; holds it up at a message, if told to."""

    def __init__(self, hold_at: int | None = None) -> None:
        super().__init__()
        self.heard: list[int] = []
        self.hold_at = hold_at
        self.socket: RawSocket | None = None

    def received(self, message: str | bytes) -> None:
        self.heard.append(int(message))
        if len(self.heard) == self.hold_at and self.socket is not None:
            self.socket.pause_reading()


def said(number: int) -> bytes:
    """A client's message, under a mask that changes nothing."""
    return b"\x81\x84\0\0\0\0%04d" % number


async def test_a_crowd_of_frames_lets_others_have_their_turn() -> None:
    """Of a thousand frames in one chunk some are handled at once; the loop turns between them; all arrive in order."""
    loop, (ours, theirs) = asyncio.get_running_loop(), socket.socketpair()
    ear, made = Ear(), RawSocket(Limits(), deflate=False, heartbeat=False)
    transport, _ = await loop.connect_accepted_socket(lambda: made, ours)
    made.adopt(transport, ear)
    made.data_received(b"".join(map(said, range(1000))))
    at_once = len(ear.heard)
    await wait_until(lambda: len(ear.heard) == 1000)

    assert 0 < at_once < 200
    assert ear.heard == list(range(1000))
    theirs.send(said(1000))
    await wait_until(lambda: ear.heard[-1] == 1000)
    transport.close()
    theirs.close()
    await wait_until(lambda: ear.ends == [None])


async def test_a_client_that_is_made_to_wait_is_not_read_on() -> None:
    """Frames that came already wait as well, and are handled when it may be heard again."""
    loop, (ours, theirs) = asyncio.get_running_loop(), socket.socketpair()
    ear, made = Ear(hold_at=100), RawSocket(Limits(), deflate=False, heartbeat=False)
    ear.socket = made
    transport, _ = await loop.connect_accepted_socket(lambda: made, ours)
    made.adopt(transport, ear)
    made.data_received(b"".join(map(said, range(1000))))
    for _ in range(20):
        await asyncio.sleep(0)

    assert len(ear.heard) < 200
    made.resume_reading()
    await wait_until(lambda: len(ear.heard) == 1000)
    theirs.send(said(1000))
    await wait_until(lambda: ear.heard == list(range(1001)))
    transport.close()
    theirs.close()
    await wait_until(lambda: ear.ends == [None])
