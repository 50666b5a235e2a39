"""The native protocol on a WebSocket."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from headway.client.doctor.inbox import Inbox
from headway.client.doctor.lines.interface import Tools, answerer, answers_whole, refusal, trouble_of
from headway.client.doctor.observed import Failed, Kind, Notes, Stage
from headway.client.transports.interface import Fields, bearer

__all__ = ["ERRORS", "Socket", "WebSocketLine"]

ERRORS: Final = (OSError, TimeoutError, EOFError, WebSocketException, InvalidHandshake)
"""What a WebSocket raises when the network, or a box in it, has its way."""
_CLOSE_SECONDS: Final = 0.5


class Socket:
    """A WebSocket of the library, whose failures are `Failed`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, tools: Tools, url: str, plain: str, headers: dict[str, str]) -> Socket:
        """Open one. `plain` is an address of the same kind whose answer ends: where that comes through and the upgrade
        is not answered, something holds it back."""
        # No ping of the library's own: it is the proxies' patience that is looked at. No bound, as the client has none.
        opening = connect(
            url,
            additional_headers=headers,
            open_timeout=tools.patience.answer,
            close_timeout=_CLOSE_SECONDS,
            ping_interval=None,
            max_size=None,
        )
        try:
            return cls(await opening)
        except ERRORS as error:
            trouble = trouble_of(error, Stage.OPEN)
        if trouble.kind is Kind.SILENT and await answers_whole(tools, plain):
            trouble = replace(trouble, kind=Kind.HELD)
        raise Failed(trouble)

    @property
    def notes(self) -> Notes:
        """What the answer to the handshake says."""
        response = self._connection.response
        headers = {} if response is None else {name.lower(): value for name, value in response.headers.raw_items()}
        return Notes(by=answerer(headers))

    async def receive(self) -> str:
        """The next message."""
        return (await self._connection.recv(decode=False)).decode()

    async def send(self, text: str) -> None:
        """Say something. A connection that has ended is noticed by who reads."""
        with suppress(*ERRORS):
            await self._connection.send(text)

    async def abort(self) -> None:
        """End it; nobody waits for a goodbye."""
        self._connection.transport.abort()
        await self._connection.wait_closed()


class WebSocketLine:
    """See `Line`."""

    def __init__(self, tools: Tools) -> None:
        self.inbox = Inbox(tools.clock)
        self.notes = Notes()
        self._tools = tools
        self._pings = count(1)
        self._socket: Socket | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        address = self._tools.address
        socket = self._socket = await Socket.open(
            self._tools, address.ws("/ws"), address.http("/ws"), bearer(self._tools.token)
        )
        self.notes = socket.notes
        self._reading = asyncio.create_task(self._read(socket))

    async def follow(self) -> None:
        await self._say({"type": "subscribe", "channel": self._tools.channel, "id": "doctor"})
        answer = await self.inbox.await_one(_answers_subscribe, self._tools.patience.answer, Stage.FOLLOW)
        if answer.message["type"] == "error":
            raise Failed(refusal(answer.message, Stage.FOLLOW))

    async def ping(self) -> bool:
        wanted = next(self._pings)
        await self._say({"type": "ping", "id": wanted})
        await self.inbox.await_one(
            lambda message: message["type"] == "pong" and message.get("id") == wanted,
            self._tools.patience.answer,
            Stage.PING,
        )
        return True

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._socket is not None:
            await self._socket.abort()

    async def _say(self, message: Fields) -> None:
        assert self._socket is not None  # it is open
        await self._socket.send(msgspec.json.encode(message).decode())

    async def _read(self, socket: Socket) -> None:
        try:
            while True:
                message = msgspec.json.decode(await socket.receive())
                self.inbox.put({**message, "type": str(message["type"])})
        except (*ERRORS, msgspec.DecodeError, LookupError, TypeError, ValueError) as error:
            self.inbox.end(trouble_of(error, Stage.OPEN))


def _answers_subscribe(message: Fields) -> bool:
    return message["type"] == "subscribed" or (message["type"] == "error" and message.get("id") == "doctor")
