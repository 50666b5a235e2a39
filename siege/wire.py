"""A client that is bound by no rule: it says the bytes it is given, from the address it is given, and reads the answer.

    line = await Line.open(target)
    await line.send(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")        answer = await line.answer()
    socket = await Socket.open(target, "/ws")                      await socket.say({…}); await socket.hear()

Nothing here waits for ever: who is not answered within `PATIENCE` raises `TimeoutError`.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from headway.testing.readers import Answer

__all__ = ["FAILURES", "PATIENCE", "Closed", "Fields", "Handshake", "Line", "Socket", "client_frame", "request"]

PATIENCE: Final = 20.0
"""Seconds for an answer, on a machine that is under attack."""

Fields = dict[str, Any]
"""A message. Any: JSON values."""

Headers = Iterable[tuple[str, str]]

_LINE_BYTES: Final = 4 * 1024 * 1024
"""Of what is read at once: more than any head or frame the server sends."""


class Handshake(Exception):
    """A WebSocket handshake was answered with something else."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the handshake was answered with {answer.status}")
        self.answer = answer


class Closed(Exception):
    """The server closed the WebSocket; `code` is None where it cut the connection."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


FAILURES: Final = (OSError, EOFError, Closed, Handshake, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
"""How what one does to a server ends. `TimeoutError` is an `OSError`."""


def request(method: str, path: str, headers: Headers, body: bytes = b"") -> bytes:
    """A request as it is said. A body is given its length, unless the headers speak of it."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    said = {name.lower() for name, _ in headers}
    if (body or method == "POST") and said.isdisjoint({"content-length", "transfer-encoding"}):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclass(slots=True)
class Line:
    """One TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int, source: str | None = None, *, receive_buffer: int | None = None) -> Line:
        """Connect to a port of loopback, from an address of loopback. Raises `OSError`."""
        sock = socket.socket()
        sock.setblocking(False)
        try:
            if receive_buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if source is not None:
                sock.bind((source, 0))
            async with asyncio.timeout(PATIENCE):
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        except BaseException:  # whatever ends the attempt: the socket has no other owner
            sock.close()
            raise
        reader, writer = await asyncio.open_connection(sock=sock, limit=_LINE_BYTES)
        return cls(reader, writer)

    async def send(self, data: bytes) -> None:
        """Say this. Raises `OSError`."""
        self.writer.write(data)
        async with asyncio.timeout(PATIENCE):
            await self.writer.drain()

    async def answer(self, *, of: str = "GET") -> Answer:
        """Read one HTTP answer. Of a body without an end nothing is read. Raises `OSError`, `EOFError`."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(":", 1) for line in head[1:] if line)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            length = headers.get("content-length")
            body = b"" if length is None or of == "HEAD" else await self.reader.readexactly(int(length))
        return Answer(int(head[0].split(" ")[1]), headers, body)

    async def end(self, patience: float = PATIENCE) -> bytes:
        """Read until the server ends the connection, and return the rest. Raises `OSError`."""
        async with asyncio.timeout(patience):
            return await self.reader.read(-1)

    async def cut(self) -> None:
        """Be gone."""
        self.writer.transport.abort()
        try:
            await self.writer.wait_closed()
        except OSError:
            # The other side was first; there is nothing left to lose.
            return


class Socket:
    """One WebSocket that answers nothing by itself."""

    def __init__(self, line: Line) -> None:
        self.line = line

    @classmethod
    async def open(cls, line: Line, path: str, headers: Headers, extensions: str | None = None) -> Socket:
        """Shake hands on a connection. Raises `Handshake`, `OSError`, `EOFError`."""
        asked = [
            *headers,
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode()),
        ]
        if extensions is not None:
            asked.append(("Sec-WebSocket-Extensions", extensions))
        await line.send(request("GET", path, asked))
        answer = await line.answer()
        if answer.status != 101:
            raise Handshake(answer)
        return cls(line)

    async def say(self, fields: Mapping[str, Any] | str) -> None:  # Any: JSON
        """Send a message, or a text as it is. Raises `OSError`."""
        text = fields.encode() if isinstance(fields, str) else msgspec.json.encode(fields)
        await self.line.send(client_frame(0x81, text))

    async def hear(self) -> bytes:
        """The next message; pings and pongs are passed over. Raises `Closed`."""
        try:
            while True:
                opcode, payload = await self._frame()
                if opcode in (1, 2):
                    return payload
                if opcode == 8:
                    raise Closed(struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None)
        except (EOFError, ConnectionError) as error:
            raise Closed(None) from error

    async def fields(self) -> Fields:
        """The next message as an object. Raises `Closed`."""
        fields: Fields = msgspec.json.decode(await self.hear())
        return fields

    async def end(self) -> int | None:
        """Read until the server closes, and return the code; None where it cut the connection."""
        try:
            while True:
                await self.hear()
        except Closed as closed:
            return closed.code

    async def _frame(self) -> tuple[int, bytes]:
        read = self.line.reader.readexactly
        async with asyncio.timeout(PATIENCE):
            first, second = await read(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await read(8))
            return first & 0x0F, await read(length)


def client_frame(first: int, payload: bytes, *, length: int | None = None) -> bytes:
    """A frame of a client, masked with zeros, which leaves the payload as it is. `length` may lie."""
    size = len(payload) if length is None else length
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + b"\0\0\0\0" + payload
