"""The contract with uvicorn's semi-private parts. When one of these fails after an upgrade, `server/fastpath.py` says
what moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.typing import Subprotocol

from headway.server.fastpath import DETACH
from headway.testing.readers import fetch
from headway.testing.waiting import wait_until
from headway.transports import delivery
from tests.server.harness import Running, running

Scope = Any  # Any: ASGI's own shapes
Receive = Any
Send = Any


class Owner(asyncio.Protocol):
    """Somebody who takes a connection over."""

    on_lost: Callable[[], None]

    def __init__(self) -> None:
        self.received = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.on_lost()


def test_the_extension_has_one_name() -> None:
    """The transports and the server know it by the same name, and neither imports the other."""
    assert DETACH == delivery.DETACH


async def test_a_websocket_can_be_taken_over_after_its_handshake() -> None:
    """The new owner gets the client's bytes and writes its own; uvicorn holds nothing of the connection any more,
    and the application's return ends nothing."""
    owner = Owner()
    taken: list[asyncio.Transport] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        taken.append(scope["extensions"][DETACH](owner))

    async with running(app) as server:
        async with connect(server.address.ws("/"), proxy=None, compression=None, ping_interval=None) as client:
            await wait_until(lambda: bool(taken) and not server.server.server_state.tasks)
            assert server.connections == 0

            taken[0].write(b"\x81\x02hi")
            assert await client.recv() == "hi"
            await client.send("hello")
            await wait_until(lambda: len(owner.received) == 2 + 4 + 5)

            taken[0].close()
            with pytest.raises(ConnectionClosed):
                await client.recv()
        assert owner.lost


@pytest.mark.parametrize("offered", [True, False])
async def test_compression_is_agreed_without_memory_of_earlier_messages(offered: bool) -> None:
    """The extension says whether the client takes compressed messages; it was agreed that neither side keeps a context,
    which is what lets all readers share one compressed frame."""
    agreed: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        agreed.append(scope["extensions"][DETACH].deflate)
        await send({"type": "websocket.close", "code": 1000})

    compression = "deflate" if offered else None
    async with (
        running(app) as server,
        connect(server.address.ws("/"), proxy=None, compression=compression, ping_interval=None) as client,
    ):
        await client.wait_closed()
        extensions = client.protocol.extensions

        assert agreed == [offered]
        if offered:
            (deflate,) = extensions
            assert isinstance(deflate, PerMessageDeflate)
            assert deflate.remote_no_context_takeover
            assert deflate.local_no_context_takeover


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_somebody_elses_websocket_works_unchanged(compression: str | None) -> None:
    """An application that never asks for the connection has everything uvicorn gives: subprotocols, text, bytes,
    large and many messages, the client's close code, its own close code."""
    closed: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
        while (message := await receive())["type"] == "websocket.receive":
            if message.get("text") == "leave":
                await send({"type": "websocket.close", "code": 4321, "reason": "as asked"})
                return
            await send({"type": "websocket.send", **{key: message[key] for key in ("text", "bytes") if key in message}})
        closed.append(message["code"])

    async def client(server: Running) -> Any:  # Any: a connection
        return await connect(
            server.address.ws("/"),
            proxy=None,
            compression=compression,
            ping_interval=None,
            subprotocols=[Subprotocol("theirs")],
        )

    async with running(app) as server:
        one = await client(server)
        assert one.subprotocol == "theirs"
        for message in ["Grüße", b"\x00\xff", "x" * 500_000, *map(str, range(100))]:
            await one.send(message)
            assert await one.recv() == message
        await one.close(3999)
        await wait_until(lambda: closed == [3999])

        two = await client(server)
        await two.send("leave")
        with pytest.raises(ConnectionClosed) as end:
            await two.recv()
        assert end.value.rcvd is not None
        assert (end.value.rcvd.code, end.value.rcvd.reason) == (4321, "as asked")


async def test_an_http_connection_can_be_taken_over_once_an_answer_has_begun() -> None:
    """The head is out when the connection is taken over; what the owner writes is the body, and uvicorn neither
    finishes the answer nor counts the connection."""
    owner = Owner()
    taken: list[asyncio.Transport] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        taken.append(scope["extensions"][DETACH](owner))

    async with running(app) as server:
        asking = asyncio.create_task(fetch(server.address, "GET", "/"))
        await wait_until(lambda: bool(taken) and not server.server.server_state.tasks)
        assert server.connections == 0

        taken[0].write(b"2\r\nhi\r\n0\r\n\r\n")
        answer = await asking
        assert (answer.status, answer.headers["transfer-encoding"], answer.body) == (200, "chunked", b"hi")
        await wait_until(lambda: owner.lost)


async def test_a_connection_that_was_used_before_can_be_taken_over() -> None:
    """On a keep-alive connection whose idle timer was armed, the timer does not end the new owner's connection."""
    owner = Owner()
    taken: list[asyncio.Transport] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        if scope["path"] == "/take":
            taken.append(scope["extensions"][DETACH](owner))
        else:
            await send({"type": "http.response.body", "body": b""})

    async with running(app, timeout_keep_alive=0) as server:
        reader, writer = await asyncio.open_connection(server.address.host, server.address.port)
        # Both in one segment: the second arrives before a timer of zero seconds can fire.
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /take HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await wait_until(lambda: bool(taken))
        await asyncio.sleep(0)

        taken[0].write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        assert not owner.lost
        writer.close()
        await writer.wait_closed()
        await wait_until(lambda: owner.lost)


async def test_somebody_elses_http_works_unchanged() -> None:
    """An application that never asks is served as by uvicorn: bodies both ways, keep-alive, streaming, the date
    header."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive()).get("more_body") or message.get("body"):
            body += message["body"]
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"!", "more_body": False})

    async with running(app) as server:
        answer = await fetch(server.address, "POST", "/", body=b"x" * 200_000)

        assert (answer.status, answer.body) == (201, b"x" * 200_000 + b"!")
        assert "date" in answer.headers


async def test_uvicorn_forgets_what_it_let_go() -> None:
    """Ending a connection that was taken over is its owner's business; it is none of uvicorn's any more."""
    owner = Owner()
    taken: list[asyncio.Transport] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        taken.append(scope["extensions"][DETACH](owner))

    async with running(app) as running_server:
        reader, writer = await asyncio.open_connection(running_server.address.host, running_server.address.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await wait_until(lambda: bool(taken))

        assert not running_server.server.server_state.connections
        assert not owner.lost

        # From Python 3.12 on asyncio's own server waits for every open connection, so the owner ends this one first.
        taken[0].close()
        writer.close()
        await writer.wait_closed()
