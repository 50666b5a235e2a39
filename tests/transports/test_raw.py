"""Connections that the server let go of, where no transport sees to them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headway.limits import Limits
from headway.server.door import Door
from headway.server.fastpath import DETACH
from headway.testing.waiting import wait_until
from headway.transports.connections import Receiver
from headway.transports.raw import RawStream
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
