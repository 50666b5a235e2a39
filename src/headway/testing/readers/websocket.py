"""A reader of the native protocol on a raw WebSocket."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from headway.testing.readers.face import Beginning, Ended, Face, Fields, Refused, refusal
from headway.testing.readers.http import connected
from headway.testing.serving import Address

__all__ = ["WebSocketReader"]

_ANSWERS: Final = frozenset(
    {"subscribed", "unsubscribed", "published", "pong", "error", "auth_success", "auth_failed", "reconnect"}
)
"""Messages of the native protocol that are no events."""


class WebSocketReader(Face):
    """The native protocol. Unless told otherwise: JSON, no compression, no batches."""

    def __init__(
        self,
        address: Address,
        *,
        path: str = "/ws",
        msgpack: bool = False,
        deflate: bool = False,
        batch: bool | int = False,
        acknowledge: bool = False,
        token: str | None = None,
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        super().__init__()
        self._address = address
        asked = {**(query or {}), **({"token": token} if token is not None else {})}
        self._path = path + (f"?{urlencode(asked)}" if asked else "")
        self._headers = dict(headers or {})
        self._msgpack = msgpack
        self._deflate = deflate
        self._options: Fields = {**({"batch": batch} if batch else {}), **({"ack": True} if acknowledge else {})}
        self._origin = origin
        self._receive_buffer = receive_buffer
        self._connection: ClientConnection | None = None
        self._waiting: deque[Fields] = deque()
        self._retry: int | None = None

    @property
    def connection(self) -> ClientConnection:
        """The connection itself, for saying what no decent client says."""
        if self._connection is None:
            raise RuntimeError("subscribe or connect first")
        return self._connection

    async def connect(self) -> None:
        """Connect without subscribing. Raises `Refused`."""
        try:
            self._connection = await connect(
                self._address.ws(self._path),
                sock=await connected(self._address, self._receive_buffer),
                compression="deflate" if self._deflate else None,
                subprotocols=[Subprotocol("headway.msgpack")] if self._msgpack else None,
                origin=Origin(self._origin) if self._origin is not None else None,
                additional_headers=self._headers,
                proxy=None,
                ping_interval=None,
                max_size=None,
                max_queue=None,
            )
        except InvalidStatus as no:
            raise refusal(no.response.status_code, no.response.body or b"") from no

    async def subscribe(self, channel: str, since: str | None = None) -> Beginning:
        """Follow a channel. Raises `Refused`, `Ended`."""
        place = {} if since is None else {"since": since}
        answer = await self.ask({"type": "subscribe", "channel": channel, **self._options, **place})
        self._told(answer)
        return Beginning(answer["position"], answer["recovered"], answer.get("snapshot"))

    async def unsubscribe(self, channel: str) -> None:
        """Follow the channel no more. Raises `Refused`, `Ended`."""
        await self.ask({"type": "unsubscribe", "channel": channel})

    async def ask(self, fields: Fields) -> Fields:
        """Say something and return the answer; events that come before it are kept for `next`. Raises `Refused`,
        `Ended`."""
        await self.say(fields)
        while True:
            message = await self.hear()
            match message["type"]:
                case "error":
                    raise Refused(message["code"], message["message"])
                case "batch":
                    self._waiting.extend(message["messages"])
                case "reconnect":
                    pass  # nobody asked for it, and the end that it announces follows
                case kind if kind in _ANSWERS:
                    return message
                case _:
                    self._waiting.append(message)

    async def say(self, fields: object) -> None:
        """Send one message. Raises `Refused`, `Ended`."""
        if self._connection is None:
            await self.connect()
        encode = msgspec.msgpack.encode if self._msgpack else msgspec.json.encode
        data = encode(fields)
        try:
            await self.connection.send(data if self._msgpack else data.decode())
        except ConnectionClosed as closed:
            raise self._end(closed) from closed

    async def hear(self) -> Fields:
        """The next message, whatever it is. Raises `Ended`."""
        try:
            data = await self.connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise self._end(closed) from closed
        message: Fields = (msgspec.msgpack.decode if self._msgpack else msgspec.json.decode)(data)
        if message["type"] == "reconnect":
            self._retry = message["retry"]
        return message

    def _end(self, closed: ConnectionClosed) -> Ended:
        return Ended(closed.rcvd.code if closed.rcvd else None, self._retry)

    async def next(self) -> Fields:
        """The next event or gap."""
        while not self._waiting:
            message = await self.hear()
            match message["type"]:
                case "batch":
                    self._waiting.extend(message["messages"])
                case "error":
                    raise Refused(message["code"], message["message"])
                case kind if kind not in _ANSWERS:
                    self._waiting.append(message)
        return self._told(self._waiting.popleft())

    def stall(self) -> None:
        """Read nothing from the socket from now on."""
        self.connection.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self.connection.transport.resume_reading()

    async def cut(self) -> None:
        """Be gone without a word."""
        self.connection.transport.abort()
        await self.connection.wait_closed()

    async def close(self) -> None:
        """Close with 1000; a stalled socket would wait for the answer in vain, so it reads again."""
        if self._connection is not None:
            if not self._connection.transport.is_closing():
                self._connection.transport.resume_reading()
            await self._connection.close()
