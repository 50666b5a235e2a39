"""How a transport gets its connection: on the bare socket where the server lets go of it, otherwise through plain ASGI.

*Raw*: the server lets go of the connection after the handshake (the ASGI extension `headway.detach`). *ASGI*: any other
server, or a mounted application. Both have the same face (`connections.py`), carry the same bytes, and are held to the
same tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from headway.limits import Limits
from headway.transports.asgi import AsgiSocket, AsgiStream
from headway.transports.connections import Receiver, Socket, Stream
from headway.transports.raw import RawSocket, RawStream
from headway.transports.requests import Headers, Receive, Scope, Send

__all__ = ["DETACH", "serve_socket", "serve_stream"]

DETACH: Final = "headway.detach"
"""Scope extension of a server that can let go of a connection: `(protocol) -> asyncio.Transport`."""


async def serve_socket(
    scope: Scope,
    receive: Receive,
    send: Send,
    limits: Limits,
    connect: Callable[[Socket], Receiver],
    *,
    subprotocol: str | None = None,
    heartbeat: bool = True,
) -> None:
    """Accept a WebSocket and serve it; on the bare connection where the server lets go of it, and then this returns at
    once.

    `connect` makes the receiver; it is called when the socket can be written.
    """
    if (await receive())["type"] != "websocket.connect":
        return
    await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
    detach = (scope.get("extensions") or {}).get(DETACH)
    if detach is None:
        fallback = AsgiSocket(limits)
        fallback.receiver = connect(fallback)
        await fallback.run(receive, send)
        return
    socket = RawSocket(limits, deflate=detach.deflate, heartbeat=heartbeat)
    socket.transport = transport = detach(socket)
    if transport.is_closing():
        socket.decline()
        return
    socket.write = transport.write
    socket.adopt(transport, connect(socket))
    if transport.is_closing():
        socket.connection_lost(None)


async def serve_stream(
    scope: Scope,
    receive: Receive,
    send: Send,
    limits: Limits,
    headers: Headers,
    connect: Callable[[Stream, bool], Receiver],
) -> None:
    """Begin an endless answer and serve it. `connect` is told whether what it writes must be whole chunks."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    detach = (scope.get("extensions") or {}).get(DETACH)
    if detach is None or scope.get("http_version") != "1.1" or scope.get("method") == "HEAD":
        fallback = AsgiStream(limits)
        fallback.receiver = connect(fallback, False)
        await fallback.run(receive, send)
        return
    stream = RawStream(limits)
    stream.transport = transport = detach(stream)
    if transport.is_closing():
        stream.decline()
        return
    stream.write = transport.write
    stream.adopt(transport, connect(stream, True))
    if transport.is_closing():
        stream.connection_lost(None)
