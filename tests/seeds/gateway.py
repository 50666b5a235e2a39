"""A gateway between clients and a server, as a company network has one: it knows enough HTTP to close single doors.

    async with Gateway(server) as gateway:
        … clients of gateway.address …
        gateway.close(Door.SOCKET_IO)                  whoever is inside is put out, whoever comes is turned away
        gateway.open()

Unlike `headway.testing.network` it sees what a connection is for. Each connection carries one request, so that a door
that is closed cannot be passed on an old one; that is all it does to the bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from enum import Enum
from types import TracebackType
from typing import Final, Self

from headway.testing.serving import Address, listener

_PIECE: Final = 65_536
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER without time: closing resets the connection, as a firewall does."""
_CONNECTION_HEADER: Final = re.compile(rb"(?im)^connection:[^\r\n]*\r\n")


class Door(Enum):
    """What a connection is for."""

    SOCKET_IO = "Socket.IO over polling"
    SOCKET_IO_SOCKET = "Socket.IO over WebSocket"
    WEBSOCKET = "a raw WebSocket"
    HTTP = "anything else"

    @classmethod
    def of(cls, head: bytes) -> Door:
        """What the head of a request asks for."""
        upgrade = b"\r\nupgrade: websocket" in head.lower()
        if head.split(b" ", 2)[1].startswith(b"/socket.io"):
            return cls.SOCKET_IO_SOCKET if upgrade else cls.SOCKET_IO
        return cls.WEBSOCKET if upgrade else cls.HTTP


SOCKET_IO: Final = (Door.SOCKET_IO, Door.SOCKET_IO_SOCKET)
"""All of Socket.IO."""


class Gateway:
    """The gateway. `server` may be changed: a server that restarts comes back on another port."""

    def __init__(self, server: Address) -> None:
        self.server = server
        self._closed: frozenset[Door] = frozenset()
        self._held: frozenset[Door] = frozenset()
        self._inside: dict[asyncio.Task[None], Door] = {}
        self._listener: asyncio.Server | None = None

    @property
    def address(self) -> Address:
        """Where the server is found through the gateway."""
        assert self._listener is not None  # entered
        return self.server.through(self._listener.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._accept, sock=listener(), limit=_PIECE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listener is not None  # entered
        self._listener.close()
        everybody = list(self._inside)
        self.cut()
        await asyncio.gather(*everybody, return_exceptions=True)

    def close(self, *doors: Door) -> None:
        """Close these doors beside those that are closed."""
        self._closed |= frozenset(doors)
        self.cut(*doors)

    def hold(self, *doors: Door) -> None:
        """Let nothing the server says pass these doors, and say nothing of it. What is held is lost with its
        connection.
        """
        self._held |= frozenset(doors)

    def open(self) -> None:
        """Open all doors, and hold nothing back."""
        self._closed = self._held = frozenset()

    def cut(self, *doors: Door) -> None:
        """Reset the connections that went through these doors; without any, all connections."""
        for task, door in list(self._inside.items()):
            if not doors or door in doors:
                task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # the callback of a server runs in a task
        self._inside[task] = Door.HTTP
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self._inside[task] = door = Door.of(head)
            if door in self._closed:
                _reset(writer)
            else:
                if door in (Door.SOCKET_IO, Door.HTTP):
                    head = _CONNECTION_HEADER.sub(b"", head)[:-2] + b"Connection: close\r\n\r\n"
                await self._pass(door, head, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # The client left, the server is away, or the gateway itself ends it: each ends this
            # connection, which has no other owner.
            _reset(writer)
        finally:
            del self._inside[task]
            writer.close()

    async def _pass(self, door: Door, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.server.host, self.server.port, limit=_PIECE)
        back.write(head)
        asked = asyncio.create_task(_carry(reader, back))
        try:
            # The server's end is the end: a client that has said everything still waits for its answer.
            while data := await there.read(_PIECE):
                if door not in self._held:
                    writer.write(data)
                    await writer.drain()
        finally:
            _reset(back)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
