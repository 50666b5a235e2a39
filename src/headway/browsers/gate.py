"""The one way out for browsers: a proxy on this machine's own address, which asks before it connects.

    gate = Gate(connect)                     connect(host, port) gives a connected socket, or raises
    address = await gate.open()              Terms(proxy=address)
    await gate.close()

A browser follows redirects, loads pictures and runs scripts without asking anybody, so that what is checked before a
navigation says little about where requests go. Through the gate each connection is made by `connect`, which judges the
address it connects to. Refused and unreachable look alike to the page: the connection ends. Plain HTTP is passed on one
request a connection; CONNECT, which TLS and WebSockets use, is a tunnel.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from headway.errors import HeadwayError

__all__ = ["Connect", "Gate"]

Connect = Callable[[str, int], Awaitable[socket.socket]]

_HEAD_SECONDS: Final = 30.0
"""For a browser to say what it wants. It opens connections in advance, and drops them after some seconds."""
_HEAD_BYTES: Final = 64 * 1024
_PIECE: Final = 64 * 1024


class Gate:
    """A proxy for the browsers of this process."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen on loopback. Returns `host:port`."""
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0, limit=_HEAD_BYTES)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def close(self) -> None:
        """Take no more, and end what is under way."""
        if self._server is not None:
            self._server.close()
        visits = list(self._visits)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.ensure_future(self._visit(reader, writer))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, EOFError, HeadwayError, asyncio.LimitOverrunError):
            try:
                await self._pass(reader, writer)
            finally:
                _cut(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        host, port, request = _wanted(head)
        there_reader, there_writer = await asyncio.open_connection(sock=await self._connect(host, port))
        try:
            if request is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there_writer.write(request)
            ways = [
                asyncio.ensure_future(_pour(reader, there_writer)),
                asyncio.ensure_future(_pour(there_reader, writer)),
            ]
            try:
                # What comes back decides: a browser that has sent everything still waits for the answer.
                await ways[1]
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            _cut(there_writer)


def _wanted(head: bytes) -> tuple[str, int, bytes | None]:
    """Where a browser wants to go, and what is to be said there; nothing in a tunnel. Raises `ValueError`."""
    first, _, rest = head.partition(b"\r\n")
    method, target, version = first.decode("ascii").split(" ")
    parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
    if not parts.hostname or (method != "CONNECT" and parts.scheme != "http"):
        raise ValueError(f"a proxy cannot pass {method} on")
    if method == "CONNECT":
        return parts.hostname, parts.port or 443, None
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    kept = [line for line in rest.split(b"\r\n") if line and not line.lower().startswith(_HOP_BY_HOP)]
    lines = [f"{method} {path} {version}".encode(), *kept, b"Connection: close", b"", b""]
    return parts.hostname, parts.port or 80, b"\r\n".join(lines)


_HOP_BY_HOP: Final = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_PIECE):
        sink.write(data)
        await sink.drain()


def _cut(writer: asyncio.StreamWriter) -> None:
    if writer.can_write_eof():
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
    writer.close()
