"""What the tests of Socket.IO and of the Engine.IO under it share: clients that say and hear packets as they stand on
the wire, and a server whose log can be held up."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from headway.log.interface import Log
from headway.server.live import Headway
from headway.testing.readers import Answer, Ended, fetch
from headway.testing.readers.http import Wire
from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from headway.transports.engineio import Link
from tests.hub.harness import RestlessLog

Json = Any
"""Any: JSON of the wire, taken apart by the test that knows what it is."""

POLLS = "EIO=4&transport=polling"
SOCKET = "EIO=4&transport=websocket"
"""As the stock client of JavaScript begins."""


class Frames:
    """Engine.IO on a WebSocket: a packet a frame."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, packet: str | bytes) -> None:
        """Send a packet."""
        await self.connection.send(packet)

    async def hear(self) -> str:
        """The next packet. Raises `Ended`."""
        try:
            return await self.connection.recv(decode=True)
        except ConnectionClosed as closed:
            raise Ended(closed.rcvd.code if closed.rcvd else None) from closed


@contextlib.asynccontextmanager
async def frames(address: Address, query: str = SOCKET) -> AsyncIterator[Frames]:
    """A WebSocket; nothing has been said or heard on it."""
    async with connect(
        address.ws(f"/socket.io/?{query}"), compression=None, proxy=None, ping_interval=None, max_size=None
    ) as connection:
        yield Frames(connection)


@dataclass
class Polls:
    """Engine.IO by polling: packets as they come in the answers, one GET at a time."""

    address: Address
    query: str
    sid: str = ""
    _heard: deque[str] = field(default_factory=deque)

    @property
    def target(self) -> str:
        """The path of every request."""
        return f"/socket.io/?{self.query}&sid={self.sid}"

    async def open(self) -> Self:
        """The handshake."""
        answer = await fetch(self.address, "GET", f"/socket.io/?{self.query}")
        self.sid = msgspec.json.decode(answer.body[1:])["sid"]
        return self

    async def get(self) -> Answer:
        """One GET, whatever its answer."""
        return await fetch(self.address, "GET", self.target)

    async def post(self, *packets: str) -> Answer:
        """One POST of these packets, whatever its answer."""
        return await fetch(self.address, "POST", self.target, body="\x1e".join(packets).encode())

    async def poll(self) -> list[str]:
        """The packets of one GET. Raises `Ended`."""
        answer = await self.get()
        if answer.status != 200:
            raise Ended(answer.status)
        return answer.body.decode().split("\x1e")

    async def abort(self, live: Headway) -> None:
        """Begin a GET and break it off while it hangs."""
        wire = await Wire.open(self.address)
        await wire.ask("GET", self.target, {})
        link = self.link(live)
        await wait_until(lambda: link.engine.hanging)
        await wire.abort()

    def link(self, live: Headway) -> Link:
        """The session as the server has it."""
        (link,) = [link for link in live.running.socketio._host.links() if link.engine.sid == self.sid]
        return link

    async def say(self, packet: str) -> None:
        """POST a packet. Raises `Ended`."""
        answer = await self.post(packet)
        if answer.status != 200:
            raise Ended(answer.status)

    async def hear(self) -> str:
        """The next packet. Raises `Ended`."""
        while not self._heard:
            self._heard.extend(await self.poll())
        packet = self._heard.popleft()
        if packet == "1":
            raise Ended
        return packet


@contextlib.asynccontextmanager
async def polls(address: Address, query: str = POLLS) -> AsyncIterator[Polls]:
    """A session that polls; it is closed at the end if it still lives."""
    client = await Polls(address, query).open()
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, EOFError):
            await client.post("1")


Client = Frames | Polls


@contextlib.asynccontextmanager
async def client(address: Address, carrier: str) -> AsyncIterator[Client]:
    """A client on `websocket` or by `polling`, its handshake behind it."""
    if carrier == "polling":
        async with polls(address) as polling:
            yield polling
        return
    async with frames(address) as framed:
        await framed.hear()
        yield framed


async def join(client: Client, **auth: Json) -> Json:
    """Join the main namespace; the payload of the answer. Raises `Ended`."""
    await client.say("40" + msgspec.json.encode(auth).decode())
    packet = await client.hear()
    assert packet.startswith("40"), packet
    return msgspec.json.decode(packet[2:])


async def emit(client: Client, name: str, *arguments: Json, ack_id: int | None = None) -> None:
    """Emit something, with or without expecting an acknowledgement."""
    number = "" if ack_id is None else str(ack_id)
    await client.say(f"42{number}" + msgspec.json.encode([name, *arguments]).decode())


async def event(client: Client) -> Json:
    """The next packet, which is an event: its name and its arguments."""
    return emitted(await client.hear())


def emitted(packet: str) -> Json:
    """The name and the arguments of an event's packet."""
    assert packet.startswith("42["), packet
    return msgspec.json.decode(packet[2:])


async def acknowledged(client: Client, ack_id: int) -> Json:
    """The next packet, which is this acknowledgement: its one argument."""
    packet = await client.hear()
    assert packet.startswith(f"43{ack_id}["), packet
    (argument,) = msgspec.json.decode(packet[packet.index("[") :])
    return argument


class HeldLog(RestlessLog):
    """A log that answers nothing while it is held."""

    def __init__(self) -> None:
        super().__init__()
        self.going = asyncio.Event()
        self.going.set()

    async def _way(self) -> None:
        await self.going.wait()
        await super()._way()


class RestlessHeadway(Headway):
    """A Headway over a log that can be ill, held up or born again."""

    def __init__(self, **options: Json) -> None:
        super().__init__(**options)
        self.restless = HeldLog()

    async def _open_log(self) -> Log:
        return self.restless


__all__ = [
    "POLLS",
    "SOCKET",
    "Client",
    "Frames",
    "HeldLog",
    "Json",
    "Polls",
    "RestlessHeadway",
    "acknowledged",
    "client",
    "emit",
    "emitted",
    "event",
    "frames",
    "join",
    "polls",
]
