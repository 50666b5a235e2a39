"""HTTP byte by byte: requests that no decent client would send, and answers that are read no faster than asked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headway.testing.readers.face import Ended
from headway.testing.serving import Address

__all__ = ["Answer", "Wire", "connected", "fetch"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # Any: JSON
        """The body, decoded."""
        return msgspec.json.decode(self.body)


async def fetch(
    address: Address, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """One HTTP request on a connection of its own, byte by byte as given: HTTP clients refuse to send nonsense.

    Raises `OSError` and `EOFError` where the connection fails. Cancelling cuts it.
    """
    wire = await Wire.open(address)
    try:
        await wire.ask(method, address.root + path, {"Connection": "close", **(headers or {})}, body)
        status, answered = await wire.head()
        pieces = [piece async for piece in wire.body(answered)] if method != "HEAD" else []
        return Answer(status, answered, b"".join(pieces))
    finally:
        await wire.abort()


@dataclass(slots=True)
class Wire:
    """One HTTP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: str
    _ended: bool = field(default=False)

    @classmethod
    async def open(cls, address: Address, receive_buffer: int | None = None) -> Wire:
        sock = await connected(address, receive_buffer)
        reader, writer = await asyncio.open_connection(sock=sock, limit=4096 if receive_buffer else 65_536)
        return cls(reader, writer, f"{address.host}:{address.port}")

    @property
    def transport(self) -> asyncio.ReadTransport:
        # A stream's transport is one for both directions; the annotation of the standard library knows only the writing
        # one.
        transport = self.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        return transport

    async def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in ({"Host": self.host} | dict(headers)).items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        try:
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError as error:
            raise Ended from error
        pairs = (line.split(":", 1) for line in lines[1:] if line)
        return int(lines[0].split(" ")[1]), {name.strip().lower(): value.strip() for name, value in pairs}

    async def body(self, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        if "content-length" in headers:
            yield await self.reader.readexactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                piece = await self.reader.readexactly(size + 2)
                yield piece[:-2]

    async def abort(self) -> None:
        if not self._ended:
            self._ended = True
            self.writer.transport.abort()
            try:
                await self.writer.wait_closed()
            except OSError:
                # The other side was first; there is nothing left to lose.
                return


async def connected(address: Address, receive_buffer: int | None = None) -> socket.socket:
    """A connected socket. A small receive buffer makes a reader that stalls felt soon."""
    sock = socket.socket(proto=socket.IPPROTO_TCP)  # which asyncio has to know to send small writes at once
    sock.setblocking(False)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (address.host, address.port))
    except BaseException:  # whatever ends the attempt: the socket has no other owner
        sock.close()
        raise
    return sock
