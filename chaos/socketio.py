"""A small Socket.IO v5 client, over WebSocket or polling, with connection state recovery as the stock client has it.

It comes back with the `pid` it was given and the last argument of the last event. The same `pid` in the answer says
that it goes on; another one, that it has to ask anew, which is noted: only a log that was torn excuses it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chaos.ledger import Fields, Notebook
from headway.positions import Position
from headway.testing.readers import Answer, fetch
from headway.testing.serving import Address

__all__ = ["Carrier", "Client", "Lost", "Polling", "Socket"]

_SEPARATOR: Final = b"\x1e"
_QUERY: Final = "/socket.io/?EIO=4&transport="
"""`EIO` before `transport`, as the stock clients of JavaScript write it: who writes so takes an offset."""


class Lost(Exception):
    """The connection is over."""


class Carrier(Protocol):
    """How the packets of one connection travel."""

    async def begin(self) -> None:
        """Open the Engine.IO session."""
        ...

    async def send(self, packet: str) -> None:
        """One packet to the server."""
        ...

    async def receive(self) -> str:
        """The next packet of the server. Cancel freely."""
        ...

    async def cut(self) -> None:
        """Be gone without a word."""
        ...


class Client:
    """One client through all its connections."""

    def __init__(self, notebook: Notebook, carry: Callable[[Address], Carrier]) -> None:
        self._notebook = notebook
        self._carry = carry
        self._carrier: Carrier = carry(Address(0))
        self._pid: str | None = None
        self._offset: str | None = None
        self._events: deque[tuple[Fields, str | None]] = deque()

    def at(self, address: Address) -> Self:
        """The same client, about to connect anew."""
        self._carrier = self._carry(address)
        self._events.clear()
        return self

    async def cut(self) -> None:
        """Be gone without a word."""
        await self._carrier.cut()

    async def open(self) -> None:
        """Connect, and follow what is not followed yet."""
        await self._carrier.begin()
        auth = {} if self._pid is None else {"pid": self._pid, "offset": self._offset}
        await self._carrier.send("40" + (msgspec.json.encode(auth).decode() if self._pid else ""))
        answer = await self._packet("40")
        told = msgspec.json.decode(answer[2:])
        if self._pid is not None and told.get("pid") == self._pid:
            return
        if self._pid is not None:
            self._notebook.unrecovered += 1
        for number, channel in enumerate(self._notebook.channels):
            await self._subscribe(number, channel)
        # Only now: a client that was cut in between asks for all of it again.
        self._pid, self._offset = told.get("pid"), ""

    async def _subscribe(self, number: int, channel: str) -> None:
        since = self._notebook.at(channel)
        known = self._notebook.known(channel)
        asked = ["subscribe", {"channel": channel, "since": since}]
        await self._carrier.send(f"42{number}" + msgspec.json.encode(asked).decode())
        # Events may come before the answer: they are behind it, for the channel or another one.
        answer = msgspec.json.decode((await self._packet(f"43{number}["))[len(f"43{number}") :])[0]
        if answer["type"] != "subscribed":
            raise Lost(f"subscribing was answered with {answer}")
        self._notebook.began(channel, since, Position.parse(answer["position"]), known=known)

    async def _packet(self, head: str) -> str:
        """The next packet that begins so; events before it are kept."""
        while True:
            packet = await self._carrier.receive()
            if packet.startswith(head):
                return packet
            await self._handle(packet)

    async def _handle(self, packet: str) -> None:
        match packet[:2]:
            case "2":
                await self._carrier.send("3")
            case "42":
                name, fields, *token = msgspec.json.decode(packet[2:])
                if name == "error":
                    raise Lost(f"the server says {fields}")
                self._events.append((fields, token[0] if token else None))
            case "44" | "41" | "1":
                raise Lost(f"the server says {packet}")

    async def next(self) -> Fields:
        """The next event or gap."""
        while not self._events:
            await self._handle(await self._carrier.receive())
        fields, token = self._events.popleft()
        if token is not None:
            self._offset = token
        return fields

    async def ask(self) -> None:
        """A stock client waits for the server's heartbeat; this one has no patience for that."""
        raise TimeoutError


class Socket:
    """Over WebSocket alone."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: ClientConnection | None = None

    async def begin(self) -> None:
        """Open the Engine.IO session."""
        self._socket = await connect(
            self._address.ws(_QUERY + "websocket"), proxy=None, ping_interval=None, max_size=None, compression=None
        )
        if not (await self.receive()).startswith("0"):
            raise Lost("no handshake")

    async def send(self, packet: str) -> None:
        """One packet to the server."""
        assert self._socket is not None  # set by `begin`
        try:
            await self._socket.send(packet)
        except ConnectionClosed as closed:
            raise Lost(str(closed)) from closed

    async def receive(self) -> str:
        """The next packet of the server."""
        assert self._socket is not None  # set by `begin`
        try:
            return str(await self._socket.recv())
        except ConnectionClosed as closed:
            raise Lost(str(closed)) from closed

    async def cut(self) -> None:
        """Be gone without a word."""
        if self._socket is not None:
            self._socket.transport.abort()
            with contextlib.suppress(OSError):
                await self._socket.wait_closed()


class Polling:
    """Over polling alone."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sid = ""
        self._packets: deque[str] = deque()
        self._poll: asyncio.Task[Answer] | None = None

    async def begin(self) -> None:
        """Open the Engine.IO session."""
        self._sid = msgspec.json.decode((await self.receive())[1:])["sid"]

    async def send(self, packet: str) -> None:
        """One packet to the server."""
        answer = await fetch(self._address, "POST", self._path, body=packet.encode())
        if answer.status != 200:
            raise Lost(f"a post was answered with {answer.status}")

    async def receive(self) -> str:
        """The next packet of the server."""
        while not self._packets:
            # A poll that is given up ends the session, so one that was waited for in vain goes on in its task.
            self._poll = self._poll or asyncio.create_task(fetch(self._address, "GET", self._path))
            answer = await asyncio.shield(self._poll)
            self._poll = None
            if answer.status != 200:
                raise Lost(f"a poll was answered with {answer.status}")
            self._packets.extend(packet.decode() for packet in answer.body.split(_SEPARATOR))
        return self._packets.popleft()

    async def cut(self) -> None:
        """Give up the poll."""
        poll, self._poll = self._poll, None
        if poll is not None:
            poll.cancel()
            await asyncio.gather(poll, return_exceptions=True)

    @property
    def _path(self) -> str:
        return _QUERY + "polling" + (f"&sid={self._sid}" if self._sid else "")
