"""A reader of Socket.IO v5 over Engine.IO v4, by WebSocket or by polling; it never upgrades. Only what a reader needs
of either."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from headway.testing.readers.face import Beginning, Ended, Face, Fields, Refused, refusal
from headway.testing.readers.http import Wire, connected, fetch
from headway.testing.serving import Address

__all__ = ["SocketIoReader"]


class _Carrier(Protocol):
    """Engine.IO packets as text."""

    async def open(self) -> None: ...
    async def send(self, packet: str) -> None: ...
    async def hear(self) -> str: ...
    def stall(self) -> None: ...
    def resume(self) -> None: ...
    async def cut(self) -> None: ...
    async def close(self) -> None: ...


class SocketIoReader(Face):
    """A client of the namespace `/`. With `recovery` it bears the token that each event then ends in, as the stock
    client does."""

    def __init__(
        self,
        address: Address,
        *,
        polling: bool = False,
        recovery: bool = True,
        auth: Mapping[str, str] | None = None,
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        super().__init__()
        carrier = "polling" if polling else "websocket"
        asked = {"EIO": "4", "transport": carrier, "recovery": "1" if recovery else "0", **(query or {})}
        target = f"/socket.io/?{urlencode(asked)}"
        said = {**(headers or {}), **({"Origin": origin} if origin is not None else {})}
        self._carrier: _Carrier = (
            _Polls(address, target, said) if polling else _WebSocket(address, target, said, receive_buffer)
        )
        self._recovery = recovery
        self._auth = dict(auth or {})
        self._waiting: deque[Fields] = deque()
        self._joined = False
        self._requests = 0
        self.sid = ""
        self.pid: str | None = None
        """Under what the server knows this client when it comes back."""
        self.recovery_token = ""
        """The last argument of the last event."""

    async def join(self, **recovery: str) -> None:
        """Connect and join the namespace; with `pid` and `offset` as one that comes back. Raises `Refused`, `Ended`."""
        await self._carrier.open()
        await self._carrier.send("40" + msgspec.json.encode(self._auth | recovery).decode())
        packet = await self._carrier.hear()
        body = msgspec.json.decode(packet[2:])
        if packet.startswith("44"):
            raise Refused(body.get("data", {}).get("code", ""), body["message"])
        self.sid, self.pid = body["sid"], body.get("pid")
        self._joined = True

    async def subscribe(self, channel: str, since: str | None = None) -> Beginning:
        """Follow a channel. Raises `Refused`, `Ended`."""
        place = {} if since is None else {"since": since}
        answer = await self.ask("subscribe", {"channel": channel, **place})
        self._told(answer)
        return Beginning(answer["position"], answer["recovered"], answer.get("snapshot"))

    async def unsubscribe(self, channel: str) -> None:
        """Follow the channel no more. Raises `Refused`, `Ended`."""
        await self.ask("unsubscribe", {"channel": channel})

    async def ask(self, name: str, argument: object) -> Fields:
        """Emit and return the acknowledgement; events that come before it are kept. Raises `Refused`, `Ended`."""
        if not self._joined:
            await self.join()
        self._requests += 1
        await self._carrier.send(f"42{self._requests}" + msgspec.json.encode([name, argument]).decode())
        expected = f"43{self._requests}["
        while True:
            packet = await self._carrier.hear()
            if packet.startswith(expected):
                answer: Fields = msgspec.json.decode(packet[len(expected) - 1 :])[0]
                if answer["type"] == "error":
                    raise Refused(answer["code"], answer["message"])
                return answer
            self._take(packet)

    def _take(self, packet: str) -> None:
        if not packet.startswith("42"):
            if packet.startswith("41"):
                raise Ended
            raise RuntimeError(f"{packet[:64]!r} is none of a reader's packets")
        name, fields, *more = msgspec.json.decode(packet[2:])
        if name == "error" and "offset" not in fields:
            raise Refused(fields["code"], fields["message"])
        if name != fields["type"]:
            raise RuntimeError(f"{name!r} carries {fields['type']!r}")
        self._waiting.append({**fields, "\0token": more[0]} if more else fields)

    async def hear(self) -> Fields:
        """The first argument of the next event, whatever it is. Raises `Ended`."""
        packet = await self._carrier.hear()
        if packet.startswith("41"):
            raise Ended
        fields: Fields = msgspec.json.decode(packet[2:])[1]
        return fields

    async def next(self) -> Fields:
        """The next event or gap."""
        while not self._waiting:
            self._take(await self._carrier.hear())
        fields = self._waiting.popleft()
        self.recovery_token = fields.pop("\0token", self.recovery_token)
        return self._told(fields)

    def stall(self) -> None:
        """Read nothing, ask nothing from now on."""
        self._carrier.stall()

    def resume(self) -> None:
        """Read again."""
        self._carrier.resume()

    async def cut(self) -> None:
        """Be gone without a word."""
        await self._carrier.cut()

    async def close(self) -> None:
        """Leave as Engine.IO has it."""
        await self._carrier.close()


class _WebSocket:
    """Engine.IO on a WebSocket: a packet a frame."""

    def __init__(self, address: Address, target: str, headers: Mapping[str, str], receive_buffer: int | None) -> None:
        self._address = address
        self._target = target
        self._headers = headers
        self._receive_buffer = receive_buffer
        self._connection: ClientConnection | None = None

    @property
    def _open(self) -> ClientConnection:
        if self._connection is None:
            raise RuntimeError("subscribe first")
        return self._connection

    async def open(self) -> None:
        try:
            self._connection = await connect(
                self._address.ws(self._target),
                sock=await connected(self._address, self._receive_buffer),
                compression=None,
                additional_headers=self._headers,
                proxy=None,
                ping_interval=None,
                max_size=None,
                max_queue=None,
            )
        except InvalidStatus as no:
            raise refusal(no.response.status_code, no.response.body or b"") from no
        await self.hear()

    async def send(self, packet: str) -> None:
        await self._open.send(packet)

    async def hear(self) -> str:
        while True:
            try:
                packet = await self._open.recv(decode=True)
            except ConnectionClosed as closed:
                raise Ended(closed.rcvd.code if closed.rcvd else None) from closed
            if packet == "2":
                await self._open.send("3")
            elif packet == "1":
                raise Ended
            elif packet != "6":
                return packet

    def stall(self) -> None:
        self._open.transport.pause_reading()

    def resume(self) -> None:
        self._open.transport.resume_reading()

    async def cut(self) -> None:
        self._open.transport.abort()
        await self._open.wait_closed()

    async def close(self) -> None:
        if self._connection is not None:
            if not self._connection.transport.is_closing():
                self._connection.transport.resume_reading()
            await self._connection.close()


class _Polls:
    """Engine.IO by polling: packets separated by 0x1E, one GET at a time."""

    def __init__(self, address: Address, target: str, headers: Mapping[str, str]) -> None:
        self._address = address
        self._target = target
        self._headers = headers
        self._packets: deque[str] = deque()
        self._going = asyncio.Event()
        self._going.set()
        self._alive = False

    async def open(self) -> None:
        body = await self._request("GET")
        handshake: dict[str, Any] = msgspec.json.decode(body[1:])  # Any: JSON
        self._target += f"&sid={handshake['sid']}"
        self._alive = True

    async def _request(self, method: str, body: bytes = b"") -> bytes:
        try:
            answer = await fetch(self._address, method, self._target, body=body, headers=self._headers)
        except (OSError, EOFError) as error:
            raise Ended from error
        if answer.status != 200:
            self._alive = False
            raise refusal(answer.status, answer.body)
        return answer.body

    async def send(self, packet: str) -> None:
        await self._request("POST", packet.encode())

    async def hear(self) -> str:
        while True:
            await self._going.wait()
            while not self._packets:
                if not self._alive:
                    raise Ended
                self._packets.extend((await self._request("GET")).decode().split("\x1e"))
                await self._going.wait()
            packet = self._packets.popleft()
            if packet == "2":
                await self.send("3")
            elif packet == "1":
                self._alive = False
            elif packet != "6":
                return packet

    def stall(self) -> None:
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    async def cut(self) -> None:
        if self._alive:
            self._alive = False
            self._packets.clear()
            # A poll that breaks off ends its session, unless events were just answering it: then the next one does.
            with contextlib.suppress(Refused, Ended):
                while True:
                    wire = await Wire.open(self._address)
                    await wire.ask("GET", self._address.root + self._target, self._headers)
                    await wire.abort()
                    await self.send("6")

    async def close(self) -> None:
        if self._alive:
            self._alive = False
            try:
                await self.send("1")
            except (Ended, Refused):
                # The server was first.
                return
