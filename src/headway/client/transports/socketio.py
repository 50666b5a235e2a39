"""Socket.IO v5 on Engine.IO v4, over a WebSocket; the client's side of as much of it as following one channel takes.

    server  0{"sid", "pingInterval", "pingTimeout", …}      client  40{"token"?}
    server  40{"sid"} | 44{"message", "data"?}              client  420["subscribe",{"channel","since"?}]
    server  430[{"type":"subscribed", …}]                   42["progress",{…}] per event
    server  2                                               client  3

The connection's state is our position; the recovery of Socket.IO itself is declined, so the server keeps no record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from headway.client.address import Address
from headway.client.endings import Ended, answered, failed, refused
from headway.client.transports.interface import CONNECT_SECONDS, Fields
from headway.codes import Advice

__all__ = ["SocketIO"]

_QUERY: Final = {"EIO": "4", "transport": "websocket", "recovery": "0"}


class SocketIO:
    """For servers and networks that are known to let Socket.IO through."""

    name = "socketio"

    def __init__(self, address: Address, token: str | None) -> None:
        self._url = address.ws("/socket.io/", _QUERY)
        self._auth = {} if token is None else {"token": token}

    async def messages(self, channel: str, since: str | None) -> AsyncGenerator[Fields, None]:
        """See `Transport`."""
        try:
            # The server pings; a ping of the library's own would only be a second one. The bounds are those of
            # `websocket`.
            async with connect(
                self._url, open_timeout=CONNECT_SECONDS, close_timeout=1.0, ping_interval=None, max_size=None
            ) as connection:
                wire = _Wire(connection)
                await wire.join(self._auth)
                await wire.send(
                    "420", ["subscribe", {"channel": channel, **({} if since is None else {"since": since})}]
                )
                while True:
                    fields = _told(*await wire.packet())
                    if fields is not None:
                        yield fields
        except ConnectionClosed as end:
            # Engine.IO ends every session alike; whoever is not wanted was told so before.
            reason = "the connection broke" if end.rcvd is None else "the server hung up"
            raise Ended(reason) from end
        except InvalidStatus as refusal:
            response = refusal.response
            raise answered(response.status_code, response.body or b"", response.headers.get("Retry-After")) from refusal
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise failed(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise Ended("the server said something that is no Socket.IO") from error


class _Wire:
    """Engine.IO below: packets in and out, pings answered, silence noticed."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._silence = CONNECT_SECONDS

    async def join(self, auth: dict[str, str]) -> None:
        """Take part in the namespace `/`. Raises `Ended` where the server does not want that."""
        opened = msgspec.json.decode((await self._receive())[1:])
        self._silence = (opened["pingInterval"] + opened["pingTimeout"]) / 1000
        await self.send("40", auth)
        kind, payload = await self.packet()
        if kind == "4":
            raise refused(payload.get("data") or {"message": payload.get("message"), "code": "forbidden"})

    async def send(self, head: str, payload: object) -> None:
        """Send a packet with a payload."""
        await self._connection.send(head + msgspec.json.encode(payload).decode())

    async def packet(self) -> tuple[str, Any]:  # Any: JSON
        """The next Socket.IO packet: its kind and payload."""
        while True:
            text = await self._receive()
            match text[:1]:
                case "2":
                    await self._connection.send("3")
                case "4":
                    body = text[2:].lstrip("0123456789")
                    return text[1], msgspec.json.decode(body) if body else None
                case "1":
                    raise Ended("the server hung up")

    async def _receive(self) -> str:
        async with asyncio.timeout(self._silence):
            return (await self._connection.recv(decode=False)).decode()


def _told(kind: str, payload: Any) -> Fields | None:  # Any: JSON
    """What a packet tells, as a message of the native protocol; None where it tells nothing."""
    match kind:
        case "1":
            raise Ended("the token is not accepted any more", Advice.RENEW)
        case "2":
            fields: Fields = {**payload[1], "type": payload[0]}
        case "3":
            fields = payload[0]
        case _:
            return None
    if fields["type"] in ("error", "auth_failed"):
        raise refused(fields)
    return fields
